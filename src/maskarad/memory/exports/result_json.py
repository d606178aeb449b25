"""`result.json`: of one chat, or of a whole account."""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Any, NamedTuple

from maskarad.errors import ExportRefused
from maskarad.memory.exports.archive import Entry, Reading
from maskarad.memory.exports.json_messages import Odd, read_message
from maskarad.memory.exports.json_stream import JsonStream
from maskarad.memory.exports.values import ExportedChat, ExportedMessage, FoundChat
from maskarad.telegram import clean

_LISTS = frozenset({"chats", "left_chats"})
_UNNAMED = {"saved_messages": "Saved Messages", "replies": "Replies"}


class _About(NamedTuple):
    """What is known of a chat when it was read to its end."""

    fields: dict[str, Any]
    has_messages: bool


class ResultJson:
    def __init__(self, entry: Entry) -> None:
        self._entry = entry

    def chats(self, part: int, on_bytes: Callable[[int], None]) -> Iterator[FoundChat]:
        """Those with messages. Reads everything and checks every message. Raises ExportRefused."""
        number, messages, skipped = 0, 0, 0
        for thing in self._things(on_bytes):
            if not isinstance(thing, _About):
                messages += 1
                skipped += self._message(messages, thing) is None
                continue
            chat = self._chat(thing.fields, number) if thing.has_messages else None
            if chat is not None and messages:
                yield FoundChat(chat=chat, messages=messages, skipped=skipped, part=part, number=number)
            number, messages, skipped = number + 1, 0, 0

    def messages(self, number: int, on_bytes: Callable[[int], None]) -> Iterator[ExportedMessage | None]:
        """The messages of one of the chats; None stands for one that says nothing. Raises ExportRefused."""
        chat, message = 0, 0
        for thing in self._things(on_bytes):
            if isinstance(thing, _About):
                if chat == number:
                    return
                chat, message = chat + 1, 0
            elif chat == number:
                message += 1
                yield self._message(message, thing)

    def _things(self, on_bytes: Callable[[int], None]) -> Iterator[Any]:
        """Messages as they stand, and after the last one of a chat what is known of it."""
        with closing(self._entry.open()) as file:
            stream = JsonStream(Reading(file, self._entry, on_bytes), self._entry.name)
            if stream.kind() != "{":
                raise ExportRefused("foreign", self._entry.name)
            found = yield from _account(stream)
            stream.end()
        if not found:
            raise ExportRefused("foreign", self._entry.name)

    def _message(self, number: int, data: object) -> ExportedMessage | None:
        try:
            return read_message(data)
        except Odd as error:
            place = f"{self._entry.name}, message {number}"
            raise ExportRefused("odd", place, detail=clean.line(str(error), 200)) from None

    def _chat(self, fields: dict[str, Any], number: int) -> ExportedChat:
        kind, identifier, title = fields.get("type"), fields.get("id"), fields.get("name")
        if not isinstance(kind, str | None) or not isinstance(title, str | None) or not _is_id(identifier):
            raise ExportRefused("odd", f"{self._entry.name}, chat {number + 1}", detail="its name, type or id")
        named = clean.line(title or "") or _UNNAMED.get(kind or "", "")
        return ExportedChat(id=identifier or 0, name=named, type=clean.line(kind or ""))


def _is_id(value: object) -> bool:
    return value is None or (type(value) is int and abs(value) < 2**52)


def _account(stream: JsonStream) -> Generator[Any, None, bool]:
    """The outermost object: an account's, with its lists of chats, or a chat's own. Returns whether it is either."""
    found = False
    fields: dict[str, Any] = {}
    has_messages = False
    for key in stream.members():
        if key in _LISTS and stream.kind() == "{":
            found = True
            yield from _listed(stream)
        elif key == "messages" and stream.kind() == "[" and not has_messages:
            has_messages = True
            yield from _elements(stream)
        else:
            _read_field(stream, key, fields)
    if has_messages:
        yield _About(fields, True)
    return found or has_messages


def _listed(stream: JsonStream) -> Iterator[Any]:
    for key in stream.members():
        if key == "list" and stream.kind() == "[":
            for _ in stream.elements():
                yield from _chat(stream)
        else:
            stream.skip()


def _chat(stream: JsonStream) -> Iterator[Any]:
    fields: dict[str, Any] = {}
    has_messages = False
    for key in stream.members():
        if key == "messages" and stream.kind() == "[" and not has_messages:
            has_messages = True
            yield from _elements(stream)
        else:
            _read_field(stream, key, fields)
    yield _About(fields, has_messages)


def _elements(stream: JsonStream) -> Iterator[Any]:
    for _ in stream.elements():
        yield stream.value()


def _read_field(stream: JsonStream, key: str, fields: dict[str, Any]) -> None:
    if key in ("name", "type", "id") and stream.kind() not in "{[":
        fields[key] = stream.value()
    else:
        stream.skip()
