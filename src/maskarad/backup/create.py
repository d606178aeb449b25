"""Making a backup: everything that a database holds at one moment becomes one file."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO

from maskarad.backup import folder as files
from maskarad.backup import postgres, sqlite
from maskarad.backup.archive import FORMAT, BackupWriter, Header, Kind, Reason
from maskarad.backup.failures import BackupFailed
from maskarad.backup.folder import Stamp
from maskarad.backup.progress import Progress
from maskarad.backup.unpack import database_at
from maskarad.db import Connection, backups, libpq, moments, restoring, schema
from maskarad.db.backups import Backup
from maskarad.db.contents import TableContents
from maskarad.db.engine import Database
from maskarad.settings import Settings
from maskarad.values import Value

Tables = Mapping[str, TableContents]


class Made(Value, frozen=True):
    """`file` is its name in the folder of backups, `made_at` Unix seconds: the database is as it was then."""

    file: str
    made_at: float
    bytes: int
    reason: Reason
    revision: str
    tables: int
    rows: int
    encrypted: bool
    seconds: float


class Making:
    """One backup while it is being written."""

    def __init__(self, settings: Settings, kind: Kind, reason: Reason, out: BinaryIO, progress: Progress) -> None:
        self.settings = settings
        self.progress = progress
        self._out = out
        self._kind: Kind = kind
        self._reason: Reason = reason

    def begin(
        self, revision: str | None, made_at: float, platform: str, place: str = ""
    ) -> "tuple[BackupWriter, Header]":
        """`place` is the schema on a server. Raises BackupFailed."""
        if revision is None:
            raise BackupFailed("the database is empty: there is nothing to back up")
        header = Header(
            format=FORMAT,
            maskarad=version("maskarad"),
            made_at=made_at,
            platform=platform,
            database=self._kind,
            reason=self._reason,
            revision=revision,
            schema=place,
        )
        secret = self.settings.backup_passphrase
        return BackupWriter(self._out, header, secret.get_secret_value() if secret else None), header

    def counted(self) -> Callable[[int], None]:
        """Tells of rows that were gone through."""
        done = 0

        def count(more: int) -> None:
            nonlocal done
            done += more
            self.progress("counting", done, 0)

        return count


async def create(
    database: Database,
    settings: Settings,
    reason: Reason,
    progress: Progress,
    *,
    clock: Callable[[], float] = time.time,
) -> Made:
    """`database` is the one of the settings, opened so that a statement may take its time. On PostgreSQL nothing else
    gets its turn in this event loop meanwhile, and the server tells the time; on SQLite `clock` does. Raises
    BackupFailed, DatabaseUnavailable."""
    began, folder = time.monotonic(), settings.backup_folder
    kind: Kind = "sqlite" if settings.database_file else "postgresql"
    with _failing(folder), files.workplace(folder) as work:
        with _new(work / "backup") as out:
            making = Making(settings, kind, reason, out, progress)
            if settings.database_file:
                header, tables = await _of_file(making, settings.database_file, clock)
            else:
                header, tables = await database.read(partial(_of_server, making=making))
        stamp = files.put(work / "backup", folder, header)
    await remember(database, folder, header.platform)
    return Made(
        file=stamp.name,
        made_at=stamp.made_at,
        bytes=_size(folder, stamp),
        reason=reason,
        revision=header.revision,
        tables=len(tables),
        rows=sum(each.rows for each in tables.values()),
        encrypted=settings.backup_passphrase is not None,
        seconds=round(time.monotonic() - began, 3),
    )


async def remember(database: Database, folder: Path, platform: str) -> None:
    """Make rows of this platform's backups that are in the folder, those among them that nobody could make a row of
    before, and forget what is there no more."""
    there = [
        Backup(file=each.name, made_at=each.made_at, bytes=_size(folder, each), reason=each.reason)
        for each in files.stamps(folder, platform)
    ]

    def note(connection: Connection) -> None:
        if backups.are_kept(connection):
            backups.forget_others(connection, [each.file for each in there])
            backups.remember(connection, there)

    await database.write(note)


async def _of_file(making: Making, file: Path, clock: Callable[[], float]) -> tuple[Header, Tables]:
    with files.workplace(making.settings.data_dir) as work:
        copy, made_at = work / "database", clock()
        sqlite.copy(file, copy, making.progress)
        async with database_at(f"sqlite:///{copy}") as copied:
            revision, platform, tables = await copied.read(partial(_told, on_rows=making.counted()))
        writer, header = making.begin(revision, made_at, platform)
        for piece in sqlite.pieces(copy, making.progress):
            writer.write(piece)
        writer.end(tables)
    return header, tables


def _told(connection: Connection, on_rows: Callable[[int], None]) -> tuple[str | None, str, Tables]:
    found = restoring.contents(connection, on_rows=on_rows)
    return schema.revision_of(connection), restoring.platform(connection), found


def _of_server(connection: Connection, making: Making) -> tuple[Header, Tables]:
    # The engine takes what is wrong with a disk here for the server's.
    with _failing(making.settings.backup_folder):
        made_at = moments.now(connection)
        snapshot, name, server = restoring.export_snapshot(connection)
        revision, platform = schema.revision_of(connection), restoring.platform(connection)
        writer, header = making.begin(revision, made_at, platform, name)
        done = 0

        def write(piece: bytes) -> None:
            nonlocal done
            writer.write(piece)
            done += len(piece)
            making.progress("packing", done, 0)

        environment = libpq.environment_of(making.settings.database)
        postgres.dump(environment, snapshot=snapshot, schema=name, server=server, write=write)
        tables = postgres.contents(environment, snapshot=snapshot, schema=name, on_rows=making.counted())
        writer.end(tables)
    return header, tables


def _new(path: Path) -> BinaryIO:
    return files.new_file(path).open("wb")


def _size(folder: Path, stamp: Stamp) -> int:
    return (folder / stamp.name).stat().st_size


@contextmanager
def _failing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BackupFailed(f"no backup can be written to {folder}: {error.strerror}; see BACKUP_DIR") from None
