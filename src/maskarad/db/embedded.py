"""SQLite on threads of its own: a whole transaction for one hop between threads, and writes that wait at the same time
share one commit, which is what makes `synchronous=FULL` affordable (`docs/decisions/embedded-database.md`)."""

import asyncio
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Generic

import structlog
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from maskarad.db.engine import READS, Query, T
from maskarad.db.failures import FULL, is_disk_full, translated
from maskarad.errors import DatabaseUnavailable

log = structlog.get_logger()

BUSY_TIMEOUT = 5.0
READERS = 2
MOST_WRITES_A_COMMIT = 64

ERRORS_APART = 60.0
ROOM_AFTER = 10.0
"""Seconds without a failure after which a disk counts as having room again: what changes little may still fit in."""


class EmbeddedDatabase:
    """One SQLite file in WAL mode: one writing thread, a few reading ones."""

    def __init__(
        self, file: Path, *, busy_timeout: float = BUSY_TIMEOUT, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`busy_timeout`: seconds to wait for another process' write. `clock` gives seconds that never go back."""
        engine = _sqlite_engine(file, begin="BEGIN IMMEDIATE", busy_timeout=busy_timeout)
        self._writer = _Writer(engine, _Disk(file.parent, clock))
        self._reader = _sqlite_engine(file, begin="BEGIN", busy_timeout=busy_timeout)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="database-read")
        self._of_thread = threading.local()
        self._reading: list[_KeptConnection] = []

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
            raise translated(error) from None

    @property
    def _kept(self) -> "_KeptConnection":
        """The connection of the reading thread that asks."""
        if not hasattr(self._of_thread, "kept"):
            self._of_thread.kept = _KeptConnection(self._reader)
            self._reading.append(self._of_thread.kept)
        kept: _KeptConnection = self._of_thread.kept
        return kept

    async def write(self, query: Query[T]) -> T:
        return await self._writer.submit(query)

    async def close(self) -> None:
        self._writer.take_no_more()
        await asyncio.to_thread(self._writer.close)
        self._readers.shutdown()
        for kept in self._reading:
            kept.close()
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


class _Disk:
    """Tells the log that it is full, once a minute, and that it is not any more."""

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        self._folder = folder
        self._clock = clock
        self._told_at = float("-inf")
        self._failed_at: float | None = None

    def saw(self, errors: Sequence[BaseException]) -> None:
        """What became of a commit."""
        now = self._clock()
        if any(map(is_disk_full, errors)):
            self._failed_at = now
            if now - self._told_at >= ERRORS_APART:
                self._told_at = now
                log.error("disk_full", folder=str(self._folder), error=FULL)
        elif not errors and self._failed_at is not None and now - self._failed_at >= ROOM_AFTER:
            self._failed_at, self._told_at = None, float("-inf")
            log.info("disk_has_room", folder=str(self._folder))


class _Writer:
    """The thread that owns the writing connection. It takes whatever waits, runs each query in a savepoint of its own,
    and commits once; nobody hears of success before that commit.

    What one turn of an event loop brings is handed over together: waking the thread costs as much as a small query."""

    def __init__(self, engine: Engine, disk: _Disk) -> None:
        self.engine = engine
        self._disk = disk
        self._connection = _KeptConnection(engine)
        self._gathered: dict[asyncio.AbstractEventLoop, list[_Write[Any]]] = {}
        self._waiting: queue.SimpleQueue[list[_Write[Any]] | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="database-write", daemon=True)
        self._thread.start()

    def submit(self, query: Query[T]) -> "asyncio.Future[T]":
        write = _Write(query)
        if self._closed:
            write.future.set_exception(DatabaseUnavailable("closed"))
        elif write.loop in self._gathered:
            self._gathered[write.loop].append(write)
        else:
            self._gathered[write.loop] = [write]
            write.loop.call_soon(self._hand_over, write.loop)
        return write.future

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        writes = self._gathered.pop(loop, None)
        if writes is not None:
            self._waiting.put(writes)

    def take_no_more(self) -> None:
        """To be called in the event loop that writes."""
        self._closed = True
        self._hand_over(asyncio.get_running_loop())
        self._waiting.put(None)

    def close(self) -> None:
        """Returns when everything that was taken is committed."""
        self._thread.join()
        self.engine.dispose()

    def _run(self) -> None:
        while (batch := self._waiting.get()) is not None:
            closing = self._take_waiting(batch)
            for first in range(0, len(batch), MOST_WRITES_A_COMMIT):
                self._commit(batch[first : first + MOST_WRITES_A_COMMIT])
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
            batch += following
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
        self._disk.saw([write.error for write in batch if write.error is not None])
        for loop in {write.loop for write in batch}:
            loop.call_soon_threadsafe(_settle, [write for write in batch if write.loop is loop])


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
        # Past SQLAlchemy, whose savepoints cost forty times as much: more than a small query itself.
        driver = _driver(connection)
        driver.execute("SAVEPOINT one_write")
        try:
            self._result = self._query(connection)
        except Exception as error:
            if not driver.in_transaction:
                raise  # SQLite ended the whole transaction for an error of its own: disk full, I/O
            driver.execute("ROLLBACK TO one_write")
            self.error = error  # its caller's, not its neighbours'
        driver.execute("RELEASE one_write")

    def settle(self) -> None:
        if self.future.cancelled():
            return
        if self.error is not None:
            self.future.set_exception(translated(self.error))
        else:
            self.future.set_result(self._result)  # type: ignore[arg-type]


def _settle(batch: Sequence[_Write[Any]]) -> None:
    for write in batch:
        write.settle()


def _sqlite_engine(file: Path, *, begin: str, busy_timeout: float) -> Engine:
    pool = {"poolclass": StaticPool} if begin == "BEGIN IMMEDIATE" else {"pool_size": READERS, "max_overflow": 0}
    engine = create_engine(
        URL.create("sqlite", database=str(file)),
        connect_args={"check_same_thread": False, "isolation_level": None, "timeout": busy_timeout},
        hide_parameters=True,
        execution_options={READS: True} if begin == "BEGIN" else {},
        **pool,
    )

    @event.listens_for(engine, "do_connect")
    def make_private(*_: object) -> None:
        # SQLite would let everybody on the machine read what people say; its other files take after this one.
        with suppress(OSError):
            os.close(os.open(file, os.O_CREAT | os.O_EXCL, 0o600))

    @event.listens_for(engine, "connect")
    def configure(connection: object, _record: object) -> None:
        assert isinstance(connection, sqlite3.Connection)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
            # What is erased is overwritten, also where SQLite is built to leave it in free pages.
            connection.execute("PRAGMA secure_delete=ON")
        except sqlite3.Error:
            connection.close()
            raise

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        _driver(connection).execute(begin)

    return engine


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver
