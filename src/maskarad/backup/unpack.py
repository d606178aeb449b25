"""What verifying and restoring have in common: a backup becomes a database that holds what the manifest says."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from maskarad.backup import postgres, sqlite
from maskarad.backup.archive import BackupReader
from maskarad.backup.failures import ContentsDiffer
from maskarad.backup.folder import new_file
from maskarad.backup.progress import Progress
from maskarad.db import libpq, restoring
from maskarad.db.contents import TableContents, differing
from maskarad.db.engine import Database
from maskarad.db.opening import open_database


def into_file(reader: BackupReader, file: Path, progress: Progress) -> None:
    """A new SQLite file, not yet compared. Raises BackupChanged, ContentsDiffer, OSError."""
    with new_file(file).open("wb") as out:
        for piece in pieces(reader, progress):
            out.write(piece)
    sqlite.check(file)


def into_server(reader: BackupReader, url: str, *, progress: Progress, before: str = "", keep: bool = True) -> None:
    """Into a database on PostgreSQL, in one transaction that begins with the statements `before` and in which it is
    compared; without `keep` it is rolled back then. Raises BackupChanged, RestoreRefused, ContentsDiffer; then nothing
    was changed."""
    postgres.restore(
        libpq.environment_of(url),
        schema=reader.header.schema,
        before=before,
        pieces=pieces(reader, progress),
        check=partial(_refuse_others, reader),
        on_rows=_counted(reader, progress),
        keep=keep,
    )


def pieces(reader: BackupReader, progress: Progress) -> Iterator[bytes]:
    done = 0
    for piece in reader.data():
        yield piece
        done += len(piece)
        progress("unpacking", done, 0)


async def compare(database: Database, reader: BackupReader, progress: Progress) -> None:
    """What `into_file` made; `reader` has come to its end. Raises ContentsDiffer, DatabaseUnavailable."""
    _refuse_others(reader, await database.read(partial(restoring.contents, on_rows=_counted(reader, progress))))


def _refuse_others(reader: BackupReader, found: Mapping[str, TableContents]) -> None:
    if others := differing(reader.manifest.tables, found):
        raise ContentsDiffer(
            f"what was restored is not what the backup says, in {', '.join(others)}, and nothing was changed; take "
            "another one"
        )


def _counted(reader: BackupReader, progress: Progress) -> Callable[[int], None]:
    done = 0

    def count(more: int) -> None:
        nonlocal done
        done += more
        progress("comparing", done, sum(each.rows for each in reader.manifest.tables.values()))

    return count


@asynccontextmanager
async def database_at(url: str) -> AsyncIterator[Database]:
    """With one connection, whose statements may take their time."""
    database = open_database(url, pool_size=1, max_overflow=0, patient=True)
    try:
        yield database
    finally:
        await database.close()
