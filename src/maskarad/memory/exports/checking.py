"""The first reading of an export, to its last byte, in a thread that gives up when nobody waits for it any more."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from maskarad.memory.exports.export import Export, open_export
from maskarad.memory.exports.values import FoundChat

OnPart = Callable[[int, int], None]
"""Hears how many bytes are done, of how many (0: nobody knows)."""


class Checked(NamedTuple):
    """What was read of the export that has this identity."""

    identity: str
    chats: list[FoundChat]


class _GivenUp(Exception):
    """Nobody waits for what is read here any more."""


async def checked(export: Export, on_part: OnPart) -> list[FoundChat]:
    """The chats of an open export. `on_part` is called in another thread. Raises ExportRefused."""
    given_up = threading.Event()
    try:
        return await asyncio.to_thread(_check, export, on_part, given_up)
    finally:
        given_up.set()


async def checked_at(path: Path, on_part: OnPart) -> Checked:
    """As `checked`, of an export that nobody has opened yet."""
    given_up = threading.Event()
    try:
        return await asyncio.to_thread(_open_and_check, path, on_part, given_up)
    finally:
        given_up.set()


def _open_and_check(path: Path, on_part: OnPart, given_up: threading.Event) -> Checked:
    with open_export(path) as export:
        return Checked(export.identity, _check(export, on_part, given_up))


def _check(export: Export, on_part: OnPart, given_up: threading.Event) -> list[FoundChat]:
    done = 0

    def on_bytes(number: int) -> None:
        nonlocal done
        if given_up.is_set():
            raise _GivenUp
        done += number
        on_part(min(done, export.size), export.size)

    return export.chats(on_bytes)
