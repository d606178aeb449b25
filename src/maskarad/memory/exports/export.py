"""An export as a whole: which chats it holds, and the messages of one of them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import groupby
from pathlib import Path
from typing import Protocol

from maskarad.errors import ExportRefused
from maskarad.memory.exports.archive import Entry, Reading, opened
from maskarad.memory.exports.html_pages import HtmlPages
from maskarad.memory.exports.result_json import ResultJson
from maskarad.memory.exports.values import ExportedMessage, FoundChat

OnBytes = Callable[[int], None]
MOST_CHATS = 20_000
"""Of one export; the accounts that have most have some thousands."""
_START = 1024


class Document(Protocol):
    """A part of an export: result.json, or the pages of one chat."""

    def chats(self, part: int, on_bytes: OnBytes) -> Iterator[FoundChat]: ...

    def messages(self, number: int, on_bytes: OnBytes) -> Iterator[ExportedMessage | None]: ...


class Export:
    """`size` is in bytes, unpacked; `identity` tells this export from any other."""

    def __init__(self, name: str, documents: Sequence[Document], size: int, identity: str) -> None:
        self._name = name
        self._documents = documents
        self.size = size
        self.identity = identity

    def chats(self, on_bytes: OnBytes) -> list[FoundChat]:
        """Those with messages. Reads and checks everything, to the last byte. Raises ExportRefused."""
        found: list[FoundChat] = []
        for part, document in enumerate(self._documents):
            for chat in document.chats(part, on_bytes):
                if len(found) >= MOST_CHATS:
                    raise ExportRefused("many_chats", self._name, most=str(MOST_CHATS))
                found.append(chat)
        return found

    def messages(self, found: FoundChat) -> Iterator[ExportedMessage | None]:
        """In the order of the export; None stands for an entry that says nothing. Raises ExportRefused."""
        return self._documents[found.part].messages(found.number, _unheard)


def _unheard(_number: int) -> None:
    """Nobody waits for these bytes."""


@contextmanager
def open_export(path: Path) -> Iterator[Export]:
    """Raises ExportRefused; an OSError of the machine's own (no right to read) stays what it is."""
    with opened(path) as files:
        yield Export(path.name, _documents(files.entries), files.size, files.identity)


def _documents(entries: Sequence[Entry]) -> list[Document]:
    """Where an export was made in both forms, the richer one counts."""
    kinds = [_is_json(entry) for entry in entries]
    if any(kinds):
        return [ResultJson(entry) for entry, is_json in zip(entries, kinds, strict=True) if is_json]
    return [HtmlPages(list(pages)) for _, pages in groupby(entries, key=lambda entry: entry.folder)]


def _is_json(entry: Entry) -> bool:
    """By its first character; a name says nothing of what was sent to a bot."""
    with closing(entry.open()) as file:
        start = Reading(file, entry, _unheard).read(_START)
    start = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] not in (b"{", b"<"):
        raise ExportRefused("foreign", entry.name)
    return start[:1] == b"{"
