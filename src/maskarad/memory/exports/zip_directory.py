"""How many files a zip lists, told before `zipfile` makes an object of each (PKWARE's APPNOTE, 4.3.12 to 4.3.16)."""

import struct
from pathlib import Path
from typing import IO

_ENTRY = b"PK\x01\x02"
_END = struct.Struct("<4s4H2LH")
_END_NAME = b"PK\x05\x06"
_LOCATOR = struct.Struct("<4sLQL")
_LOCATOR_NAME = b"PK\x06\x07"
_LARGE_END = struct.Struct("<4sQ2H2L4Q")
_LARGE_END_NAME = b"PK\x06\x06"
_LONGEST_COMMENT = 2**16
_ROOM = 256
"""Bytes of a directory for each of its files: 46, and the name with what goes with it."""


def lists_more(zip_file: Path, most: int) -> bool:
    """Whether there are more than `most`. Where `zipfile` finds the directory it is looked for here too; what it says
    of its own length in files is not believed."""
    with zip_file.open("rb") as file:
        end, size = _directory(file)
        if size > most * _ROOM:
            return True
        file.seek(max(0, end - size))
        return file.read(size).count(_ENTRY) > most


def _directory(file: IO[bytes]) -> tuple[int, int]:
    """Where it ends, and its length in bytes; 0 where there is none."""
    length = file.seek(0, 2)
    start = max(0, length - _LONGEST_COMMENT - _END.size)
    file.seek(start)
    tail = file.read()
    at = len(tail) - _END.size
    if not (tail.startswith(_END_NAME, max(0, at)) and tail.endswith(b"\0\0")):
        at = tail.rfind(_END_NAME)
    if at < 0 or len(tail) - at < _END.size:
        return length, 0
    size = int(_END.unpack_from(tail, at)[5])
    end = start + at
    large = end - _LOCATOR.size - _LARGE_END.size
    if large < 0:
        return end, size
    file.seek(large)
    record = file.read(_LARGE_END.size + _LOCATOR.size)
    if record.startswith(_LARGE_END_NAME) and record.startswith(_LOCATOR_NAME, _LARGE_END.size):
        return large, int(_LARGE_END.unpack_from(record)[8])
    return end, size
