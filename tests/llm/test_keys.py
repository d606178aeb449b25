from maskarad.llm.keys import KeyRing, Turn


def test_rotation_skips_what_rests() -> None:
    ring = KeyRing(3)
    ring.rest(1, "m", until=50, reason="unauthorized", now=0)
    assert [ring.next("m", 10).key for _ in range(4)] == [0, 2, 0, 2]


def test_when_all_rest_the_first_to_be_free_and_its_wait() -> None:
    ring = KeyRing(2)
    ring.rest(0, "m", until=50, reason="no_credit", now=0)
    ring.rest(1, "m", until=30, reason="rate_limited", now=0)
    assert ring.next("m", 10) == Turn(key=1, wait=20, reason="rate_limited")


def test_a_key_rests_for_one_model_only() -> None:
    ring = KeyRing(1)
    ring.rest(0, "paid", until=50, reason="no_credit", now=0)
    assert ring.next("free", 10) == Turn(key=0)


def test_rest_ends() -> None:
    ring = KeyRing(1)
    ring.rest(0, "m", until=50, reason="rate_limited", now=0)
    assert ring.next("m", 50) == Turn(key=0)
