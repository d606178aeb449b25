"""What every workload is given, and what it hands back."""

import asyncio
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from benchmarks.figures import Figure, Grid
from benchmarks.stub import Stub

SETTLED = 0.25
"""Seconds after the last answer in which the platform ends its last transactions."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    note: str
    figures: tuple[Figure, ...]
    grids: tuple[Grid, ...] = ()
    complaints: tuple[str, ...] = ()


class Scene:
    """The stub, and a folder for each platform."""

    def __init__(self, stub: Stub, folder: Path, tell: Callable[[str], None]) -> None:
        self.stub = stub
        self.tell = tell
        self._folder = folder

    def new_folder(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self._folder))


async def settle() -> None:
    await asyncio.sleep(SETTLED)


def tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
