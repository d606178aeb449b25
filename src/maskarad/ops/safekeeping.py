"""What the doctor says of disks and backups."""

import os
import tempfile
import time
from functools import partial
from pathlib import Path

from maskarad.db import Connection, backups
from maskarad.db.backups import Backup
from maskarad.db.opening import open_database
from maskarad.errors import DatabaseUnavailable
from maskarad.ops.conditions import BACKUP_AGE, least_free
from maskarad.ops.finding import Unknown, Wrong
from maskarad.ops.report import room_in
from maskarad.settings import Settings
from maskarad.utc import to_minute

_LEAST = 1_000_000
"""Bytes that a database needs to do anything at all."""


async def disk(settings: Settings) -> str:
    """Raises Wrong."""
    file = settings.database_file
    folders = (settings.data_dir, *((file.parent,) if file else ()), settings.backup_folder)
    told = []
    for each in room_in(folders):
        said = f"{_gigabytes(each.free)} of {_gigabytes(each.total)} free for {each.path}"
        if each.free < least_free(each.total):
            raise Wrong(said, "make room on that disk; the platform goes on by itself")
        told.append(said)
    return ", ".join(told)


def _gigabytes(count: float) -> str:
    return f"{count / 1e9:,.1f} GB"


def is_full(folder: Path) -> bool:
    """Whether a database there can hardly write any more."""
    return any(each.free < min(_LEAST, each.total) for each in room_in((folder,)))


async def backup(settings: Settings) -> str:
    """Where backups go, and the last one that the database knows of. Raises Wrong, Unknown."""
    folder = settings.backup_folder
    existing = nearest(folder)
    if not can_be_written_to(existing):
        raise Wrong(f"{existing} cannot be written to", "let this user write there, or name another in BACKUP_DIR")
    last = await _last(settings)
    if last is None:
        when = "a running platform makes the first at once" if settings.backup_hour >= 0 else "BACKUP_HOUR is -1"
        return f"{folder}, none yet: {when}"
    made = to_minute(last.made_at)
    if settings.backup_hour >= 0 and time.time() - last.made_at > BACKUP_AGE:
        raise Wrong(
            f"{folder}, the last is of {made}",
            "`maskarad backup create` makes one and says what hinders it; a running platform makes one each day",
        )
    return f"{folder}, the last is of {made}"


async def _last(settings: Settings) -> Backup | None:
    file = settings.database_file
    if file is not None and nearest(file) != file:
        return None
    database = open_database(settings.database, pool_size=1, max_overflow=0)
    try:
        return await database.read(partial(_latest, now=time.time()))
    except DatabaseUnavailable:
        raise Unknown("unknown: the database cannot be used") from None
    finally:
        await database.close()


def _latest(connection: Connection, now: float) -> Backup | None:
    return backups.latest(connection, now=now) if backups.are_kept(connection) else None


def can_be_written_to(folder: Path) -> bool:
    """Tried, as what the system says of permissions leaves out file systems that take no files."""
    try:
        tempfile.TemporaryDirectory(dir=folder, prefix=".maskarad-").cleanup()
    except OSError:
        return False
    return os.access(folder, os.R_OK)


def nearest(path: Path) -> Path:
    """The path itself, or the nearest folder above it that is there."""
    return next(each for each in (path, *path.absolute().parents) if os.path.exists(each))
