"""Trying a backup: it is restored into a scratch database, compared with what it says of itself, and dropped."""

import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from maskarad.backup import folder as files
from maskarad.backup import postgres, unpack
from maskarad.backup.archive import BackupReader, opened
from maskarad.backup.failures import ScratchRefused
from maskarad.backup.progress import Progress
from maskarad.db import libpq, restoring
from maskarad.settings import Settings
from maskarad.values import Value


class Verified(Value, frozen=True):
    """What was restored and compared."""

    file: str
    revision: str
    tables: int
    rows: int
    seconds: float


async def verify(file: Path, settings: Settings, scratch: str | None, progress: Progress) -> Verified:
    """`scratch` is the address of an empty database on PostgreSQL, which stays empty; without one a database is made
    beside that of the settings. A backup of SQLite needs neither. Raises NotABackup, BackupChanged, WrongPassphrase,
    RestoreRefused, ContentsDiffer, ScratchRefused, DatabaseUnavailable, OSError."""
    began = time.monotonic()
    secret = settings.backup_passphrase
    with opened(file, secret.get_secret_value() if secret else None) as reader:
        if reader.header.database == "sqlite":
            await _in_file(reader, settings.data_dir, progress)
        else:
            await _on_server(reader, settings, scratch, progress)
        tables = reader.manifest.tables
        return Verified(
            file=file.name,
            revision=reader.header.revision,
            tables=len(tables),
            rows=sum(each.rows for each in tables.values()),
            seconds=round(time.monotonic() - began, 3),
        )


async def _in_file(reader: BackupReader, folder: Path, progress: Progress) -> None:
    with files.workplace(folder) as work:
        unpack.into_file(reader, work / "database", progress)
        async with unpack.database_at(f"sqlite:///{work / 'database'}") as database:
            await unpack.compare(database, reader, progress)


async def _on_server(reader: BackupReader, settings: Settings, scratch: str | None, progress: Progress) -> None:
    if scratch is not None:
        await _refuse_used(scratch)
        unpack.into_server(reader, scratch, progress=progress, keep=False)
        return
    if settings.database_file is not None:
        raise ScratchRefused(
            "the backup is of PostgreSQL: name an empty database to try it in, --scratch postgresql://…"
        )
    async with _made_beside(settings.database) as url:
        unpack.into_server(reader, url, progress=progress, keep=False)


async def _refuse_used(url: str) -> None:
    if not libpq.is_server(url):
        raise ScratchRefused("--scratch: the backup is of PostgreSQL, so the scratch database must be, too")
    async with unpack.database_at(url) as database:
        if await database.read(restoring.tables):
            raise ScratchRefused("--scratch: this database is not empty; name one that is")


@asynccontextmanager
async def _made_beside(url: str) -> AsyncIterator[str]:
    """A new database on the same server; those that killed processes left there are dropped first."""
    environment = libpq.environment_of(url)
    async with AsyncExitStack() as stack:
        async with unpack.database_at(url) as beside:
            # Until somebody is connected to the new one, others would take it for left behind: they wait.
            prefix, left = await beside.read(restoring.scratches)
            for each in left:
                postgres.execute(environment, _dropping(each))
            name = f"{prefix}{secrets.token_hex(6)}"
            # Whatever the server's own locale is, this one holds all that there is.
            how = "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
            postgres.execute(environment, f"CREATE DATABASE {name} {how}")
            stack.callback(postgres.execute, environment, _dropping(name))
            there = libpq.with_database(url, name)
            database = await stack.enter_async_context(unpack.database_at(there))
            await database.read(restoring.tables)
        yield there


def _dropping(name: str) -> str:
    return f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"
