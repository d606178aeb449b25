"""What becomes of an event: one function of the composition root, given to pollers and webhooks alike."""

import asyncio
from collections.abc import Awaitable, Callable

from maskarad.errors import IntakeFull, MaskaradError
from maskarad.values import Event

Handle = Callable[[Event], Awaitable[None]]
"""Returns only when the event is stored, or put aside, so that Telegram may forget it. Raises DatabaseUnavailable,
IntakeFull or UpdateFailed when it is not."""

MOST_WAITING = 2_000
"""Updates that wait for a place in one process; Telegram keeps the others."""


class UpdateFailed(MaskaradError):
    """An update was not handled, for a fault of ours; Telegram is to deliver it again."""


def bounded(handle: Handle, concurrent_updates: int, most_waiting: int = MOST_WAITING) -> Handle:
    """`handle`, at most `concurrent_updates` at once; others wait, first come, first served. Raises IntakeFull when
    `most_waiting` do so already."""
    places = asyncio.Semaphore(concurrent_updates)
    waiting = 0

    async def handle_in_turn(event: Event) -> None:
        nonlocal waiting
        if waiting >= most_waiting:
            raise IntakeFull("too many updates wait for a place in this process")
        waiting += 1
        try:
            await places.acquire()
        finally:
            waiting -= 1
        try:
            await handle(event)
        finally:
            places.release()

    return handle_in_turn
