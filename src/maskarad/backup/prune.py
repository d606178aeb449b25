"""Backups that are kept no more."""

from functools import partial
from pathlib import Path

from maskarad.backup import folder as files
from maskarad.backup.retention import kept
from maskarad.db import Connection, backups
from maskarad.db.engine import Database


def prune(folder: Path) -> list[str]:
    """Delete the files that `retention` does not keep, the oldest first, and what killed processes left; returns their
    names. Raises OSError."""
    if not folder.is_dir():
        return []
    with files.locked(folder):
        files.take_away_leftovers(folder)
        there = files.stamps(folder)
        stay = kept(there)
        gone = [each.name for each in reversed(there) if each.name not in stay]
        for name in gone:
            (folder / name).unlink(missing_ok=True)
        files.synced(folder)
    return gone


async def forget(database: Database, names: list[str]) -> None:
    """Their rows, too."""

    def drop(connection: Connection, names: list[str]) -> None:
        if backups.are_kept(connection):
            backups.forget(connection, names)

    await database.write(partial(drop, names=names))
