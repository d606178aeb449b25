"""When answers are slower than questions, Telegram keeps the questions: what people say to bots for which too much
waits already is taken in more slowly, and never into memory faster than into rows."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping

import structlog

from maskarad.errors import DatabaseUnavailable
from maskarad.metrics import Metrics
from maskarad.values import Event, Incoming

log = structlog.get_logger()

HOLD = 2.0
"""Seconds that a message waits. A poll's batch of 100 then takes so much longer; Telegram waits far longer than that
for a webhook's answer."""

LET_IN = 10.0
"""Seconds in which a chat that has waited does not wait again: its link is due already, so more of it makes nothing
worse, and a batch of one chat's messages is not to take a hundred times as long."""

MOST_HELD = 2_000
"""Messages that wait in this process at once; Telegram keeps the others."""

MOST_CHATS = 10_000

Handle = Callable[[Event], Awaitable[None]]
Sleep = Callable[[float], Awaitable[None]]


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
        self._opening: OrderedDict[tuple[int, int], float] = OrderedDict()
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
        """`handle`, later for what people say to a bot for which too much waits. Buttons, commands and all else go on
        at once. Raises DatabaseUnavailable (Telegram is to keep the update) when too many wait here already."""

        async def handle_in_time(event: Event) -> None:
            if event.bot_id in self._crowded and isinstance(event, Incoming) and _is_said(event):
                await self._hold(event)
            await handle(event)

        return handle_in_time

    async def _hold(self, message: Incoming) -> None:
        seconds = self._open_at(message.bot_id, message.chat.id) - self._clock()
        if seconds <= 0:
            return
        if self._held >= MOST_HELD:
            raise DatabaseUnavailable("too many messages wait for answers")
        self._held += 1
        self._slowed()
        try:
            await self._sleep(seconds)
        finally:
            self._held -= 1

    def _open_at(self, bot_id: int, chat_id: int) -> float:
        """Whatever comes from a chat before this waits until then, so that it stays in its order."""
        key, now = (bot_id, chat_id), self._clock()
        open_at = self._opening.get(key)
        if open_at is None or now > open_at + LET_IN:
            open_at = self._opening[key] = now + HOLD
            self._opening.move_to_end(key)
            if len(self._opening) > MOST_CHATS:
                self._opening.popitem(last=False)
        return open_at


def _is_said(message: Incoming) -> bool:
    """Whether it may ask a persona for an answer; in a group that is known only when the message is stored."""
    return message.command is None and not message.edited
