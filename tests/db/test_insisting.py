"""A change of tables waits for a dump, and nobody waits behind it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.util import await_only

from maskarad.db import migrate, schema
from maskarad.db.engine import Database
from maskarad.db.insisting import PAUSE, WITHIN, insist
from maskarad.db.tables import users
from maskarad.errors import BadInput, TablesInUse
from tests.support.clock import FakeClock
from tests.support.until import until

WAITING = text(
    "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = to_regclass('users') AND NOT granted "
    "AND mode = 'AccessExclusiveLock')"
)


@asynccontextmanager
async def dumped(database: Database) -> AsyncIterator[None]:
    """Somebody holds what pg_dump holds until the block ends."""
    holds, ends = asyncio.Event(), asyncio.Event()

    def dump(connection: Connection) -> None:
        connection.exec_driver_sql("LOCK TABLE users IN ACCESS SHARE MODE")
        holds.set()
        await_only(ends.wait())

    dumping = asyncio.create_task(database.write(dump))
    await holds.wait()
    try:
        yield
    finally:
        ends.set()
        await dumping


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_nobody_waits_behind_a_migration_that_waits_for_a_dump(database: Database) -> None:
    await database.write(partial(migrate.downgrade, revision="0004"))
    told: list[str] = []
    pauses, goes_on = asyncio.Event(), asyncio.Event()

    async def pause(seconds: float) -> None:
        assert seconds == PAUSE
        pauses.set()
        await goes_on.wait()

    async def is_waiting() -> bool:
        return bool(await database.read(lambda connection: connection.execute(WAITING).scalar_one()))

    async with dumped(database):
        migrating = asyncio.create_task(insist(database, migrate.upgrade, tell=told.append, sleep=pause))
        await until(is_waiting)
        async with asyncio.timeout(10):
            await database.read(lambda connection: connection.execute(select(users.c.id)).all())
            await pauses.wait()
        assert await database.read(schema.revision_of) == "0004"
    goes_on.set()
    await migrating
    assert await database.read(schema.revision_of) == schema.REVISION
    assert told == ["others use the tables (a backup, perhaps): tried again for 5 minutes …"]


async def test_after_some_minutes_it_is_told_what_is_in_the_way(database: Database) -> None:
    clock, told = FakeClock(), list[str]()

    async def pause(seconds: float) -> None:
        clock.advance(seconds)

    def change(_connection: Connection) -> None:
        raise TablesInUse("in use")

    began = clock()
    with pytest.raises(BadInput, match=r"for 5 minutes .* the schema stays as it is; run this again"):
        await insist(database, change, tell=told.append, clock=clock, sleep=pause)
    assert WITHIN - PAUSE <= clock() - began < WITHIN
    assert len(told) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_what_comes_in_the_transaction_of_a_migration_waits_as_ever(database: Database) -> None:
    def moved(connection: Connection) -> str:
        migrate.upgrade(connection)
        return str(connection.exec_driver_sql("SHOW lock_timeout").scalar_one())

    assert await database.write(moved) == "0"
