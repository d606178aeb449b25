import asyncio
from collections import Counter
from collections.abc import Callable

from maskarad.errors import DatabaseUnavailable
from maskarad.jobs.wakeup import Wakeups
from tests.support.until import until

BOT, OTHER = 1, 2


class Work:
    """Begins when it is rung, ends when it is told to."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.ended: list[int] = []
        self.goes_on = asyncio.Event()
        self.next: dict[int, float] = {}
        self.fails: dict[int, Exception] = {}

    async def __call__(self, link_id: int, _bot_id: int) -> float | None:
        self.begun.append(link_id)
        await self.goes_on.wait()
        self.ended.append(link_id)
        if link_id in self.fails:
            raise self.fails.pop(link_id)
        return self.next.pop(link_id, None)

    def has_begun(self, *link_ids: int) -> Callable[[], bool]:
        return lambda: Counter(self.begun) == Counter(link_ids)


async def test_a_link_rung_again_and_again_is_worked_on_once_and_once_more() -> None:
    work = Work()
    wakeups = Wakeups(work, most=10)
    for _ in range(5):
        wakeups.ring(7, BOT)
    await until(work.has_begun(7))
    for _ in range(5):
        wakeups.ring(7, BOT)
    work.goes_on.set()
    await until(work.has_begun(7, 7))
    await until(lambda: len(wakeups) == 0)
    assert work.begun == [7, 7]


async def test_one_bots_crowd_does_not_hold_up_anothers_link() -> None:
    work = Work()
    wakeups = Wakeups(work, most=20)
    for link_id in range(1_000):
        wakeups.ring(link_id, BOT)
    await until(lambda: len(work.begun) == 18)
    wakeups.ring(5_000, OTHER)
    await until(lambda: 5_000 in work.begun)
    assert len(work.begun) == 19
    assert len(wakeups) == 1_001
    work.goes_on.set()
    await until(lambda: len(work.ended) == 1_001)


async def test_what_finds_no_room_is_told_of() -> None:
    work, dropped = Work(), list[None]()
    wakeups = Wakeups(work, most=1, room=3, dropped=lambda: dropped.append(None))
    for link_id in range(6):
        wakeups.ring(link_id, BOT)
    assert len(dropped) == 2
    for link_id in range(10, 15):
        wakeups.ring(link_id, BOT, 60.0)
    assert len(dropped) == 4
    work.goes_on.set()
    await until(work.has_begun(0, 1, 2, 3))
    await wakeups.close(1)


async def test_of_several_times_the_earliest_counts() -> None:
    work = Work()
    work.goes_on.set()
    wakeups = Wakeups(work, most=1)
    wakeups.ring(1, BOT, 60.0)
    wakeups.ring(1, BOT, 0.01)
    wakeups.ring(1, BOT, 30.0)
    await until(work.has_begun(1))
    await wakeups.close(1)


async def test_it_is_looked_at_again_when_the_work_says_so_or_failed_and_was_rung() -> None:
    work = Work()
    wakeups = Wakeups(work, most=2)
    work.next[1], work.fails[2] = 0.01, RuntimeError("a fault of ours")
    work.fails[3] = DatabaseUnavailable("away")
    for link_id in (1, 2, 3):
        wakeups.ring(link_id, BOT)
    await until(work.has_begun(1, 2))
    wakeups.ring(2, BOT)
    work.goes_on.set()
    await until(work.has_begun(1, 1, 2, 2, 3))
    await until(lambda: len(wakeups) == 0)


async def test_it_says_when_there_is_room_again() -> None:
    work = Work()
    wakeups = Wakeups(work, most=2)
    for link_id in range(3):
        wakeups.ring(link_id, BOT)
    waiting = [asyncio.create_task(wakeups.fewer_than(most)) for most in (3, 1)]
    await until(work.has_begun(0, 1))
    assert not any(task.done() for task in waiting)
    work.goes_on.set()
    async with asyncio.timeout(5):
        await asyncio.gather(*waiting)
    assert len(wakeups) == 0


async def test_the_close_lets_finish_what_runs_begins_nothing_and_ends_what_is_late() -> None:
    work = Work()
    wakeups = Wakeups(work, most=1)
    wakeups.ring(1, BOT)
    wakeups.ring(2, BOT)
    wakeups.ring(3, BOT, 0.001)
    await until(work.has_begun(1))
    closing = asyncio.create_task(wakeups.close(5))
    await asyncio.sleep(0)
    wakeups.ring(4, BOT)
    work.goes_on.set()
    await closing
    assert (work.begun, work.ended) == ([1], [1])
    late = Wakeups(Work(), most=1)
    late.ring(1, BOT)
    await asyncio.sleep(0)
    await late.close(0.01)
    assert len(late) == 0


async def test_what_the_close_leaves_behind_goes_elsewhere() -> None:
    work, elsewhere = Work(), list[tuple[int, int, float]]()
    wakeups = Wakeups(work, most=1, elsewhere=lambda *rung: elsewhere.append(rung))
    work.next[1] = 3.0
    wakeups.ring(1, BOT)
    wakeups.ring(2, OTHER)
    await until(work.has_begun(1))
    closing = asyncio.create_task(wakeups.close(5))
    await asyncio.sleep(0)
    wakeups.ring(3, BOT, 1.5)
    work.goes_on.set()
    await closing
    assert elsewhere == [(2, OTHER, 0.0), (3, BOT, 1.5), (1, BOT, 3.0)]
