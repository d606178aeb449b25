"""Who tells that the database is away, where the one that tells first is gone with it, and what a restart forgets."""

from pathlib import Path
from typing import TypeVar

import pytest

from maskarad.db import Connection, processes
from maskarad.db.engine import Database, Query
from maskarad.db.processes import Process
from maskarad.errors import DatabaseUnavailable
from maskarad.metrics import Metrics
from maskarad.ops.away import AGAIN_AFTER, CALM, FOR_ANOTHER, HOLDS, Away
from maskarad.ops.post import Post
from maskarad.ops.told_file import ToldFile
from maskarad.texts import load_texts
from maskarad.values import Screen
from tests.support.clock import FakeClock

T = TypeVar("T")

TEXTS = load_texts()
LOOK = 5.0
LINE = ("eldest", "second", "third")


class Mortal:
    """A database that may be away from everybody."""

    engines = ()

    def __init__(self, database: Database) -> None:
        self.write, self.close = database.write, database.close
        self._database = database
        self.is_away = False

    async def read(self, query: Query[T]) -> T:
        if self.is_away:
            raise DatabaseUnavailable("away")
        return await self._database.read(query)


class Telegram:
    """Notes when something is told, and its sign."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.told: list[tuple[float, str]] = []

    async def send_text(self, bot_id: int, chat_id: int, content: Screen) -> int:
        self.told.append((self._clock(), content.html[0]))
        return len(self.told)

    @property
    def signs(self) -> str:
        return "".join(sign for _, sign in self.told)


class World:
    """Processes of one platform, the eldest first; each look of theirs is a step in time."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.database, self.clock = Mortal(database), clock
        self.telegram = Telegram(clock)
        self._living: dict[str, Away] = {}

    def starts(self, name: str, folder: Path) -> None:
        post = Post(self.telegram, TEXTS, operators=(1,), default_language="en")
        self._living[name] = Away(
            self.database, post, ToldFile(folder), process_id=lambda: name, metrics=Metrics(), clock=self.clock
        )

    def dies(self, name: str) -> None:
        del self._living[name]

    async def passes(self, seconds: float) -> None:
        for _ in range(int(seconds / LOOK)):
            self.clock.advance(LOOK)
            for each in self._living.values():
                try:
                    await each.look()
                except DatabaseUnavailable:
                    assert self.database.is_away


@pytest.fixture
async def world(database: Database, clock: FakeClock) -> World:
    def join(connection: Connection) -> None:
        for place, name in enumerate(LINE):
            started_at = clock() + place
            processes.join(
                connection,
                Process(id=name, role="run", polls=True, place=name, pid=7, started_at=started_at, seen_at=started_at),
            )

    await database.write(join)
    return World(database, clock)


async def test_when_the_eldest_is_gone_with_the_database_another_tells(world: World, tmp_path: Path) -> None:
    for name in LINE:
        world.starts(name, tmp_path)
    await world.passes(60)
    world.dies("eldest")
    world.database.is_away = True
    began_at = world.clock() + LOOK
    await world.passes(3_600)
    assert world.telegram.told == [(began_at + HOLDS + FOR_ANOTHER, "🔴")]
    world.database.is_away = False
    await world.passes(600)
    assert world.telegram.signs == "🔴🟢"


async def test_those_who_share_no_folder_tell_one_after_the_other(world: World, tmp_path: Path) -> None:
    for name in LINE:
        world.starts(name, tmp_path / name)
    await world.passes(60)
    world.database.is_away = True
    began_at = world.clock() + LOOK
    await world.passes(3_600)
    assert [moment - began_at for moment, _ in world.telegram.told] == [HOLDS + n * FOR_ANOTHER for n in range(3)]


async def test_who_is_started_anew_meanwhile_knows_what_was_told(world: World, tmp_path: Path) -> None:
    world.starts("eldest", tmp_path)
    await world.passes(60)
    world.database.is_away = True
    await world.passes(HOLDS + 2 * LOOK)
    for _ in range(3):
        world.starts("eldest", tmp_path)
        await world.passes(AGAIN_AFTER)
    assert world.telegram.signs == "🔴"
    world.database.is_away = False
    world.starts("eldest", tmp_path)
    await world.passes(CALM + 2 * LOOK)
    world.starts("eldest", tmp_path)
    await world.passes(3_600)
    assert world.telegram.signs == "🔴🟢"


async def test_where_nothing_can_be_kept_it_is_told_once_all_the_same(world: World, tmp_path: Path) -> None:
    no_folder = tmp_path / "file"
    no_folder.touch()
    world.starts("eldest", no_folder)
    await world.passes(60)
    world.database.is_away = True
    await world.passes(3_600)
    world.database.is_away = False
    await world.passes(600)
    assert world.telegram.signs == "🔴🟢"


async def test_whoever_has_it_does_not_say_that_it_is_back_for_another(
    world: World, database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    cut_off = World(database, clock)
    cut_off.starts("eldest", tmp_path)
    world.starts("second", tmp_path)
    cut_off.database.is_away = True
    for _ in range(120):
        await cut_off.passes(LOOK)
        await world.passes(LOOK)
    assert (cut_off.telegram.signs, world.telegram.signs) == ("🔴", "")
