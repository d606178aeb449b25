"""Periodic jobs that one process does for all of them."""

from collections.abc import Awaitable, Callable
from functools import partial

from maskarad.db import slots
from maskarad.db.engine import Database
from maskarad.jobs.tasks import Task

Job = Callable[[], Awaitable[object]]


def once_a_slot(database: Database, task: Task, job: Job, *, clock: Callable[[], float]) -> Job:
    """`job`, run only where no other process has run it in this stretch of the task's interval. One that dies in it has
    run it: the next slot is a new chance. A slot is not held: a job that takes longer than its interval may be begun
    again by another process while it runs, and has to bear that step by step, as each of them bears a death between two
    steps. Raises what `job` raises, and DatabaseUnavailable."""

    async def run() -> None:
        now = clock()
        slot = int(now // task.interval)
        if await database.write(partial(slots.take, job=task.name, slot=slot, now=now)):
            await job()

    return run
