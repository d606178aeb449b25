"""The way back: a backup takes the place of a database. Whenever it is interrupted, the old database is there or the
new one."""

import time
from functools import partial
from pathlib import Path

from maskarad.backup import folder as files
from maskarad.backup import sqlite, unpack
from maskarad.backup.archive import BackupReader, opened
from maskarad.backup.failures import RestoreRefused
from maskarad.backup.orders import PLACE
from maskarad.backup.progress import Progress
from maskarad.db import Connection, errands, migrate, partitioning, restoring, schema
from maskarad.db.engine import Database
from maskarad.errors import DatabaseUnavailable
from maskarad.settings import Settings
from maskarad.values import Value

IN_USE = "the database is not empty: --force replaces all that is in it by the backup"


class Restored(Value, frozen=True):
    """What is in the database now. `revision` is the schema's, `from_revision` the backup's. `sealed` is something that
    only the platform's secret key opens, where there is such a thing."""

    file: str
    made_at: float
    from_revision: str
    revision: str
    tables: int
    rows: int
    seconds: float
    sealed: str | None


async def restore(file: Path, target: Settings, *, force: bool, progress: Progress) -> Restored:
    """`target` are the settings with the address of the database that is to be replaced; on SQLite its platform's lock
    is held by the caller. Raises NotABackup, BackupChanged, WrongPassphrase, RestoreRefused, ContentsDiffer,
    DatabaseUnavailable, OSError."""
    began = time.monotonic()
    secret = target.backup_passphrase
    with opened(file, secret.get_secret_value() if secret else None) as reader:
        _refuse_unknown(reader, target)
        if target.database_file is not None:
            revision, sealed = await _in_file(reader, target.database_file.resolve(), force, progress)
        else:
            revision, sealed = await _on_server(reader, target.database, force, progress)
        tables = reader.manifest.tables
        return Restored(
            file=file.name,
            made_at=reader.header.made_at,
            from_revision=reader.header.revision,
            revision=revision,
            tables=len(tables),
            rows=sum(each.rows for each in tables.values()),
            seconds=round(time.monotonic() - began, 3),
            sealed=sealed,
        )


def _refuse_unknown(reader: BackupReader, target: Settings) -> None:
    header = reader.header
    if not migrate.is_known(header.revision):
        raise RestoreRefused(
            f"the backup has schema {header.revision}, which this version ({schema.REVISION}) does not know: install "
            f"Maskarad {header.maskarad} or a newer one, then restore"
        )
    if header.database == "sqlite" and target.database_file is None:
        raise RestoreRefused(
            "the backup is of SQLite, the database PostgreSQL: restore it with --to sqlite:///FILE, then bring it over "
            "with `maskarad db move`"
        )
    if header.database == "postgresql" and target.database_file is not None:
        raise RestoreRefused(
            "the backup is of PostgreSQL, the database SQLite: restore it with --to postgresql://…, then bring it over "
            "with `maskarad db move`"
        )


async def _in_file(reader: BackupReader, target: Path, force: bool, progress: Progress) -> tuple[str, str | None]:
    if not force and await _is_used(target):
        raise RestoreRefused(IN_USE)
    with files.workplace(target.parent) as work:
        fresh = work / "database"
        unpack.into_file(reader, fresh, progress)
        async with unpack.database_at(f"sqlite:///{fresh}") as database:
            await unpack.compare(database, reader, progress)
            told = await _brought_up(database)
        sqlite.put_in_place(fresh, target)
    async with unpack.database_at(f"sqlite:///{target}") as database:
        await database.read(schema.check)
    sqlite.dismiss(sqlite.aside_of(target))
    return told


async def _is_used(file: Path) -> bool:
    """What cannot be read counts as used."""
    if not sqlite.has_tables(file):
        return False
    try:
        async with unpack.database_at(f"sqlite:///{file}") as database:
            return await database.read(restoring.is_used)
    except DatabaseUnavailable:
        return True


async def _on_server(reader: BackupReader, url: str, force: bool, progress: Progress) -> tuple[str, str | None]:
    async with unpack.database_at(url) as database:
        if others := await database.read(partitioning.others):
            raise RestoreRefused(
                f"others are connected to this database ({others}): stop every process of the platform first"
            )
        before = await database.read(partial(_making_room, force=force))
        unpack.into_server(reader, url, before=before, progress=progress)
        told = await _brought_up(database)
        await database.write(restoring.analyze)
        return told


def _making_room(connection: Connection, force: bool) -> str:
    """The statements that empty the database. Raises RestoreRefused."""
    if foreign := restoring.foreign(connection):
        raise RestoreRefused(
            f"the database has tables that this version of Maskarad does not know ({', '.join(foreign[:3])}): restore "
            "into an empty one, --to postgresql://…"
        )
    if not force and restoring.is_used(connection):
        raise RestoreRefused(IN_USE)
    return restoring.dropping(connection)


async def _brought_up(database: Database) -> tuple[str, str | None]:
    """What an older version made gets this one's schema, no backup is under way, and no process at work or missed.
    Returns the revision, and something sealed."""
    await database.write(migrate.upgrade)
    # Its own order is in every backup that somebody has ordered: it would be carried out again.
    await database.write(lambda connection: errands.drop(connection, [PLACE]))
    await database.write(restoring.forget_processes)
    revision = await database.read(schema.revision_of)
    return revision or "", await database.read(restoring.sealed_with_key)
