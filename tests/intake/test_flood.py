"""Who asks too fast."""

from maskarad.intake.flood import Floods, held_back
from maskarad.values import Decision, PartDraft, PartKind, Verdict
from tests.support.remarks import known
from tests.support.rows import NOW

REMARK = PartDraft(kind=PartKind.TEXT, text="slower!")
CALLED = Decision(verdict=Verdict.ANSWER, reason="named", features={"called": 1.0})


def test_one_too_many_in_half_a_minute_is_too_fast_until_the_rate_falls() -> None:
    floods = Floods(most=8, seconds=30.0)
    assert [floods.asks(1, -1, 5, NOW + second) for second in range(10)] == 8 * [False] + 2 * [True]
    assert floods.asks(1, -1, 5, NOW + 20)
    assert not floods.asks(1, -1, 5, NOW + 60)


def test_people_chats_and_bots_are_counted_apart() -> None:
    floods = Floods(most=2, seconds=30.0)
    for _ in range(2):
        assert not floods.asks(1, -1, 5, NOW)
    assert floods.asks(1, -1, 5, NOW)
    assert not floods.asks(1, -1, 6, NOW)
    assert not floods.asks(1, -2, 5, NOW)
    assert not floods.asks(2, -1, 5, NOW)


def test_a_chat_may_ask_three_times_as_much_and_one_who_floods_does_not_use_it_up() -> None:
    floods = Floods(most=2, seconds=30.0)
    for _ in range(50):
        floods.asks(1, -1, 5, NOW)
    others = [floods.asks(1, -1, person, NOW) for person in range(6, 12)]
    assert others == 4 * [False] + 2 * [True]


def test_they_are_told_once_in_ten_minutes_and_only_where_there_would_be_an_answer() -> None:
    first = held_back(CALLED, known(), REMARK, NOW)
    assert (first.verdict, first.reason, first.part) == (Verdict.LISTEN, "flood", REMARK)
    assert held_back(CALLED, known(flood_told_at=NOW - 599), REMARK, NOW).part is None
    assert held_back(CALLED, known(flood_told_at=NOW - 601), REMARK, NOW).part == REMARK
    silent = Decision(verdict=Verdict.LISTEN, reason="silent")
    assert held_back(silent, known(), REMARK, NOW) == silent
