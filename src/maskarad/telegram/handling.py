"""What becomes of an event: one function of the composition root, given to pollers and webhooks alike."""

import asyncio
from collections.abc import Awaitable, Callable

from maskarad.values import Event

Handle = Callable[[Event], Awaitable[None]]
"""Returns only when the event is stored, so that Telegram may forget it. Raises DatabaseUnavailable when it is not."""

TRIES_PER_UPDATE = 3
"""An update that fails so often for a reason of ours is given up, or it would come, and hold up others, for ever."""

UPDATES_REMEMBERED = 1_000


class Tries:
    """How often updates failed; beyond `UPDATES_REMEMBERED` the longest known are forgotten."""

    def __init__(self) -> None:
        self._failures: dict[tuple[int, int], int] = {}

    def failed(self, bot_id: int, update_id: int) -> bool:
        """Count one failure; whether the update is to be given up."""
        key = (bot_id, update_id)
        self._failures[key] = failures = self._failures.get(key, 0) + 1
        if len(self._failures) > UPDATES_REMEMBERED:
            del self._failures[next(iter(self._failures))]
        return failures >= TRIES_PER_UPDATE


def bounded(handle: Handle, concurrent_updates: int) -> Handle:
    """`handle`, at most `concurrent_updates` at once; the others wait, first come, first served."""
    places = asyncio.Semaphore(concurrent_updates)

    async def handle_in_turn(event: Event) -> None:
        async with places:
            await handle(event)

    return handle_in_turn
