"""JSON value by value from a file of any size. What is held in memory is a chunk and the value at hand."""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn, Protocol

from maskarad.errors import ExportRefused

CHUNK = 256 * 1024
LONGEST_VALUE = 1024 * 1024
"""Characters of one value that is read whole, a message for example; Telegram's longest have some 50,000."""
SKIPPED_DEPTH = 8
"""Containers within each other that are skipped member by member; what lies deeper is read as one value."""
NEAR_THE_END = 64
"""A complaint so close to what was read so far may be about the cut and not about the file."""

_SPACE = re.compile(r"[ \t\n\r]*")
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|[\s\S])")
_FOREIGN_ESCAPE = re.compile(r"\\x[0-9A-Fa-f]{2}")


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class JsonStream:
    """Pulls values from `file`. Every method raises ExportRefused with the byte at which the file goes wrong.

    Control characters in texts are let through: Telegram Desktop writes them as `\\x0B`, which is no JSON.
    """

    def __init__(self, file: Readable, name: str) -> None:
        self._file = file
        self._name = name
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("strict")
        self._decode = json.JSONDecoder(strict=False, parse_constant=_refuse_constant).raw_decode
        self._text = ""
        self._at = 0
        self._bytes_before = 0
        """How many bytes of the file lie before `_text`."""
        self._bytes_read = 0
        self._ended = False

    def kind(self) -> str:
        """The first character of the next value."""
        character = self._next()
        return character if character else self._refuse("truncated", self._at)

    def value(self) -> Any:
        """The next value, whole."""
        self.kind()
        while True:
            try:
                value, end = self._decode(self._text, self._at)
            except json.JSONDecodeError as error:
                self._after(error.msg, error.pos)
            except RecursionError:
                self._refuse("nested", self._at)
            except ValueError:  # a number of thousands of digits, NaN
                self._refuse("broken", self._at)
            else:
                # A number may go on behind what was read.
                if not (isinstance(value, int | float) and len(self._text) - end < NEAR_THE_END and self._fill()):
                    self._at = end
                    return value

    def members(self) -> Iterator[str]:
        """The keys of an object. After each one its value is to be taken."""
        for _ in self._items("{", "}"):
            key = self.value()
            if not isinstance(key, str):
                self._refuse("broken", self._at)
            self._expect(":")
            yield key

    def elements(self) -> Iterator[None]:
        """The places of an array. At each one a value is to be taken."""
        return self._items("[", "]")

    def skip(self, depth: int = 0) -> None:
        """Pass over the next value."""
        kind = self.kind()
        if depth < SKIPPED_DEPTH and kind == "{":
            for _ in self.members():
                self.skip(depth + 1)
        elif depth < SKIPPED_DEPTH and kind == "[":
            for _ in self.elements():
                self.skip(depth + 1)
        else:
            self.value()

    def end(self) -> None:
        """Nothing may follow."""
        if self._next():
            self._refuse("broken", self._at)

    def _items(self, opening: str, closing: str) -> Iterator[None]:
        self._expect(opening)
        if self.kind() == closing:
            self._at += 1
            return
        while True:
            yield
            following = self.kind()
            self._at += 1
            if following == closing:
                return
            if following != ",":
                self._refuse("broken", self._at - 1)

    def _expect(self, character: str) -> None:
        if self.kind() != character:
            self._refuse("broken", self._at)
        self._at += 1

    def _next(self) -> str:
        while True:
            space = _SPACE.match(self._text, self._at)
            self._at = space.end() if space else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._fill():
                return ""

    def _after(self, complaint: str, at: int) -> None:
        """The value could not be read: returns when another try makes sense."""
        if complaint.startswith("Invalid \\escape") and _FOREIGN_ESCAPE.match(self._text, at):
            rest = _ESCAPE.sub(_mended, self._text[self._at :])
            self._text = self._text[: self._at] + rest
            return
        cut = complaint.startswith("Unterminated") or len(self._text) - at < NEAR_THE_END
        if not cut:
            self._refuse("broken", at)
        if not self._fill():
            at_the_end = complaint.startswith("Unterminated") or not self._text[at:].strip()
            self._refuse("truncated" if at_the_end else "broken", at)

    def _fill(self) -> bool:
        """Read on; False at the end of the file."""
        if self._ended:
            return False
        if len(self._text) - self._at > LONGEST_VALUE:
            self._refuse("large", self._at)
        chunk = self._file.read(CHUNK)
        self._ended = not chunk
        kept = len(self._decoder.getstate()[0])
        try:
            read = self._decoder.decode(chunk, self._ended)
        except UnicodeDecodeError as error:
            place = f"{self._name}, byte {self._bytes_read - kept + error.start}"
            raise ExportRefused("encoding", place) from None
        if self._ended:
            return False
        self._bytes_read += len(chunk)
        self._bytes_before += len(self._text[: self._at].encode())
        self._text = self._text[self._at :] + read
        self._at = 0
        return True

    def _refuse(self, reason: str, at: int) -> NoReturn:
        place = f"{self._name}, byte {self._bytes_before + len(self._text[:at].encode())}"
        raise ExportRefused(reason, place) from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _mended(escape: re.Match[str]) -> str:
    """Two control characters of the same length for one that is written the wrong way; no text keeps any."""
    return r"\b\b" if len(escape[1]) == 3 else escape[0]
