"""What becomes of an event: one function of the composition root, given to pollers and webhooks alike."""

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter

from maskarad.errors import DatabaseUnavailable, IntakeFull, MaskaradError
from maskarad.metrics import Metrics
from maskarad.values import Event, Incoming, Membership, Migration, Press, ReactionChange

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


def counted(handle: Handle, metrics: Metrics) -> Handle:
    """`handle`, with what becomes of each event counted and timed. To be the outermost: waiting for a place counts."""
    meter, presses = metrics.update, metrics.presses

    async def handle_counted(event: Event) -> None:
        kind, began = kind_of(event), perf_counter()
        if isinstance(event, Press):
            presses.begun((event.bot_id, event.callback_query_id))
        try:
            await handle(event)
        except (DatabaseUnavailable, IntakeFull) as error:
            meter.count(kind, "away")
            metrics.error(error)
            raise
        except UpdateFailed:  # what went wrong was counted where it was found
            meter.count(kind, "failed")
            raise
        meter.acknowledged(kind, perf_counter() - began)

    return handle_counted


def kind_of(event: Event) -> str:
    """The Bot API's name for the update that it was."""
    match event:
        case Incoming():
            return "edited_message" if event.edited else "message"
        case Migration():
            return "message"
        case Press():
            return "callback_query"
        case Membership():
            return "my_chat_member"
        case ReactionChange():
            return "message_reaction"
