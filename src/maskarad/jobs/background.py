"""All that goes on beside the work in one process: what is done at intervals, and what runs until the process ends."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from maskarad.db.engine import Database
from maskarad.jobs.periodic import Sleep, every
from maskarad.jobs.slots import Job, once_a_slot
from maskarad.jobs.tasks import Task
from maskarad.metrics import Metrics

log = structlog.get_logger()


class Background:
    """`is_alone`, to be set before the first job: no other process works on the database."""

    def __init__(self, database: Database, metrics: Metrics, *, clock: Callable[[], float], sleep: Sleep) -> None:
        self.is_alone = False
        self.sleep = sleep
        self._database = database
        self._metrics = metrics
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()

    def every(self, task: Task, job: Job) -> None:
        """From now on, at the task's intervals."""
        job, meter = self.once_a_slot(task, job), self._metrics.task(task.name)
        self.begin(every(task, job, meter=meter, clock=self._clock, sleep=self.sleep), task.name)

    def once_a_slot(self, task: Task, job: Job) -> Job:
        """What is done by one process for all, when there are others."""
        if self.is_alone or not task.is_shared:
            return job
        return once_a_slot(self._database, task, job, clock=self._clock)

    def begin(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """A fault that ends it is logged and counted."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._metrics.error(error)
            log.error("background_failed", task=task.get_name(), exc_info=error)
