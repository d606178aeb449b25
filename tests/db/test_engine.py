import asyncio
import os
import sqlite3
import stat
import sys
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import Pool

from maskarad.db import hearing, seen
from maskarad.db.embedded import MOST_WRITES_A_COMMIT, EmbeddedDatabase
from maskarad.db.engine import Database, Query
from maskarad.db.tables import users
from maskarad.errors import DatabaseUnavailable, MaskaradError
from tests.support import rows
from tests.support.databases import OpenDatabase, connect, migrated
from tests.support.rows import NOW, said
from tests.support.servers import PostgresServer

Outside = Callable[[str], None]

COUNT = text("SELECT count(*) FROM seen_updates")


def see(update_id: int) -> Query[int]:
    def query(connection: Connection) -> int:
        seen.once(connection, 1, update_id, now=NOW)
        return update_id

    return query


def count(connection: Connection) -> int:
    return int(connection.execute(COUNT).scalar_one())


def stored(connection: Connection) -> set[int]:
    return set(connection.execute(text("SELECT update_id FROM seen_updates")).scalars())


@asynccontextmanager
async def closing_database(opened: str | Database) -> AsyncIterator[Database]:
    """A database, or what an address names, for the length of a block."""
    database = connect(opened) if isinstance(opened, str) else opened
    try:
        yield database
    finally:
        await database.close()


@pytest.fixture
def outside(database_url: str, request: pytest.FixtureRequest) -> Outside:
    """Runs one statement as another program does, from inside any function."""

    def on_sqlite(statement: str) -> None:
        with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
            other.execute(statement)

    def on_postgresql(statement: str) -> None:
        server: PostgresServer = request.getfixturevalue("postgres")
        server.execute(statement, database=database_url.rpartition("/")[2])

    return on_sqlite if database_url.startswith("sqlite") else on_postgresql


async def test_what_a_query_raises_reaches_its_caller_and_rolls_back(database: Database) -> None:
    def spoilt(connection: Connection) -> None:
        seen.once(connection, 1, 1, now=NOW)
        raise MaskaradError("no")

    with pytest.raises(MaskaradError, match="no"):
        await database.write(spoilt)
    assert await database.read(count) == 0


async def test_five_hundred_writes_at_once_are_all_there(database: Database, open_again: OpenDatabase) -> None:
    written = await asyncio.gather(*(database.write(see(number)) for number in range(500)))
    assert written == list(range(500))
    assert await open_again().read(stored) == set(range(500))


async def test_a_failing_write_does_not_spoil_its_neighbours(database: Database) -> None:
    def broken(_connection: Connection) -> int:
        raise ZeroDivisionError

    def refused(connection: Connection) -> int:
        connection.execute(text("INSERT INTO users (id) VALUES (1)"))
        return 0

    await database.write(see(1))
    queries = [see(4), broken, see(2), see(1), refused, see(3)]
    outcomes = await asyncio.gather(*(database.write(query) for query in queries), return_exceptions=True)
    assert [type(outcome).__name__ for outcome in outcomes] == [
        "int",
        "ZeroDivisionError",
        "int",
        "AlreadySeen",
        "IntegrityError",
        "int",
    ]
    assert await database.read(stored) == {1, 2, 3, 4}


async def test_a_wrong_statement_does_not_spoil_its_neighbours(database: Database) -> None:
    def wrong(connection: Connection) -> int:
        connection.execute(text("SELECT nothing FROM nowhere"))
        return 0

    outcomes = await asyncio.gather(
        *(database.write(query) for query in (see(1), wrong, see(2))), return_exceptions=True
    )
    assert outcomes[0] == 1
    assert outcomes[2] == 2
    assert isinstance(outcomes[1], Exception)
    assert await database.read(stored) == {1, 2}


@pytest.mark.parametrize("value", [2**70, "\ud800"], ids=["too large an id", "half a surrogate pair"])
async def test_what_no_column_can_hold_is_the_asker_s_fault(database: Database, value: object) -> None:
    """Were it called unavailable, Telegram would bring the same hostile update again for ever."""

    def hostile(connection: Connection) -> None:
        column = "id" if isinstance(value, int) else "name"
        values = {"id": 1, "name": "", column: value}
        connection.execute(insert(users).values(language="en", created_at=0.0, **values))

    [outcome] = await asyncio.gather(database.write(hostile), return_exceptions=True)
    assert isinstance(outcome, Exception)
    assert not isinstance(outcome, DatabaseUnavailable)
    assert await database.write(see(1)) == 1


CANARY = "the words of a person"


@pytest.mark.parametrize("values", [{}, {"id": CANARY}], ids=["a row that fails", "a value of the wrong type"])
async def test_no_error_of_the_database_carries_what_people_said(database: Database, values: dict[str, object]) -> None:
    def refused(connection: Connection) -> None:
        row = {"id": 1, "name": CANARY, "language": "en", "created_at": None, **values}
        connection.execute(insert(users).values(row))

    for queries in ([refused], [refused, see(1)]):
        outcome, *_ = await asyncio.gather(*(database.write(query) for query in queries), return_exceptions=True)
        assert isinstance(outcome, DBAPIError)
        assert CANARY not in "".join(traceback.format_exception(outcome))
        assert CANARY not in repr(outcome)


async def test_a_cancelled_write_harms_no_other(database: Database) -> None:
    writes = [asyncio.ensure_future(database.write(see(number))) for number in range(10)]
    await asyncio.sleep(0)
    writes[3].cancel()
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert isinstance(outcomes[3], asyncio.CancelledError)
    assert {number for number in outcomes if isinstance(number, int)} == set(range(10)) - {3}
    assert await database.read(stored) >= set(range(10)) - {3}


async def test_a_read_sees_one_moment(database: Database, outside: Outside) -> None:
    """Two statements of one read agree with each other although a write lands between them."""

    def twice(connection: Connection) -> tuple[int, int]:
        before = count(connection)
        outside("INSERT INTO seen_updates VALUES (1, 1, 0)")
        return before, count(connection)

    assert await database.read(twice) == (0, 0)
    assert await database.read(count) == 1


async def test_closing_settles_what_was_submitted(database_url: str, database: Database) -> None:
    other = connect(database_url)
    writes = [asyncio.ensure_future(other.write(see(number))) for number in range(200)]
    await asyncio.sleep(0)
    if isinstance(other, EmbeddedDatabase):
        await other.close()
        assert await asyncio.gather(*writes) == list(range(200))
    else:
        await asyncio.gather(*writes)
        await other.close()
    assert await database.read(stored) == set(range(200))


async def test_one_commit_holds_no_more_than_its_share_of_a_crowd(sqlite_url: str) -> None:
    database = connect(sqlite_url)
    commits: list[Connection] = []
    event.listen(database.engines[0], "commit", commits.append)
    crowd = 5 * MOST_WRITES_A_COMMIT
    await asyncio.gather(*(database.write(partial(seen.once, bot_id=1, update_id=n, now=NOW)) for n in range(crowd)))
    assert len(commits) == 5
    await database.close()


async def test_a_closed_file_refuses_writes(sqlite_url: str) -> None:
    database = connect(sqlite_url)
    await database.close()
    with pytest.raises(DatabaseUnavailable):
        await asyncio.wait_for(database.write(see(1)), 5)


@contextmanager
def locked(file: str) -> Iterator[None]:
    """Another program holds the file's write lock."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def test_a_locked_file_is_unavailable_and_loses_nothing(sqlite_url: str) -> None:
    file = sqlite_url.removeprefix("sqlite:///")
    async with closing_database(EmbeddedDatabase(Path(file), busy_timeout=0.2)) as database:
        await database.write(see(1))
        with locked(file):
            writes = (database.write(see(number)) for number in (2, 3, 4))
            outcomes = await asyncio.gather(*writes, return_exceptions=True)
            assert [type(outcome) for outcome in outcomes] == [DatabaseUnavailable] * 3
            assert await database.read(stored) == {1}
        await asyncio.gather(*(database.write(see(number)) for number in (2, 3, 4)))
        assert await database.read(stored) == {1, 2, 3, 4}


async def test_a_file_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    async with closing_database(f"sqlite:///{tmp_path}/missing/maskarad.db") as database:
        with pytest.raises(DatabaseUnavailable):
            await database.write(see(1))
        with pytest.raises(DatabaseUnavailable):
            await database.read(count)


async def test_a_new_file_and_what_lies_beside_it_are_for_their_owner_only(tmp_path: Path) -> None:
    usual = os.umask(0o022)
    try:
        async with closing_database(f"sqlite:///{tmp_path / 'new.db'}") as database:
            await database.write(lambda connection: connection.execute(text("CREATE TABLE said (what TEXT)")))
            modes = {name: stat.S_IMODE(os.stat(tmp_path / name).st_mode) for name in os.listdir(tmp_path)}
    finally:
        os.umask(usual)
    assert modes == {"new.db": 0o600, "new.db-wal": 0o600, "new.db-shm": 0o600}


async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    file = tmp_path / "maskarad.db"
    file.write_bytes(b"these are not the rows you are looking for" * 100)
    async with closing_database(f"sqlite:///{file}") as database:
        with pytest.raises(DatabaseUnavailable):
            await database.write(see(1))


WRITER = """
import asyncio, sys
from maskarad.db import seen
from maskarad.db.opening import open_database

async def write(database, number):
    await database.write(lambda connection: seen.once(connection, 1, number, now=0.0))
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()

async def main():
    database = open_database(sys.argv[1], pool_size=5, max_overflow=30)
    for first in range(0, 1_000_000, 20):
        await asyncio.gather(*(write(database, number) for number in range(first, first + 20)))

asyncio.run(main())
"""


async def test_kill_9_keeps_every_acknowledged_write(database_url: str, database: Database) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, database_url, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    acknowledged = {int(await process.stdout.readline()) for _ in range(300)}
    process.kill()
    acknowledged |= {
        int(line) for line in (await process.stdout.read()).splitlines(keepends=True) if line.endswith(b"\n")
    }
    await process.wait()
    kept = await database.read(stored)
    assert len(acknowledged) >= 300
    assert acknowledged <= kept


@pytest.fixture
async def server(own_postgres: PostgresServer) -> AsyncIterator[Database]:
    """A database on a server that the test may stop."""
    own_postgres.execute("CREATE DATABASE maskarad")
    migrated(own_postgres.url("maskarad"))
    database = connect(own_postgres.url("maskarad"))
    yield database
    await database.close()


@pytest.mark.parametrize("way", ["stop", "kill"])
async def test_postgresql_gone_and_back(own_postgres: PostgresServer, server: Database, way: str) -> None:
    await asyncio.gather(*(server.write(see(number)) for number in range(10)))
    getattr(own_postgres, way)()
    for _ in range(2):
        attempts = (server.write(see(99)), server.read(count), server.write(see(98)))
        outcomes = await asyncio.gather(*attempts, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [DatabaseUnavailable] * 3
    own_postgres.start()
    await server.write(see(99))
    assert await server.read(stored) == {*range(10), 99}


async def test_connections_ended_under_us_cost_one_failure(own_postgres: PostgresServer, server: Database) -> None:
    """A restart that nobody noticed: the pool's stale connections fail once, all together, and are replaced."""
    await asyncio.gather(*(server.write(see(number)) for number in range(10)))
    own_postgres.kill()
    own_postgres.start()
    with pytest.raises(DatabaseUnavailable):
        await server.write(see(50))
    assert await asyncio.gather(*(server.write(see(number)) for number in range(60, 70))) == list(range(60, 70))


async def test_a_query_whose_connection_is_ended_is_unavailable(postgres: PostgresServer, postgres_url: str) -> None:
    name = postgres_url.rpartition("/")[2]

    def ended(connection: Connection) -> None:
        seen.once(connection, 1, 1, now=NOW)
        postgres.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        seen.once(connection, 1, 2, now=NOW)

    async with closing_database(postgres_url) as database:
        with pytest.raises(DatabaseUnavailable):
            await database.write(ended)
        assert await database.read(count) == 0


async def test_a_deadlock_is_unavailable_for_one_of_both(postgres_url: str) -> None:
    """Nothing of the loser was committed, so it may try again, as its caller does with any DatabaseUnavailable."""
    async with closing_database(postgres_url) as database:
        links_of_two = [await database.write(partial(rows.link, number=number)) for number in (1, 2)]

        def both(order: list[int]) -> Query[None]:
            def query(connection: Connection) -> None:
                for link_id in order:
                    hearing.ask(connection, link_id, said(link_id * 1000 + order[0]), due_at=NOW)
                    connection.execute(text("SELECT pg_sleep(0.3)"))

            return query

        outcomes = await asyncio.gather(
            database.write(both(links_of_two)), database.write(both(links_of_two[::-1])), return_exceptions=True
        )
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["DatabaseUnavailable", "NoneType"]


async def test_a_wrong_database_name_is_unavailable(postgres: PostgresServer) -> None:
    async with closing_database(postgres.url("nowhere")) as database:
        with pytest.raises(DatabaseUnavailable):
            await database.read(count)


async def test_what_is_erased_is_overwritten_however_sqlite_was_built(sqlite_url: str) -> None:
    def leave_in_free_pages(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA secure_delete=OFF")

    event.listen(Pool, "connect", leave_in_free_pages)
    try:
        async with closing_database(sqlite_url) as database:
            for access in (database.read, database.write):
                assert await access(lambda c: c.exec_driver_sql("PRAGMA secure_delete").scalar_one()) == 1
    finally:
        event.remove(Pool, "connect", leave_in_free_pages)
