"""What becomes of an event: one function of the composition root, given to pollers and webhooks alike."""

import asyncio
from collections.abc import Awaitable, Callable

from maskarad.values import Event

Handle = Callable[[Event], Awaitable[None]]
"""Returns only when the event is stored, so that Telegram may forget it. Raises DatabaseUnavailable when it is not."""


def bounded(handle: Handle, concurrent_updates: int) -> Handle:
    """`handle`, at most `concurrent_updates` at once; the others wait, first come, first served."""
    places = asyncio.Semaphore(concurrent_updates)

    async def handle_in_turn(event: Event) -> None:
        async with places:
            await handle(event)

    return handle_in_turn
