"""Whoever asks for answers too fast gets one short remark, then silence until they slow down."""

from collections.abc import Callable
from typing import Protocol

from maskarad.recent import Recent
from maskarad.values import Decision, Incoming, LinkState, PartDraft, Verdict

REMARK_PAUSE = 600.0
"""Seconds in which a chat is told once."""

CHAT_MOST = 3
"""A chat may ask so many times what one person may."""

REMEMBERED = 20_000
REMEMBERED_SECONDS = 600.0
"""For how long a message is known to be counted: Telegram delivers again within minutes."""

WindowKey = tuple[int, int, int]
"""A bot, a chat and who speaks there; 0: everybody."""
MessageKey = tuple[int, int, int]
"""A bot, a chat and the number of the message there."""


def window_kept(seconds: float) -> float:
    """For how many seconds after the last message: what was sent within a window may come a little apart."""
    return 2 * seconds + 60


class SharedFloods(Protocol):
    async def asks(self, message: Incoming, *, most: int, seconds: float, alone: bool) -> bool | None:
        """As `Floods.asks`, for what all processes are asked. None: nobody can tell at the moment."""


class Floods:
    """At most `most` messages of one person in one chat, and three times that of all of them, may ask a bot for an
    answer within `seconds`, by the time at which they sent it: what an outage has heaped up is no flood. 0: as many as
    they like. What one person asks beyond it does not count against the others. Without `shared`, and while it cannot
    tell, each process counts what it is asked itself."""

    def __init__(
        self, *, most: int, seconds: float, clock: Callable[[], float], shared: SharedFloods | None = None
    ) -> None:
        self._most = most
        self._seconds = seconds
        self._shared = shared
        self._asked: Recent[WindowKey, list[float]] = Recent(seconds=window_kept(seconds), most=REMEMBERED, clock=clock)
        self._counted: Recent[MessageKey, bool] = Recent(seconds=REMEMBERED_SECONDS, most=REMEMBERED, clock=clock)

    async def asks(self, message: Incoming, *, alone: bool = False) -> bool:
        """Count a message that asks for an answer. True when it is one too many. The same message once more is not
        counted again. `alone`: only what this person has asked tells against it, not what the others have."""
        if self._most == 0:
            return False
        if self._shared is not None:
            told = await self._shared.asks(message, most=self._most, seconds=self._seconds, alone=alone)
            if told is not None:
                return told
        key = (message.bot_id, message.chat.id, message.message_id)
        known = self._counted.get(key)
        if known is not None:
            return known
        too_many = self._is_too_many(message, alone)
        self._counted.put(key, too_many)
        return too_many

    def _is_too_many(self, message: Incoming, alone: bool) -> bool:
        bot_id, chat_id, sent_at = message.bot_id, message.chat.id, message.sent_at
        if self._count((bot_id, chat_id, message.sender.id), self._most, sent_at):
            return True
        return self._count((bot_id, chat_id, 0), CHAT_MOST * self._most, sent_at) and not alone

    def _count(self, key: WindowKey, most: int, sent_at: float) -> bool:
        times = self._asked.get(key) or []
        too_many = len(times) == most and times[0] > sent_at - self._seconds
        self._asked.put(key, [*times, sent_at][-most:])
        return too_many


def held_back(decision: Decision, state: LinkState, remark: PartDraft, now: float) -> Decision:
    """What becomes of an answer to one who floods."""
    if decision.verdict is Verdict.LISTEN:
        return decision
    tell = state.flood_told_at <= now - REMARK_PAUSE
    return Decision(verdict=Verdict.LISTEN, reason="flood", features=decision.features, part=remark if tell else None)
