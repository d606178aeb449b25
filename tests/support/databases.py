"""Both databases for every test that asks for one: migrated, empty, its own, and made from a template in no time."""

import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from maskarad.db import migrate
from maskarad.db.engine import Database
from maskarad.db.opening import open_database
from maskarad.db.tables import metadata, platform_identity
from tests.support.servers import PostgresServer, PrometheusServer, RedisServer, ServerMissing
from tests.support.statements import Statements, counted

Server = TypeVar("Server", PostgresServer, RedisServer, PrometheusServer)
OpenDatabase = Callable[[], Database]
CountStatements = Callable[[Database], AbstractContextManager[Statements]]

END_OTHERS = (
    "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
SCHEMA = (
    "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
    "UNION ALL SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2"
)

_numbers = itertools.count(1)


def connect(url: str) -> Database:
    return open_database(url, pool_size=5, max_overflow=30)


def migrated(url: str) -> None:
    """Bring a database up to date, in a thread with an event loop of its own."""

    async def upgrade() -> None:
        database = connect(url)
        try:
            await database.write(migrate.upgrade)
        finally:
            await database.close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(upgrade())).result()


@contextmanager
def running(make: Callable[[], Server]) -> Iterator[Server]:
    """A server from start to stop. Where its program is missing the test fails: a skipped test would hide that."""
    try:
        server = make()
    except ServerMissing as missing:
        pytest.fail(str(missing), pytrace=False)
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The session's PostgreSQL; not to be stopped, see `own_postgres`."""
    with running(PostgresServer) as server:
        yield server


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    """The session's Redis; not to be stopped, see `own_redis`."""
    with running(RedisServer) as server:
        yield server


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL that the test may stop, kill and start again."""
    with running(PostgresServer) as server:
        yield server


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis that the test may stop, kill and start again."""
    with running(RedisServer) as server:
        yield server


@pytest.fixture
def redis_url(redis: RedisServer) -> str:
    """The session's Redis, emptied."""
    redis.execute("FLUSHALL")
    return redis.url


class EmptyDatabases:
    """Migrated, empty databases of one PostgreSQL. Making one costs a quarter of a second, emptying a used one a tenth
    of that. One whose schema a test has changed is not used again."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._free: list[str] = []
        server.execute("CREATE DATABASE template_of_all")
        migrated(server.url("template_of_all"))
        self._schema = server.execute(SCHEMA, database="template_of_all")
        tables = ", ".join(table.name for table in metadata.tables.values() if table is not platform_identity)
        # Which platform it is may stay, which key it has may not.
        keyless = "UPDATE platform_identity SET key_check = NULL"
        self._empty = f"TRUNCATE {tables}, history_index RESTART IDENTITY; {keyless}"

    def url(self, name: str) -> str:
        return self._server.url(name)

    def take(self) -> str:
        if self._free:
            return self._free.pop()
        name = f"test_{next(_numbers)}"
        self._server.clone("template_of_all", name)
        return name

    def give_back(self, name: str) -> None:
        try:
            said = self._server.execute(END_OTHERS, SCHEMA, self._empty, database=name)
        except RuntimeError:
            said = ""
        if said.partition("\n")[2] == self._schema:
            self._free.append(name)
        else:
            self._server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def empty_databases(postgres: PostgresServer) -> EmptyDatabases:
    return EmptyDatabases(postgres)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "maskarad.db"
    migrated(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated, empty SQLite file."""
    file = shutil.copy(sqlite_template, tmp_path / "maskarad.db")
    return f"sqlite:///{file}"


@pytest.fixture
def postgres_url(empty_databases: EmptyDatabases) -> Iterator[str]:
    """A migrated, empty PostgreSQL database."""
    name = empty_databases.take()
    yield empty_databases.url(name)
    empty_databases.give_back(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated, empty database that no other test sees: the test runs once on SQLite and once on PostgreSQL."""
    return str(request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]))


@pytest.fixture
async def open_again(database_url: str) -> AsyncIterator[OpenDatabase]:
    """Opens the test's database as another process would; what it opened is closed at the end."""
    opened: list[Database] = []

    def another() -> Database:
        opened.append(connect(database_url))
        return opened[-1]

    yield another
    for database in opened:
        await database.close()


@pytest.fixture
def database(open_again: OpenDatabase) -> Database:
    return open_again()


@pytest.fixture
def statements() -> CountStatements:
    """`with statements(database) as seen: …` counts what the block asks of the database."""
    return counted
