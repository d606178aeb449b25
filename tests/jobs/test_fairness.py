import asyncio

import pytest

from maskarad.jobs.fairness import FairPlaces, FairQueue
from tests.support.until import until

CROWDED, QUIET, THIRD = 1, 2, 3


def taken(queue: FairQueue[int]) -> list[tuple[int, int]]:
    found = []
    while (each := queue.take()) is not None:
        found.append(each)
    return found


def test_bots_have_their_turns_whoever_has_come_first() -> None:
    queue: FairQueue[int] = FairQueue(20, room=100)
    for thing in range(4):
        assert queue.put(CROWDED, thing)
    queue.put(QUIET, 10)
    queue.put(THIRD, 20)
    queue.put(QUIET, 11)
    assert taken(queue) == [(1, 0), (2, 10), (3, 20), (1, 1), (2, 11), (1, 2), (1, 3)]


def test_a_crowd_leaves_a_place_for_whoever_comes_next() -> None:
    queue: FairQueue[int] = FairQueue(100, room=1_000)
    for thing in range(500):
        queue.put(CROWDED, thing)
    assert len(taken(queue)) == 90
    queue.put(QUIET, 1_000)
    assert taken(queue) == [(QUIET, 1_000)]
    assert len(queue) == 410


def test_also_many_crowds_together_leave_one() -> None:
    queue: FairQueue[int] = FairQueue(100, room=10_000)
    for bot_id in range(1, 8):
        for thing in range(500):
            queue.put(bot_id, 1_000 * bot_id + thing)
    held = taken(queue)
    assert 90 < len(held) < 100
    counts = [sum(bot_id == each for bot_id, _ in held) for each in range(1, 8)]
    assert max(counts) - min(counts) <= 1
    queue.put(99, 1)
    assert taken(queue) == [(99, 1)]


@pytest.mark.parametrize("places", [1, 2, 3, 9])
def test_of_few_places_one_bot_may_have_all_but_one(places: int) -> None:
    queue: FairQueue[int] = FairQueue(places, room=100)
    for thing in range(50):
        queue.put(CROWDED, thing)
    assert len(taken(queue)) == places
    queue.give_back(CROWDED)
    assert queue.take() == (CROWDED, places)


def test_a_place_given_back_goes_to_whom_it_is_due() -> None:
    queue: FairQueue[int] = FairQueue(1, room=100)
    queue.put(CROWDED, 1)
    queue.put(CROWDED, 2)
    assert taken(queue) == [(CROWDED, 1)]
    queue.put(QUIET, 3)
    queue.put(CROWDED, 4)
    queue.give_back(CROWDED)
    # The crowded bot was waiting before the quiet one came; then it is the other's turn.
    assert taken(queue) == [(CROWDED, 2)]
    queue.give_back(CROWDED)
    assert taken(queue) == [(QUIET, 3)]


def test_without_room_the_longest_line_loses_its_newest() -> None:
    queue: FairQueue[int] = FairQueue(1, room=3)
    assert queue.put(CROWDED, 1)
    assert queue.put(CROWDED, 2)
    assert queue.put(CROWDED, 3)
    assert not queue.put(QUIET, 10)
    assert (CROWDED, 3) not in queue
    assert (QUIET, 10) in queue
    assert not queue.put(CROWDED, 4)
    assert (CROWDED, 4) not in queue
    assert len(queue) == 3


def test_nothing_waits_twice() -> None:
    queue: FairQueue[int] = FairQueue(5, room=3)
    for _ in range(10):
        assert queue.put(CROWDED, 1)
    assert taken(queue) == [(CROWDED, 1)]


async def test_places_are_given_out_in_turn_and_given_back_early() -> None:
    places, order, goes_on, ends = FairPlaces(1), list[str](), asyncio.Event(), asyncio.Event()

    async def think(bot_id: int, name: str) -> None:
        async with places.taken(bot_id) as place:
            order.append(name)
            await goes_on.wait()
            place.give_back()
            await ends.wait()

    tasks = [asyncio.create_task(think(CROWDED, f"crowded {number}")) for number in range(3)]
    tasks.append(asyncio.create_task(think(QUIET, "quiet")))
    await asyncio.sleep(0)
    goes_on.set()
    await until(lambda: len(order) == 4)
    assert order == ["crowded 0", "crowded 1", "quiet", "crowded 2"]
    ends.set()
    await asyncio.gather(*tasks)


async def test_whoever_is_cancelled_while_waiting_or_holding_leaves_nothing_taken() -> None:
    places = FairPlaces(1)

    async def hold() -> None:
        async with places.taken(CROWDED):
            await asyncio.Event().wait()

    holder, waiter = asyncio.create_task(hold()), asyncio.create_task(hold())
    await asyncio.sleep(0)
    waiter.cancel()
    await asyncio.gather(waiter, return_exceptions=True)
    # Its place comes in the very moment in which this one is cancelled.
    unlucky = asyncio.create_task(hold())
    await asyncio.sleep(0)
    holder.cancel()
    await asyncio.sleep(0)
    unlucky.cancel()
    await asyncio.gather(holder, unlucky, return_exceptions=True)
    async with asyncio.timeout(5), places.taken(QUIET):
        pass


async def test_after_the_close_nobody_gets_a_place() -> None:
    places = FairPlaces(1)

    async def hold() -> None:
        async with places.taken(CROWDED):
            await asyncio.Event().wait()

    holder, waiter = asyncio.create_task(hold()), asyncio.create_task(hold())
    await asyncio.sleep(0)
    places.close()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    with pytest.raises(asyncio.CancelledError):
        async with places.taken(QUIET):
            raise AssertionError("it was let in")
    assert not holder.done()
    holder.cancel()
    await asyncio.gather(holder, return_exceptions=True)
