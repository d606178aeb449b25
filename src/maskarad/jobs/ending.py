"""The end of a process, which nothing may hold up."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

log = structlog.get_logger()


async def ended_by(deadline: float, **steps: Coroutine[Any, Any, None]) -> None:
    """Returns when all steps have ended, or by `deadline` in the event loop's time; what is late then is cancelled and
    not waited for, as a hanging connection may not hear of that. What they raise is logged."""
    tasks = [asyncio.create_task(step, name=name) for name, step in steps.items()]
    try:
        done, late = await asyncio.wait(tasks, timeout=deadline - asyncio.get_running_loop().time())
    finally:
        for task in tasks:
            task.cancel()
    for task in done:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("stop_failed", step=task.get_name(), exc_info=error)
    for task in late:
        log.warning("stop_cut_short", step=task.get_name())
