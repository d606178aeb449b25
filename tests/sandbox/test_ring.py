"""Numbered records: bounded, read from any number on."""

from maskarad.sandbox.ring import Ring


async def test_a_ring_keeps_the_last_items_and_their_numbers() -> None:
    ring: Ring[int] = Ring(3, start=10)
    for item in range(5):
        assert ring.append(item) == 11 + item
    assert ring.after(0) == [2, 3, 4]
    assert ring.after(13) == [3, 4]
    assert ring.after(13, limit=1) == [3]
    assert ring.after(99) == []
    ring.clear()
    assert (ring.after(0), ring.append(7), ring.after(0)) == ([], 16, [7])
    assert await ring.wait_after(16, 0.01) == []
