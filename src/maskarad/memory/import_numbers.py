"""Under which numbers a link's history takes the messages of an export.

Only a supergroup counts its messages itself, as the Bot API knows them. Elsewhere the numbers are those of whoever
exported, and two exports may have the same ones for different messages. They are moved down by a multiple of
`BELOW_LIVE` (`db/orders.py`): the exports of one account share a range, what contradicts the lines of a range gets the
next one. An export that says that it is of this supergroup keeps its numbers as long as neither the lines nor the time
at which live ones began contradict: under numbers above the live ones it would stand before them in every prompt.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from maskarad.db.imports import ImportTarget, Said
from maskarad.db.orders import BELOW_LIVE, LIVE_FROM
from maskarad.memory.exports.json_messages import supergroup_id
from maskarad.memory.exports.values import SUPERGROUPS, ExportedChat, ExportedMessage
from maskarad.values import ChatType

DAY = 86_400.0
"""Old pages have local times."""
OWN_CLOCK = 60.0
"""Seconds: what the persona said live has the time of our clock, not Telegram's."""


class Numbers(NamedTuple):
    """`keeps`: the export's positive numbers are the link's own. The others go into the `range`-th range below."""

    keeps: bool
    range: int

    def order(self, message_id: int) -> int:
        return message_id if self.keeps and message_id > 0 else message_id - self.range * BELOW_LIVE


def options(chat: ExportedChat, chat_type: ChatType, target: ImportTarget) -> list[Numbers]:
    """What an export's numbers may be, likeliest first. The last range is empty."""
    taken = (BELOW_LIVE // 2 - min(0, target.lowest_order)) // BELOW_LIVE
    ranges = range(1, taken + 2)
    if chat_type is ChatType.SUPERGROUP:
        if chat.type in SUPERGROUPS and supergroup_id(chat.id) == target.chat.id:
            own = [Numbers(True, each) for each in ranges]
            # What a file says of itself it may say wrongly; with nothing live there is nothing that contradicts it.
            return own if target.first_live_order is None else [*own, *(Numbers(False, each) for each in ranges)]
        if not chat.type:
            return [Numbers(True, 1), *(Numbers(False, each) for each in ranges)]
    return [Numbers(False, each) for each in ranges]


class Fitting:
    """Hears, for each of the options, all messages of an export and which lines the link has under their numbers."""

    def __init__(self, given: Sequence[Numbers], target: ImportTarget) -> None:
        self._given = given
        self._target = target
        self._same = Counter[Numbers]()
        self._other = Counter[Numbers]()

    def hear(self, numbers: Numbers, messages: Iterable[ExportedMessage], known: Mapping[int, Said]) -> None:
        for message in messages:
            order = numbers.order(message.id)
            line = known.get(order)
            if line is not None:
                # An edit changes the text; an old export's local time, the moment.
                is_same = abs(line.timestamp - message.sent_at) <= self._moment(order) or line.text == message.text
                self._same[numbers] += is_same
                self._other[numbers] += not is_same
            elif order > 0:
                self._other[numbers] += self._is_misplaced(order, message.sent_at)

    def best(self) -> Numbers:
        """By which most lines are known, the first of equals; none by which more are other messages than are known."""
        fitting = [each for each in self._given if self._other[each] <= self._same[each]]
        return max(fitting, key=lambda each: self._same[each], default=self._given[-1])

    def _moment(self, order: int) -> float:
        return OWN_CLOCK if order >= LIVE_FROM else 0.0

    def _is_misplaced(self, order: int, at: float) -> bool:
        """A chat's numbers grow with time, so the first live line tells on which side of it a number belongs."""
        first_order, first_at = self._target.first_live_order, self._target.first_live_at
        if first_order is None or first_at is None:
            return False
        return at < first_at - DAY if order > first_order else at > first_at + DAY
