"""What is done again and again while the platform runs."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from maskarad.errors import DatabaseUnavailable
from maskarad.jobs.tasks import Task
from maskarad.metrics import TaskMeter

log = structlog.get_logger()


Sleep = Callable[[float], Awaitable[None]]


async def every(
    task: Task,
    job: Callable[[], Awaitable[object]],
    *,
    meter: TaskMeter,
    clock: Callable[[], float],
    sleep: Sleep = asyncio.sleep,
) -> None:
    """Run `job` at the task's intervals until cancelled. A failure is logged, once for a row of them; the next run is a
    new chance."""
    loop = asyncio.get_running_loop()
    await sleep(task.first_after)
    failing = False
    while True:
        began = loop.time()
        result = "ok"
        try:
            await job()
        except DatabaseUnavailable as error:
            result = "database_away"
            meter.failed(error)
            if not failing:
                log.warning("periodic_job_waits_for_database", job=task.name, error=str(error))
        except Exception as error:
            result = "failed"
            meter.failed(error)
            if not failing:
                log.exception("periodic_job_failed", job=task.name)
        failing = result != "ok"
        meter.ran(result, at=clock(), seconds=loop.time() - began)
        await sleep(task.interval)


async def whenever(told: asyncio.Event, job: Callable[[], Awaitable[object]], name: str) -> None:
    """Run `job` when `told` is set, once for all who set it meanwhile; until cancelled. What fails is left to the next
    time."""
    while True:
        await told.wait()
        told.clear()
        try:
            await job()
        except DatabaseUnavailable as error:
            log.warning("job_waits_for_database", job=name, error=str(error))
        except Exception:
            log.exception("job_failed", job=name)


async def once(job: Callable[[], Awaitable[object]], *, meter: TaskMeter, clock: Callable[[], float]) -> None:
    """Run `job` now, and count it as a background task. What it raises is its caller's."""
    loop = asyncio.get_running_loop()
    began, result = loop.time(), "failed"
    try:
        await job()
        result = "ok"
    finally:
        meter.ran(result, at=clock(), seconds=loop.time() - began)
