"""The disk is full while people talk: Telegram keeps what they say, and they are answered when there is room again."""

import shutil
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest
import structlog
from sqlalchemy import Connection, text

from maskarad.db import seen
from maskarad.db.engine import Database
from maskarad.db.failures import FULL
from maskarad.errors import DatabaseUnavailable
from maskarad.sandbox.person import Sandbox
from tests.journeys.stage import OWNER, Stage, settings_for
from tests.support.databases import connect
from tests.support.disks import KINDS, Disk, disk_of
from tests.support.until import until

LONG = 500 * "слово "
TEXTS = text("SELECT count(*) FROM chat_contexts WHERE text LIKE 'слово %'")


@pytest.fixture(params=KINDS)
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    with disk_of(request.param, tmp_path) as made:
        yield made


@pytest.fixture
async def cramped(sandbox: Sandbox, disk: Disk, sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Stage]:
    """A stage whose database is on that disk."""
    file = shutil.copy(sqlite_template, disk.folder / "maskarad.db")
    url = f"sqlite:///{file}"
    database = connect(url)
    stage = Stage(sandbox, database, settings_for(sandbox.address, url, tmp_path))
    await stage.people()
    yield stage
    await database.close()


async def fill(disk: Disk, database: Database) -> None:
    """Nothing more goes onto the disk, not even into what the database has of it already."""
    await disk.fill(database)
    numbers = count()

    def see(connection: Connection) -> None:
        for _ in range(200):
            seen.once(connection, 900_000, next(numbers), now=1.0)

    async def until_full() -> None:
        while True:
            await database.write(see)

    with pytest.raises(DatabaseUnavailable, match=FULL):
        await until_full()


async def test_telegram_keeps_what_there_is_no_room_for(cramped: Stage, disk: Disk) -> None:
    actor = await cramped.actor()
    chat = cramped.private(actor)
    with structlog.testing.capture_logs() as logged:
        async with cramped.playing() as platform:
            await cramped.ask(actor, "привіт")
            await fill(disk, platform.database)
            before = await cramped.sandbox.position()
            for _ in range(3):
                await cramped.sandbox.say(chat, OWNER, LONG)
            await until(lambda: any(each["event"] == "poll_interrupted" for each in logged))
            await disk.make_room(platform.database)
            await cramped.sandbox.next_message(chat, after=before, timeout=30)
            await cramped.settled(actor)
    assert [each["error"] for each in logged if each["event"] == "disk_full"] == [FULL]
    assert await cramped.database.read(lambda connection: connection.execute(TEXTS).scalar()) == 3
    [(verdict,)] = await cramped.database.read(
        lambda connection: list(connection.execute(text("PRAGMA integrity_check")))
    )
    assert verdict == "ok"
