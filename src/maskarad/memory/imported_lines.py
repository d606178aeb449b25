"""Entries of an export as lines of a link's history, batch by batch."""

from collections.abc import Iterator
from typing import NamedTuple

from maskarad.db.imports import ImportTarget, Row
from maskarad.memory.analysis import Analysis
from maskarad.memory.analyzer import analyze
from maskarad.memory.digest import SAMPLE, Sampled, Survey
from maskarad.memory.exports.values import NAMELESS, ExportedMessage
from maskarad.memory.import_numbers import Numbers
from maskarad.values import Bot, ChatType

BATCH = 2_000
"""Entries of the export in one transaction: some 25 ms of SQLite, in which nobody else writes."""


class Line(NamedTuple):
    row: Row
    analysis: Analysis | None


class Batch(NamedTuple):
    """`read` is how many entries of the export have been read when it is stored; one sampled line stands for `weight`
    others."""

    read: int
    skipped: int
    lines: list[Line]
    weight: float
    to_persona: bool


class Teller:
    """Makes a line of the link's history of a message of the export."""

    def __init__(
        self,
        link_id: int,
        target: ImportTarget,
        numbers: Numbers,
        bot: Bot,
        chat_type: ChatType,
        people: dict[str, int],
    ) -> None:
        self._link_id = link_id
        self._chat_id = target.chat.id
        self._bot = bot
        self.is_private = chat_type is ChatType.PRIVATE
        self._order = numbers.order
        self._first_live_at = target.first_live_at
        self._people = people

    def row(self, message: ExportedMessage) -> Row | None:
        """None for a message that live history has, or would have."""
        order = self._order(message.id)
        moved = order != message.id
        if moved and self._first_live_at is not None and message.sent_at >= self._first_live_at:
            return None
        sender_id = message.sender_id
        if sender_id <= NAMELESS:
            sender_id = self._known_by_name(message.sender_name, sender_id)
        return Row(
            self._link_id,
            order,
            self._chat_id,
            sender_id,
            message.sender_name,
            sender_id == self._bot.telegram_id,
            message.text,
            message.sent_at,
            None if message.reply_to is None else self._order(message.reply_to),
            message.forwarded_from,
            message.edited_at,
            message.html,
            message.media,
        )

    def _known_by_name(self, name: str, otherwise: int) -> int:
        if name == self._bot.name:
            return self._bot.telegram_id
        return self._chat_id if self.is_private else self._people.get(name, otherwise)


class Batches:
    """Reads the export batch by batch, in whichever thread asks. Of entries that were stored before (`stored`) it only
    keeps what the digest needs."""

    def __init__(self, messages: Iterator[ExportedMessage | None], teller: Teller, total: int, stored: int) -> None:
        self._messages = messages
        self._teller = teller
        self._stride = max(1, -(-total // SAMPLE))
        self._stored = stored
        self._read = 0
        self._total = total
        self.survey = Survey()
        self.orders: tuple[int, int] = (0, 0)

    def following(self) -> Batch | None:
        if self._read >= self._total:
            return None
        skipped = 0
        lines: dict[int, Line] = {}
        until = min(self._read + BATCH, self._total)
        while self._read < until:
            message = next(self._messages, None)
            self._read += 1
            if message is None:
                skipped += self._read > self._stored
                continue
            line = self._line(message)
            if line is not None and self._read > self._stored:
                lines.setdefault(line.row.message_order, line)
        return Batch(self._read, skipped, list(lines.values()), self._stride, self._teller.is_private)

    def _line(self, message: ExportedMessage) -> Line | None:
        row = self._teller.row(message)
        if row is None:
            return None
        self.orders = (min(self.orders[0] or row.message_order, row.message_order), row.message_order)
        if row.from_persona:
            return Line(row, None)
        self.survey.add(row.user_id, row.user_name, row.timestamp)
        if self._read % self._stride or (message.media is not None and message.text.startswith("[")):
            return Line(row, None)
        analysis = analyze(row.text)
        self.survey.add_sampled(Sampled(row.user_id, row.text, analysis), row.user_name, row.timestamp)
        return Line(row, analysis)
