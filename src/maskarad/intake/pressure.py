"""When answers are slower than questions, Telegram keeps the questions: what people say to bots for which too much
waits already is taken in more slowly, and never into memory faster than into rows. While a chat's words wait, all that
comes from it does, so that no "forget me" is done before the words are stored that it is to forget."""

import asyncio
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping

import structlog

from maskarad.errors import IntakeFull
from maskarad.metrics import Metrics
from maskarad.values import Event, Incoming, Migration

log = structlog.get_logger()

HOLD = 2.0
"""Seconds that a message waits. A poll's batch of 100 then takes so much longer; Telegram waits far longer than that
for a webhook's answer."""

LET_IN = 10.0
"""Seconds in which a chat that has waited does not wait again: its link is due already, so more of it makes nothing
worse, and a batch of one chat's messages is not to take a hundred times as long."""

MOST_HELD = 2_000
"""Updates that wait in this process at once; Telegram keeps the others."""

MOST_CHATS = 10_000

Handle = Callable[[Event], Awaitable[None]]
Sleep = Callable[[float], Awaitable[None]]

_Place = tuple[int, int]
"""A bot and a chat."""


class _Line:
    """What waits of one chat, and what of it is in work."""

    def __init__(self, place: _Place, *, opens_at: float) -> None:
        self.place = place
        self.opens_at = opens_at
        self.turn = asyncio.Lock()
        """Taken first come, first served."""
        self.length = 0


class Pressure:
    """`count` gives by bot how many links wait, counting so many at most. Above `most` of all, bots with more than
    their share of it are slowed; above `most_per_bot`, that bot."""

    def __init__(
        self,
        count: Callable[[int], Awaitable[Mapping[int, int]]],
        *,
        most: int,
        most_per_bot: int,
        metrics: Metrics,
        sleep: Sleep = asyncio.sleep,
        clock: Callable[[], float],
    ) -> None:
        """`clock` never goes back."""
        self._count = count
        self._most = most
        self._most_per_bot = most_per_bot
        self._sleep = sleep
        self._clock = clock
        self._crowded: frozenset[int] = frozenset()
        self._held = 0
        self._lines: dict[_Place, _Line] = {}
        self._let_in: OrderedDict[_Place, float] = OrderedDict()
        self._shown = metrics.backlog.set
        self._shown_bots = metrics.crowded_bots.set
        self._slowed = metrics.slowed_updates.inc

    async def look(self) -> None:
        """To be done every few seconds. Raises DatabaseUnavailable."""
        waiting = await self._count(self._most + 1)
        links = sum(waiting.values())
        crowded = self._crowded_of(waiting, links)
        if bool(crowded) is not bool(self._crowded):
            log.warning("intake_slowed" if crowded else "intake_at_full_speed", links=links, bots=len(crowded))
        self._crowded = crowded
        self._shown(links)
        self._shown_bots(len(crowded))

    def _crowded_of(self, waiting: Mapping[int, int], links: int) -> frozenset[int]:
        most = self._most_per_bot
        if links > self._most:
            most = min(most, self._most // len(waiting))
        return frozenset(bot_id for bot_id, count in waiting.items() if count > most)

    def slowed(self, handle: Handle) -> Handle:
        """`handle`, later for what people say to a bot for which too much waits, and for all that comes from the same
        chat until that is handled: one after the other, in the order in which it came. All else goes on at once.
        Raises IntakeFull when too much waits here already."""

        async def handle_in_time(event: Event) -> None:
            line = self._line(event)
            if line is None:
                await handle(event)
            else:
                await self._handle_in(line, event, handle)

        return handle_in_time

    def _line(self, event: Event) -> _Line | None:
        """In which it has to wait, because its chat waits already or because it begins to. Raises IntakeFull."""
        place = event.bot_id, _chat_id(event)
        line = self._lines.get(place)
        if line is None and not self._begins_to_wait(event, place):
            return None
        if self._held >= MOST_HELD:
            raise IntakeFull("too many updates wait in this process")
        return self._begin_line(place) if line is None else line

    def _begins_to_wait(self, event: Event, place: _Place) -> bool:
        is_slowed = event.bot_id in self._crowded and isinstance(event, Incoming) and _is_said(event)
        return is_slowed and self._clock() > self._let_in.get(place, -math.inf)

    def _begin_line(self, place: _Place) -> _Line:
        line = self._lines[place] = _Line(place, opens_at=self._clock() + HOLD)
        self._let_in[place] = line.opens_at + LET_IN
        self._let_in.move_to_end(place)
        if len(self._let_in) > MOST_CHATS:
            self._let_in.popitem(last=False)
        return line

    async def _handle_in(self, line: _Line, event: Event, handle: Handle) -> None:
        self._held += 1
        line.length += 1
        self._slowed()
        try:
            async with line.turn:
                seconds = line.opens_at - self._clock()
                if seconds > 0:
                    await self._sleep(seconds)
                await handle(event)
        finally:
            self._held -= 1
            line.length -= 1
            if not line.length:
                del self._lines[line.place]


def _is_said(message: Incoming) -> bool:
    """Whether it may ask a persona for an answer; in a group that is known only when the message is stored."""
    return message.command is None and not message.edited


def _chat_id(event: Event) -> int:
    return event.old_chat_id if isinstance(event, Migration) else event.chat.id
