"""Everything of one database into another, empty one: from SQLite to PostgreSQL when a platform outgrows its machine,
and back. It stays the same platform, so its identity moves along, and only one of the two may be used afterwards.

The target is filled in one transaction, which is committed only if both hold the same then. Whatever ends it before
leaves the target as empty as it was. The source is only read, page by page: whoever wrote to it meanwhile is found out
when both are compared.
"""

import asyncio
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection, delete, func, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.util.concurrency import await_, in_greenlet

from maskarad.db import contents, migrate, partitioning, partitions, schema
from maskarad.db.contents import INDEX, NAMES, Row
from maskarad.db.engine import Database
from maskarad.db.failures import translated
from maskarad.db.restoring import OF_A_NEW_ONE, forget_processes
from maskarad.db.tables import (
    chat_contexts,
    metadata,
    platform_identity,
    polling_leases,
    processes,
)
from maskarad.errors import BadInput, DatabaseUnavailable, MaskaradError
from maskarad.values import Value

T = TypeVar("T")

LEFT_BEHIND = frozenset({processes.name, polling_leases.name})
"""Tell who is at work on the source and polls for which bot: nobody is, and whoever begins on the target says so
himself. Claims and leases of work do move: what a process held that was killed is free when its lease has run out, as
ever."""


class Stage(StrEnum):
    COPYING = "copying"
    CHECKING = "checking"


class Progress(Value, frozen=True):
    """Of a stage, `done` of `total` rows; `table` is the one it is at. Checking goes through the rows of both
    databases."""

    stage: Stage
    table: str
    done: int
    total: int


OnProgress = Callable[[Progress], None]
"""May be called in another thread, never in two at once."""


class ContentsDiffer(MaskaradError):
    """Two databases that should hold the same do not."""


async def move(source: Database, target: Database, on_progress: OnProgress) -> int:
    """Returns how many rows were copied. Nobody else may be at work on either; see to it on SQLite. Raises
    BadInput for databases that cannot be moved so, ContentsDiffer where both do not hold the same in the end, and
    DatabaseUnavailable; then the target is as it was."""
    identity = await source.read(_identity)
    # First of all: to one and the same database each side is somebody else.
    if await target.read(partial(_is_of, identity=identity)):
        raise BadInput("--to names the database that is to be moved, or a copy of it")
    await source.read(partial(_refuse_others, name="the database that is to be moved"))
    reading = _Reading(source)
    try:
        return await target.write(lambda connection: _Move(reading, connection, on_progress).run())
    except asyncio.CancelledError:
        reading.stop()
        raise


def _identity(connection: Connection) -> str:
    """Which platform the source is."""
    if schema.revision_of(connection) is None:
        raise BadInput("the database of the settings is empty: there is nothing to move")
    schema.check(connection)
    if schema.revision_of(connection) != schema.REVISION:
        raise BadInput(f"the database's schema is newer than {schema.REVISION}: move it with the version it belongs to")
    return schema.identity(connection)


def _is_of(connection: Connection, identity: str) -> bool:
    return platform_identity.name in _tables(connection) and schema.identity(connection) == identity


def _tables(connection: Connection) -> frozenset[str]:
    return frozenset(inspect(connection).get_table_names())


def _refuse_others(connection: Connection, name: str) -> None:
    if connection.dialect.name == "postgresql" and (others := partitioning.others(connection)):
        raise BadInput(f"others are connected to {name} ({others}): stop every process of the platform first")


class _Reading:
    """Reads the source for whoever fills the target: a thread of its own with SQLite, with PostgreSQL a greenlet of the
    event loop. Made in the loop."""

    def __init__(self, source: Database) -> None:
        self._source = source
        self._loop = asyncio.get_running_loop()
        self._stopped = False

    def __call__(self, query: Callable[[Connection], T]) -> T:
        self.check()
        if in_greenlet():
            return await_(self._source.read(query))
        return asyncio.run_coroutine_threadsafe(self._read(query), self._loop).result()

    def stop(self) -> None:
        self._stopped = True

    def check(self) -> None:
        """Raises CancelledError when it was stopped: nothing else would end a thread that fills the target."""
        if self._stopped:
            raise asyncio.CancelledError

    async def _read(self, query: Callable[[Connection], T]) -> T:
        return await self._source.read(query)


class _Move:
    def __init__(self, read: _Reading, target: Connection, on_progress: OnProgress) -> None:
        self._read = read
        self._target = target
        self._tell = on_progress
        self._done = 0
        self._total = 0

    def run(self) -> int:
        _make_ready(self._target)
        rows = self._read(partial(contents.counts, leave_out=LEFT_BEHIND))
        self._total = sum(rows.values())
        for name in rows:
            if name == chat_contexts.name:
                self._make_room()
            self._copy(name)
        self._go_on_counting()
        copied = self._done
        self._compare()
        forget_processes(self._target)
        return copied

    def _copy(self, name: str) -> None:
        after: Row | None = None
        while rows := self._read(partial(contents.page, name=name, after=after)):
            _add(self._target, name, rows)
            after = contents.key_of(name, rows[-1])
            self._progress(Stage.COPYING, name, len(rows))

    def _make_room(self) -> None:
        """Partitions for the numbers that the history's lines have, and none for large gaps between them. What this
        does to the sequence a rollback does not undo, which only leaves numbers out."""
        if self._target.dialect.name != "postgresql":
            return
        partitioning.partition(self._target)
        upper = partitions.every(self._target)[-1].upper
        while (following := self._read(partial(_first_id, lowest=upper))) is not None:
            upper = max(upper, following // partitions.WIDTH * partitions.WIDTH)
            self._target.execute(_COUNTED_TO["postgresql"], {"table": chat_contexts.name, "last": upper - 1})
            partitions.make_ahead(self._target)
            upper = partitions.every(self._target)[-1].upper

    def _go_on_counting(self) -> None:
        """New rows get numbers above all that were ever given out, but for tables of which SQLite remembers no more
        than the last row."""
        counted_to = _COUNTED_TO[self._target.dialect.name]
        for name, last in self._read(_last_numbers).items():
            self._target.execute(counted_to, {"table": name, "last": last})
        if self._target.dialect.name != "postgresql":
            return
        partitions.make_ahead(self._target)
        for name in NAMES:
            self._target.exec_driver_sql(f"ANALYZE {name}")  # or the first queries are planned for empty tables

    def _compare(self) -> None:
        self._done, self._total = 0, 2 * self._total

        def passed(name: str, rows: int) -> None:
            self._progress(Stage.CHECKING, name, rows)

        look = partial(contents.fingerprint, leave_out=LEFT_BEHIND, on_rows=passed)
        if differing := contents.differing(self._read(look), look(self._target)):
            raise ContentsDiffer(
                f"nothing was moved: the copy is not what the database holds now ({', '.join(differing)}); stop "
                "whatever writes to either, then try again"
            )

    def _progress(self, stage: Stage, name: str, rows: int) -> None:
        self._read.check()
        self._done += rows
        self._tell(Progress(stage=stage, table=name, done=self._done, total=self._total))


def _make_ready(target: Connection) -> None:
    """Lock a target that is empty and bring its schema up. Raises BadInput for any other."""
    names = _tables(target)
    there = [name for name in NAMES if name in names]
    _refuse_others(target, "the database that --to names")
    if target.dialect.name == "postgresql" and there:
        target.exec_driver_sql(f"LOCK TABLE {', '.join(there)} IN EXCLUSIVE MODE")
    if used := [name for name in there if name not in OF_A_NEW_ONE and _has_rows(target, name)]:
        raise BadInput(f"the database that --to names is not empty ({', '.join(used)}): name one that is")
    migrate.upgrade(target)
    for name in OF_A_NEW_ONE:  # it gives way
        target.execute(delete(metadata.tables[name]))


def _has_rows(connection: Connection, name: str) -> bool:
    return connection.execute(text(f"SELECT 1 FROM {name} LIMIT 1")).first() is not None


def _add(target: Connection, name: str, rows: Sequence[Row]) -> None:
    try:
        target.exec_driver_sql(_insert_into(target, name), list(rows))
    except DBAPIError as error:
        known = translated(error)
        if isinstance(known, DatabaseUnavailable):
            raise
        first, last = contents.key_of(name, rows[0]), contents.key_of(name, rows[-1])
        raise BadInput(
            f"nothing was moved: some row of {name} between {first} and {last} cannot be stored there"
        ) from None


_ADD_WORDS = {
    "sqlite": f"INSERT INTO {INDEX} (rowid, words) VALUES (?, ?)",
    "postgresql": f"INSERT INTO {INDEX} (id, words) VALUES ($1, array_to_tsvector(string_to_array($2, ' ')))",
}


def _insert_into(target: Connection, name: str) -> str:
    if name == INDEX:
        return _ADD_WORDS[target.dialect.name]
    return str(insert(metadata.tables[name]).inline().compile(dialect=target.dialect))


_COUNTED_TO = {
    "sqlite": text("UPDATE sqlite_sequence SET seq = :last WHERE name = :table"),
    "postgresql": text("SELECT setval(CAST(pg_get_serial_sequence(:table, 'id') AS regclass), :last)"),
}
_GIVEN_OUT = {
    "sqlite": text("SELECT seq FROM sqlite_sequence WHERE name = :table"),
    "postgresql": text("SELECT pg_sequence_last_value(CAST(pg_get_serial_sequence(:table, 'id') AS regclass))"),
}


def _first_id(connection: Connection, lowest: int) -> int | None:
    found: int | None = connection.execute(
        select(func.min(chat_contexts.c.id)).where(chat_contexts.c.id >= lowest)
    ).scalar()
    return found


def _last_numbers(connection: Connection) -> dict[str, int]:
    """Of tables that count their rows, the last number each has given out, as far as it is known."""
    given_out = _GIVEN_OUT[connection.dialect.name]
    found = {}
    for each in metadata.sorted_tables:
        key = each.autoincrement_column
        if key is None:
            continue
        newest = connection.execute(select(func.max(key))).scalar()
        counted = connection.execute(given_out, {"table": each.name}).scalar()
        if last := max(newest or 0, counted or 0):
            found[each.name] = last
    return found
