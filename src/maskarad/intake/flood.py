"""Whoever asks for answers too fast gets one short remark, then silence until they slow down."""

from collections import OrderedDict, deque

from maskarad.values import Decision, LinkState, PartDraft, Verdict

REMARK_PAUSE = 600.0
"""Seconds in which a chat is told once."""

CHAT_MOST = 3
"""A chat may ask so many times what one person may."""

REMEMBERED = 20_000


class Floods:
    """At most `most` messages of one person in one chat, and three times that of all of them, may ask a bot for an
    answer within `seconds`; 0: as many as they like. What one person asks beyond it does not count against the
    others."""

    def __init__(self, *, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._asked: OrderedDict[tuple[int, int, int], deque[float]] = OrderedDict()

    def asks(self, bot_id: int, chat_id: int, user_id: int, now: float) -> bool:
        """Count a message that asks for an answer. True when it is one too many."""
        if self._most == 0:
            return False
        return self._count((bot_id, chat_id, user_id), self._most, now) or self._count(
            (bot_id, chat_id, 0), CHAT_MOST * self._most, now
        )

    def _count(self, key: tuple[int, int, int], most: int, now: float) -> bool:
        times = self._asked.get(key)
        if times is None:
            times = self._asked[key] = deque(maxlen=most)
            if len(self._asked) > REMEMBERED:
                self._asked.popitem(last=False)
        self._asked.move_to_end(key)
        too_many = len(times) == most and times[0] > now - self._seconds
        times.append(now)
        return too_many


def held_back(decision: Decision, state: LinkState, remark: PartDraft, now: float) -> Decision:
    """What becomes of an answer to one who floods."""
    if decision.verdict is Verdict.LISTEN:
        return decision
    tell = state.flood_told_at <= now - REMARK_PAUSE
    return Decision(verdict=Verdict.LISTEN, reason="flood", features=decision.features, part=remark if tell else None)
