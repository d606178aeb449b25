"""A job that one process does for all is done once in each of its slots, however many schedulers there are."""

import asyncio

import pytest
from sqlalchemy import Connection, func, select

from maskarad.db.engine import Database
from maskarad.db.tables import job_slots
from maskarad.jobs.cleanup import SLOTS_KEPT, forget_slots
from maskarad.jobs.slots import once_a_slot
from maskarad.jobs.tasks import Task
from tests.support.clock import FakeClock
from tests.support.databases import OpenDatabase

TEA = Task(name="tea", interval=60.0, is_shared=True)
WASHING_UP = Task(name="washing up", interval=60.0, is_shared=True)


class Job:
    def __init__(self) -> None:
        self.runs = 0

    async def __call__(self) -> None:
        self.runs += 1


async def test_two_schedulers_run_each_slot_once(open_again: OpenDatabase, clock: FakeClock) -> None:
    job = Job()
    schedulers = [once_a_slot(open_again(), TEA, job, clock=clock) for _ in range(2)]
    for slot in range(1, 4):
        await asyncio.gather(*(each() for each in schedulers for _ in range(5)))
        assert job.runs == slot
        clock.advance(TEA.interval)


async def test_a_scheduler_a_minute_ahead_takes_no_slot_twice(database: Database, clock: FakeClock) -> None:
    job = Job()
    behind = once_a_slot(database, TEA, job, clock=clock)
    ahead = once_a_slot(database, TEA, job, clock=lambda: clock() + 60.0)
    for _ in range(4):
        await ahead()
        await behind()
        clock.advance(TEA.interval)
    # Of the slots from the first to the one ahead of the last each was run once.
    assert job.runs == 5


async def test_jobs_have_slots_of_their_own(database: Database, clock: FakeClock) -> None:
    tea, washing_up = Job(), Job()
    await once_a_slot(database, TEA, tea, clock=clock)()
    await once_a_slot(database, WASHING_UP, washing_up, clock=clock)()
    assert (tea.runs, washing_up.runs) == (1, 1)


async def test_a_run_that_fails_fails_for_its_slot(database: Database, clock: FakeClock) -> None:
    async def break_a_cup() -> None:
        raise ValueError("a cup is broken")

    run = once_a_slot(database, TEA, break_a_cup, clock=clock)
    with pytest.raises(ValueError, match="cup"):
        await run()
    await run()
    clock.advance(TEA.interval)
    with pytest.raises(ValueError, match="cup"):
        await run()


async def test_old_slots_are_forgotten(database: Database, clock: FakeClock) -> None:
    for _ in range(3):
        await once_a_slot(database, TEA, Job(), clock=clock)()
        clock.advance(TEA.interval)
    clock.advance(SLOTS_KEPT - 2 * TEA.interval)
    await database.write(lambda connection: forget_slots(connection, clock(), 100))

    def kept(connection: Connection) -> int:
        return connection.execute(select(func.count()).select_from(job_slots)).scalar_one()

    assert await database.read(kept) == 2
