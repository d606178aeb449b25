"""The world in a file: written whole, beside and then over the old one, so that a kill leaves one or the other."""

import asyncio
import logging
import os
from pathlib import Path

import msgspec

from maskarad.sandbox.telegram import Telegram
from maskarad.sandbox.world import World

SAVE_AFTER_SECONDS = 0.5
"""A change is in the file at most this long, and the time of writing, after it happened."""


log = logging.getLogger(__name__)


class StateUnreadable(Exception):
    """The state file is there but is not one of ours; the text says which."""


def load_world(path: Path | None) -> World:
    """The saved world, or a new one when there is no file. Raises `StateUnreadable`."""
    if path is None or not path.exists():
        return World()
    try:
        return msgspec.msgpack.decode(path.read_bytes(), type=World)
    except (msgspec.DecodeError, OSError) as wrong:
        problem = f"{path} cannot be read as a sandbox's state ({wrong}); move it away to begin anew"
        raise StateUnreadable(problem) from None


async def keep_saved(telegram: Telegram, path: Path) -> None:
    """Saves after every change, changes close together at once; returns when the sandbox closes."""
    while not telegram.closing.is_set():
        if await telegram.changes.wait(60):
            await telegram.pause(SAVE_AFTER_SECONDS)
            try:
                await save_world(telegram, path)
            except OSError as wrong:
                log.error("the state was not saved: %s", wrong)


async def save_world(telegram: Telegram, path: Path) -> None:
    content = msgspec.msgpack.encode(telegram.world)
    await asyncio.to_thread(_write, path, content)


def _write(path: Path, content: bytes) -> None:
    """The file holds tokens: only its owner reads it."""
    beside = path.with_name(f"{path.name}.new")
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
