"""Backups that are kept no more."""

from pathlib import Path

from maskarad.backup import folder as files
from maskarad.backup.create import remember
from maskarad.backup.retention import kept
from maskarad.db import restoring
from maskarad.db.engine import Database


async def prune(database: Database, folder: Path, *, now: float) -> list[str]:
    """Delete the files of this platform that `retention` does not keep, the oldest first, their rows, and what killed
    processes left; returns the names. Raises DatabaseUnavailable, OSError."""
    platform = await database.read(restoring.platform)
    gone = _delete(folder, platform, now) if platform != restoring.NAMELESS else []
    await remember(database, folder, platform)
    return gone


def _delete(folder: Path, platform: str, now: float) -> list[str]:
    if not folder.is_dir():
        return []
    with files.locked(folder):
        files.take_away_leftovers(folder)
        there = files.stamps(folder, platform)
        stay = kept(there, now=now)
        gone = [each.name for each in reversed(there) if each.name not in stay]
        for name in gone:
            (folder / name).unlink(missing_ok=True)
        files.synced(folder)
    return gone
