"""Disks for a database that can be full: a small file system, or SQLite's own bound of a database's size, which takes
its path for a full disk."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from maskarad.db.engine import Database
from maskarad.errors import DatabaseUnavailable
from tests.support.until import until

SIZE = 3 * 1024 * 1024
KINDS = ("a file system", "SQLite's bound")


class Disk:
    """A folder for a database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def fill(self, database: Database) -> None:
        """Nothing more goes onto it."""
        raise NotImplementedError

    async def make_room(self, database: Database) -> None:
        raise NotImplementedError


class SmallDisk(Disk):
    """A file system of its own, and a file that takes all that is left of it."""

    async def fill(self, database: Database) -> None:
        descriptor = os.open(self.folder / "filler", os.O_WRONLY | os.O_CREAT)
        try:
            while os.write(descriptor, bytes(4096)):
                pass
        except OSError:
            pass
        finally:
            os.close(descriptor)

    async def make_room(self, database: Database) -> None:
        (self.folder / "filler").unlink()


class BoundedPages(Disk):
    async def fill(self, database: Database) -> None:
        await _bound(database, 1)

    async def make_room(self, database: Database) -> None:
        await _bound(database, 1_000_000)


async def _bound(database: Database, pages: int) -> None:
    """No fewer than there are. What shares a commit with a write that finds no room fails with it."""

    async def is_set() -> bool:
        try:
            await database.write(
                lambda connection: connection.execute(text(f"PRAGMA max_page_count = {pages}")).scalar()
            )
        except DatabaseUnavailable:
            return False
        return True

    await until(is_set)


@contextmanager
def disk_of(kind: str, folder: Path) -> Iterator[Disk]:
    """One of `KINDS`. Mounting takes a privilege; without it the test is skipped, and the other kind has to do."""
    if kind == "SQLite's bound":
        yield BoundedPages(folder)
        return
    small = folder / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "small", str(small)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        yield SmallDisk(small)
    finally:
        subprocess.run(["umount", "--lazy", str(small)], check=True)
