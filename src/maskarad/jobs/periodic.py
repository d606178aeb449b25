"""What is done again and again while the platform runs."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from maskarad.errors import DatabaseUnavailable

log = structlog.get_logger()


async def every(interval: float, job: Callable[[], Awaitable[object]], *, name: str, first_after: float = 0.0) -> None:
    """Run `job` every `interval` seconds until cancelled. A failure is logged, once for a row of them; the next run
    is a new chance."""
    await asyncio.sleep(first_after)
    failing = False
    while True:
        try:
            await job()
            failing = False
        except DatabaseUnavailable as error:
            if not failing:
                log.warning("periodic_job_waits_for_database", job=name, error=str(error))
            failing = True
        except Exception:
            if not failing:
                log.exception("periodic_job_failed", job=name)
            failing = True
        await asyncio.sleep(interval)
