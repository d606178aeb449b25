"""One interface over both databases: `read` and `write` run plain functions of a `Connection` in one transaction.

PostgreSQL runs them through asyncpg. SQLite runs them on threads of its own, a whole transaction for one hop between
threads (`docs/decisions/embedded-database.md` has the measurement), and writes that wait at the same time share one
commit, which is what makes `synchronous=FULL` affordable.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import StaticPool

from maskarad.errors import DatabaseUnavailable

T = TypeVar("T")
Query = Callable[[Connection], T]

BUSY_TIMEOUT = 5.0
CONNECT_TIMEOUT = 5.0
STATEMENT_TIMEOUT = 20.0
PATIENCE = 60.0
LONGEST_PAUSE = 2.0
READERS = 2
MOST_WRITES_A_COMMIT = 64

# Classes of SQLSTATE that speak of the server and not of the statement: no connection, not let in, no such database,
# rolled back for another's sake (deadlock), out of resources, shutting down, its machine's errors.
UNAVAILABLE_CLASSES = frozenset({"08", "28", "3D", "40", "53", "57", "58"})


class Database(Protocol):
    """Both methods raise DatabaseUnavailable when the database does not answer; then nothing was committed, or (a
    connection lost during the commit itself) it is unknown whether it was, which every write must survive."""

    @property
    def engine(self) -> Engine:
        """For migrations and for counting statements; nothing else."""

    async def read(self, query: Query[T]) -> T:
        """Run a query that changes nothing, on one snapshot."""

    async def write(self, query: Query[T]) -> T:
        """Run a query in a transaction; it is durable when this returns. An exception of the query rolls it back."""

    async def close(self) -> None: ...


def open_database(url: str, *, pool_size: int, max_overflow: int) -> Database:
    """Connect lazily to `sqlite:///FILE` or `postgresql://…`."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return EmbeddedDatabase(Path(parsed.database or ""))
    return ServerDatabase(parsed, pool_size=pool_size, max_overflow=max_overflow)


async def write_patiently(database: Database, query: Query[T], *, patience: float = PATIENCE) -> T:
    """Write what cannot be found out again (what was sent, what was paid for): while the database is away, try again
    for `patience` seconds. The query must bear being run again after a commit whose answer was lost."""
    loop = asyncio.get_running_loop()
    ends_at, pause = loop.time() + patience, 0.1
    while True:
        try:
            return await database.write(query)
        except DatabaseUnavailable:
            if loop.time() + pause > ends_at:
                raise
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


class ServerDatabase:
    """PostgreSQL through asyncpg."""

    def __init__(self, url: URL, *, pool_size: int, max_overflow: int) -> None:
        self._engine = create_async_engine(
            url.set(drivername="postgresql+asyncpg"),
            pool_size=pool_size,
            max_overflow=max_overflow,
            pool_timeout=CONNECT_TIMEOUT,
            connect_args={"timeout": CONNECT_TIMEOUT, "command_timeout": STATEMENT_TIMEOUT},
        )
        self._reader = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @property
    def engine(self) -> Engine:
        return self._engine.sync_engine

    async def read(self, query: Query[T]) -> T:
        return await self._run(self._reader, query)

    async def write(self, query: Query[T]) -> T:
        return await self._run(self._engine, query)

    async def _run(self, engine: AsyncEngine, query: Query[T]) -> T:
        try:
            async with engine.begin() as connection:
                return await connection.run_sync(query)
        except (DBAPIError, PoolTimeout, OSError) as error:
            raise _translated(error) from None

    async def close(self) -> None:
        await self._engine.dispose()


class EmbeddedDatabase:
    """One SQLite file in WAL mode: one writing thread, a few reading ones."""

    def __init__(self, file: Path) -> None:
        self._writer = _Writer(_sqlite_engine(file, begin="BEGIN IMMEDIATE"))
        self._reader = _sqlite_engine(file, begin="BEGIN")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="database-read")
        self._of_thread = threading.local()

    @property
    def engine(self) -> Engine:
        return self._writer.engine

    @property
    def engines(self) -> Sequence[Engine]:
        return (self._writer.engine, self._reader)

    async def read(self, query: Query[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, query)

    def _read(self, query: Query[T]) -> T:
        kept = self._kept
        try:
            connection = kept.get()
            with connection.begin():
                return query(connection)
        except (DBAPIError, sqlite3.Error) as error:
            kept.after(error)
            raise _translated(error) from None

    @property
    def _kept(self) -> "_KeptConnection":
        """The connection of the reading thread that asks."""
        if not hasattr(self._of_thread, "kept"):
            self._of_thread.kept = _KeptConnection(self._reader)
        kept: _KeptConnection = self._of_thread.kept
        return kept

    async def write(self, query: Query[T]) -> T:
        return await self._writer.submit(query)

    async def close(self) -> None:
        await asyncio.to_thread(self._writer.close)
        self._readers.shutdown()
        self._reader.dispose()


class _KeptConnection:
    """A thread's own connection, open from its first use on: taking one from the pool and giving it back costs a third
    of a small transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None

    def get(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def after(self, error: BaseException) -> None:
        """A connection that the driver complained about is opened anew next time."""
        if self._connection is not None and isinstance(error, DBAPIError | sqlite3.Error):
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


class _Writer:
    """The thread that owns the writing connection. It takes whatever waits, runs each query in a savepoint of its own,
    and commits once; nobody hears of success before that commit."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._connection = _KeptConnection(engine)
        self._waiting: queue.SimpleQueue[_Write[Any] | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="database-write", daemon=True)
        self._thread.start()

    def submit(self, query: Query[T]) -> "asyncio.Future[T]":
        write = _Write(query)
        if self._closed:
            write.future.set_exception(DatabaseUnavailable("closed"))
        else:
            self._waiting.put(write)
        return write.future

    def close(self) -> None:
        self._closed = True
        self._waiting.put(None)
        self._thread.join()
        self.engine.dispose()

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            batch = [first]
            closing = self._take_waiting(batch)
            self._commit(batch)
            for loop in {write.loop for write in batch}:
                loop.call_soon_threadsafe(_settle, [write for write in batch if write.loop is loop])
            if closing:
                break
        self._connection.close()

    def _take_waiting(self, batch: "list[_Write[Any]]") -> bool:
        while len(batch) < MOST_WRITES_A_COMMIT:
            try:
                following = self._waiting.get_nowait()
            except queue.Empty:
                return False
            if following is None:
                return True
            batch.append(following)
        return False

    def _commit(self, batch: "Sequence[_Write[Any]]") -> None:
        try:
            connection = self._connection.get()
            with connection.begin():
                for write in batch:
                    write.run(connection, alone=len(batch) == 1)
        except BaseException as error:  # noqa: BLE001 - the outermost loop of this thread: every waiter hears of it
            self._connection.after(error)
            for write in batch:
                write.error = write.error or error


class _Write(Generic[T]):
    def __init__(self, query: Query[T]) -> None:
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[T] = self.loop.create_future()
        self.error: BaseException | None = None
        self._query = query
        self._result: T | None = None

    def run(self, connection: Connection, *, alone: bool) -> None:
        if alone:
            self._result = self._query(connection)
            return
        try:
            with connection.begin_nested():
                self._result = self._query(connection)
        except Exception as error:
            if not _in_transaction(connection):
                raise
            self.error = error  # its caller's, not its neighbours'

    def settle(self) -> None:
        if self.future.cancelled():
            return
        if self.error is not None:
            self.future.set_exception(_translated(self.error))
        else:
            self.future.set_result(self._result)  # type: ignore[arg-type]


def _settle(batch: Sequence[_Write[Any]]) -> None:
    for write in batch:
        write.settle()


def _sqlite_engine(file: Path, *, begin: str) -> Engine:
    pool = {"poolclass": StaticPool} if begin == "BEGIN IMMEDIATE" else {"pool_size": READERS, "max_overflow": 0}
    engine = create_engine(
        URL.create("sqlite", database=str(file)),
        connect_args={"check_same_thread": False, "isolation_level": None, "timeout": BUSY_TIMEOUT},
        **pool,
    )

    @event.listens_for(engine, "connect")
    def configure(connection: object, _record: object) -> None:
        execute = connection.execute  # type: ignore[attr-defined]
        execute("PRAGMA journal_mode=WAL")
        execute("PRAGMA synchronous=FULL")
        execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.connection.driver_connection.execute(begin)  # type: ignore[union-attr]

    return engine


def _in_transaction(connection: Connection) -> bool:
    """False when SQLite ended the whole transaction for an error of its own (disk full, I/O)."""
    return bool(connection.connection.driver_connection.in_transaction)  # type: ignore[union-attr]


def _translated(error: BaseException) -> BaseException:
    return DatabaseUnavailable(type(error).__name__) if _is_unavailable(error) else error


def _is_unavailable(error: BaseException) -> bool:
    """Whether the database failed, and not what it was asked."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, PoolTimeout | OSError | sqlite3.Error)
    if error.connection_invalidated or isinstance(error, OperationalError) or type(error) is DatabaseError:
        return True
    return str(getattr(error.orig, "sqlstate", None))[:2] in UNAVAILABLE_CLASSES
