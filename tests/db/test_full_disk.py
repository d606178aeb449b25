"""SQLite on a full disk: it is said what to do, nothing is lost or broken, and it goes on when there is room again."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import structlog
from sqlalchemy import Connection, text

from maskarad.db import backlog, hearing, schema
from maskarad.db.embedded import ERRORS_APART, ROOM_AFTER, EmbeddedDatabase
from maskarad.db.engine import write_patiently
from maskarad.db.failures import FULL
from maskarad.errors import AlreadySeen, DatabaseUnavailable
from maskarad.values import Decision, Verdict
from tests.support import rows
from tests.support.clock import FakeClock
from tests.support.databases import connect
from tests.support.disks import KINDS, Disk, SmallDisk, disk_of
from tests.support.rows import NOW, said

ANSWERED = Decision(verdict=Verdict.ANSWER, reason="named")


@pytest.fixture(params=KINDS)
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    with disk_of(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def file(disk: Disk, sqlite_template: Path) -> Path:
    return Path(shutil.copy(sqlite_template, disk.folder / "maskarad.db"))


@pytest.fixture
async def database(file: Path, clock: FakeClock) -> AsyncIterator[EmbeddedDatabase]:
    opened = EmbeddedDatabase(file, clock=clock)
    yield opened
    await opened.close()


async def hear(database: EmbeddedDatabase, link_id: int, message_id: int) -> bool:
    """A message as intake stores it, long enough that a few of them need a page."""
    message = said(message_id, 900 * "слово ")
    return await database.write(
        lambda connection: hearing.ask(connection, link_id, message, due_at=NOW, decision=ANSWERED)
    )


async def hear_until_full(database: EmbeddedDatabase, link_id: int) -> list[int]:
    """What was stored before the disk was full."""
    stored: list[int] = []
    for number in range(1, 2_000):
        try:
            await hear(database, link_id, number)
        except DatabaseUnavailable as error:
            assert str(error) == FULL  # noqa: PT017
            return stored
        stored.append(number)
    raise AssertionError("the disk is not full")


def kept(connection: Connection) -> list[int]:
    return list(connection.execute(text("SELECT message_order FROM chat_contexts ORDER BY 1")).scalars())


def is_whole(file: Path) -> bool:
    with closing(sqlite3.connect(file)) as connection:
        return (
            connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            and not connection.execute("PRAGMA foreign_key_check").fetchall()
        )


async def test_nothing_is_lost_or_broken_and_it_goes_on_by_itself(
    disk: Disk, database: EmbeddedDatabase, file: Path
) -> None:
    link_id = await database.write(rows.link)
    assert await hear(database, link_id, 10_000)
    await disk.fill(database)
    stored = [*await hear_until_full(database, link_id), 10_000]
    for number in range(5_000, 5_005):
        with pytest.raises(DatabaseUnavailable, match=FULL):
            await hear(database, link_id, number)
    # What is there can still be read.
    assert await database.read(kept) == stored
    assert sum((await database.read(lambda c: backlog.waiting(c, now=NOW, most=9))).values()) == 1
    await disk.make_room(database)
    assert await hear(database, link_id, 5_000)
    assert await database.read(kept) == sorted([*stored, 5_000])
    with pytest.raises(AlreadySeen):
        await hear(database, link_id, 10_000)
    assert is_whole(file)


async def test_writes_that_share_a_commit_fail_together_and_none_is_half_there(
    disk: Disk, database: EmbeddedDatabase, file: Path
) -> None:
    link_id = await database.write(rows.link)
    await disk.fill(database)
    stored = await hear_until_full(database, link_id)
    outcomes = await asyncio.gather(
        *(hear(database, link_id, number) for number in range(3_000, 3_200)), return_exceptions=True
    )
    assert any(isinstance(each, DatabaseUnavailable) for each in outcomes)
    assert all(each is True or isinstance(each, DatabaseUnavailable) for each in outcomes)
    stored += [number for number, each in zip(range(3_000, 3_200), outcomes, strict=True) if each is True]
    assert await database.read(kept) == stored
    asked = text("SELECT asked FROM chat_bot_instances")
    assert await database.read(lambda connection: connection.execute(asked).scalar()) == len(stored)
    assert is_whole(file)
    await disk.make_room(database)


async def test_what_was_sent_is_written_as_soon_as_there_is_room(disk: Disk, database: EmbeddedDatabase) -> None:
    link_id = await database.write(rows.link)
    await disk.fill(database)
    await hear_until_full(database, link_id)
    message = said(7_000, 900 * "слово ")
    writing = asyncio.create_task(
        write_patiently(database, lambda c: hearing.ask(c, link_id, message, due_at=NOW, decision=ANSWERED))
    )
    await database.read(kept)
    assert not writing.done()
    await disk.make_room(database)
    assert await writing
    assert 7_000 in await database.read(kept)


async def test_the_log_says_once_a_minute_what_to_do_and_when_it_is_over(
    disk: Disk, database: EmbeddedDatabase, clock: FakeClock
) -> None:
    link_id = await database.write(rows.link)
    with structlog.testing.capture_logs() as logged:
        await disk.fill(database)
        await hear_until_full(database, link_id)
        for number in range(4_000, 4_003):
            with pytest.raises(DatabaseUnavailable):
                await hear(database, link_id, number)
            clock.advance(ERRORS_APART / 2)
        await disk.make_room(database)
        clock.advance(ROOM_AFTER)
        await hear(database, link_id, 4_000)
        await hear(database, link_id, 4_001)
    assert [(each["event"], each["log_level"]) for each in logged] == [
        ("disk_full", "error"),
        ("disk_full", "error"),
        ("disk_has_room", "info"),
    ]
    assert logged[0]["error"] == FULL
    assert logged[0]["folder"] == str(disk.folder)


async def test_a_database_on_a_full_disk_is_opened_or_says_why_not(
    disk: Disk, database: EmbeddedDatabase, file: Path
) -> None:
    link_id = await database.write(rows.link)
    await database.close()
    if isinstance(disk, SmallDisk):
        await disk.fill(database)
    again = EmbeddedDatabase(file)
    try:
        if isinstance(disk, SmallDisk):
            with pytest.raises(DatabaseUnavailable, match=FULL):
                await again.read(schema.check)
            await disk.make_room(again)
        await again.read(schema.check)
        assert await hear(again, link_id, 1)
    finally:
        await again.close()
    assert is_whole(file)


async def test_postgresql_says_so_in_the_same_words(postgres_url: str) -> None:
    database = connect(postgres_url)
    full = text("DO $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$")
    with pytest.raises(DatabaseUnavailable, match=FULL):
        await database.write(lambda connection: connection.execute(full))
    await database.read(schema.check)
    await database.close()
