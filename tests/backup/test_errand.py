"""A backup that was ordered: made by a process of its own while the platform goes on, and told to whoever asked."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from maskarad.backup.archive import header_of
from maskarad.backup.errand import BackingUp, made_apart
from maskarad.backup.folder import stamps
from maskarad.backup.orders import KIND, NOBODY, order
from maskarad.db import backups
from maskarad.db.engine import Database
from maskarad.errors import Flooded
from maskarad.jobs.errands import Errands
from maskarad.jobs.held import Lane
from maskarad.settings import Settings
from maskarad.texts import load_texts
from maskarad.values import MANAGER_BOT_ID, Screen
from tests.support.clock import FakeClock
from tests.support.until import until

WITHIN = 60.0


class Chat:
    """What the manager bot has said, and to whom."""

    def __init__(self) -> None:
        self.said: list[tuple[int, int, str]] = []
        self.refusals: list[Exception] = []

    async def send_text(self, bot_id: int, chat_id: int, content: Screen) -> object:
        if self.refusals:
            raise self.refusals.pop()
        self.said.append((bot_id, chat_id, content.html))
        return None


class Desk:
    """A process that carries out errands."""

    def __init__(self, database: Database, settings: Settings, clock: FakeClock) -> None:
        self.database = database
        self.clock = clock
        self.chat = Chat()
        self.failures = 0
        carrier = BackingUp(made_apart(settings), self.chat, load_texts(), failed=self._fail)
        self.errands = Errands(database, [Lane({KIND: carrier}, most=1)], clock=clock, failed=lambda _error: None)

    def _fail(self) -> None:
        self.failures += 1

    async def order(self, asker_id: int, language: str = "en") -> None:
        assert await self.database.write(lambda connection: order(connection, asker_id, language, self.clock()))
        await self.errands.sweep()

    async def is_done(self) -> bool:
        await self.errands.sweep()
        return not self.errands.under_way


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return settings_with(database_url, tmp_path)


def settings_with(database_url: str, tmp_path: Path, **more: Any) -> Settings:
    given: dict[str, Any] = {
        "database_url": database_url,
        "data_dir": tmp_path / "data",
        "telegram_api_base_url": "http://127.0.0.1:9",
    }
    return Settings(_env_file=None, **(given | more))  # type: ignore[call-arg]  # pydantic-settings' own keyword


@asynccontextmanager
async def at_work(database: Database, settings: Settings, clock: FakeClock) -> AsyncIterator[Desk]:
    desk = Desk(database, settings, clock)
    try:
        yield desk
    finally:
        await desk.errands.close()


async def test_whoever_asked_is_told(database: Database, database_url: str, tmp_path: Path, clock: FakeClock) -> None:
    settings = settings_with(database_url, tmp_path, backup_passphrase=SecretStr("kitchen"))
    async with at_work(database, settings, clock) as desk:
        await desk.order(1001, "uk")
        await until(desk.is_done, WITHIN)
        [stamp] = stamps(settings.backup_folder)
        assert (stamp.reason, header_of(settings.backup_folder / stamp.name).encryption is None) == ("manual", False)
        [(bot_id, chat_id, text)] = desk.chat.said
        assert (bot_id, chat_id) == (MANAGER_BOT_ID, 1001)
        assert "Резервну копію зроблено" in text
        assert stamp.name in text
        assert re.search(r"\n\d+ кБ за \d+ с$", text)
        last = await database.read(partial(backups.latest, now=time.time()))
        assert last is not None
        assert (last.file, last.bytes) == (stamp.name, (settings.backup_folder / stamp.name).stat().st_size)
        assert desk.failures == 0


async def test_the_clock_tells_nobody(database: Database, settings: Settings, clock: FakeClock) -> None:
    async with at_work(database, settings, clock) as desk:
        await desk.order(NOBODY)
        await until(desk.is_done, WITHIN)
        [stamp] = stamps(settings.backup_folder)
        assert stamp.reason == "daily"
        assert desk.chat.said == []


async def test_what_went_wrong_is_told_and_counted(database: Database, settings: Settings, clock: FakeClock) -> None:
    settings.data_dir.mkdir()
    settings.backup_folder.write_text("this is no folder")
    async with at_work(database, settings, clock) as desk:
        await desk.order(1001)
        await until(desk.is_done, WITHIN)
        [(_, _, text)] = desk.chat.said
        assert "could not be made" in text
        assert "no backup can be written to" in text
        assert desk.failures == 1


async def test_one_that_was_made_is_not_made_again_to_be_told(
    database: Database, settings: Settings, clock: FakeClock
) -> None:
    async with at_work(database, settings, clock) as desk:
        desk.chat.refusals.append(Flooded(1.0))
        await desk.order(1001)
        await until(desk.is_done, WITHIN)
        assert desk.chat.said == []
        clock.advance(60)
        await until(lambda: bool(desk.chat.said) or _swept(desk), WITHIN)
        assert len(stamps(settings.backup_folder)) == 1


async def _swept(desk: Desk) -> bool:
    await desk.errands.sweep()
    return bool(desk.chat.said)


async def test_one_under_way_goes_on_elsewhere_when_its_process_ends(
    database: Database, settings: Settings, clock: FakeClock
) -> None:
    async with at_work(database, settings, clock) as desk:
        await desk.order(1001)
        await asyncio.sleep(0)
    assert desk.chat.said == []
    async with at_work(database, settings, clock) as other:
        await until(lambda: _swept(other), WITHIN)
        assert len(stamps(settings.backup_folder)) == 1
        assert [each.name for each in settings.data_dir.iterdir()] == ["backups"]
