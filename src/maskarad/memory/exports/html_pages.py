"""The pages of one chat: messages.html, messages2.html and so on."""

import codecs
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import NoReturn

from maskarad.errors import ExportRefused
from maskarad.memory.exports.archive import Entry, Reading
from maskarad.memory.exports.html_message import Odd, Writer, is_service, page_title, read_message
from maskarad.memory.exports.values import ExportedChat, ExportedMessage, FoundChat

CHUNK = 256 * 1024
LONGEST_MESSAGE = 1024 * 1024
"""Characters; Telegram's longest have some 50,000 as HTML."""

_MESSAGE = '<div class="message '
_END = "</html>"
_SIGN = re.compile(r'<div class="page_body chat_page">')


class HtmlPages:
    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries

    def chats(self, part: int, on_bytes: Callable[[int], None]) -> Iterator[FoundChat]:
        """Reads everything and checks every message. Raises ExportRefused."""
        messages = skipped = 0
        for message in self.messages(0, on_bytes):
            messages += 1
            skipped += message is None
        if messages:
            chat = ExportedChat(id=0, name=self._title(), type="")
            yield FoundChat(chat=chat, messages=messages, skipped=skipped, part=part, number=0)

    def messages(self, _number: int, on_bytes: Callable[[int], None]) -> Iterator[ExportedMessage | None]:
        """None stands for a service message. Raises ExportRefused."""
        for entry in self._entries:
            writer = Writer()
            blocks = _blocks(entry, on_bytes)
            if not _SIGN.search(next(blocks)):
                raise ExportRefused("foreign", entry.name)
            for number, block in enumerate(blocks, start=1):
                if is_service(block):
                    yield from _service(block)
                    continue
                try:
                    message = read_message(block, writer)
                except Odd as error:
                    place = f"{entry.name}, message {number}"
                    raise ExportRefused("odd", place, detail=str(error)) from None
                yield message

    def _title(self) -> str:
        return page_title(next(_blocks(self._entries[0], lambda _: None)))


def _service(block: str) -> Iterator[None]:
    """Lines that only show the date are none of the chat's."""
    if 'id="message-' not in block:
        yield None


def _blocks(entry: Entry, on_bytes: Callable[[int], None]) -> Iterator[str]:
    """A page cut where a message begins: what stands before the first one, then message by message."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")("strict")
    rest, read, ended = "", 0, False
    with closing(entry.open()) as file:
        reading = Reading(file, entry, on_bytes)
        while not ended:
            chunk = reading.read(CHUNK)
            ended = not chunk
            try:
                rest += decoder.decode(chunk, ended)
            except UnicodeDecodeError:
                raise ExportRefused("encoding", f"{entry.name}, near byte {read}") from None
            read += len(chunk)
            *blocks, rest = rest.split(_MESSAGE)
            yield from blocks
            if len(rest) > LONGEST_MESSAGE:
                _refuse("large", entry, read)
    if not rest.rstrip().endswith(_END):
        _refuse("truncated", entry, read)
    yield rest


def _refuse(reason: str, entry: Entry, read: int) -> NoReturn:
    raise ExportRefused(reason, f"{entry.name}, near byte {read}")
