"""When operators are told, and when they are not: storms, trickles, deaths, and a Telegram that is away."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from maskarad.db import Connection, alerts
from maskarad.db.engine import Database
from maskarad.db.processes import Process
from maskarad.errors import ChatGone, TelegramUnreachable
from maskarad.metrics import Metrics
from maskarad.ops.alert_texts import message
from maskarad.ops.alerts import CLAIMED_FOR, Alerts
from maskarad.ops.post import TRIES, Post
from maskarad.ops.report import MOST_NAMED, Disk, Figures, ProcessReport, Reporter
from maskarad.ops.telling import Telling
from maskarad.settings import LANGUAGES
from maskarad.telegram.bots import BotRegistry
from maskarad.texts import load_texts
from maskarad.values import Screen, Token
from tests.support import rows
from tests.support.clock import FakeClock
from tests.support.databases import OpenDatabase

TEXTS = load_texts()
LOOK = 15.0
OPERATOR, OTHER = 1, 2


class Telegram:
    """What it is told; `answers` are what it does instead of taking the next ones."""

    def __init__(self) -> None:
        self.said: list[tuple[int, str]] = []
        self.answers: list[BaseException] = []

    async def send_text(self, bot_id: int, chat_id: int, content: Screen) -> int:
        await asyncio.sleep(0)
        if self.answers:
            raise self.answers.pop(0)
        self.said.append((chat_id, content.html))
        return len(self.said)

    @property
    def signs(self) -> str:
        return "".join(html[0] for _, html in self.said)


class World:
    """One process that works alone; `figures` is how it is doing."""

    def __init__(self, database: Database, clock: FakeClock, *, operators: tuple[int, ...] = (OPERATOR,)) -> None:
        self.database = database
        self.clock = clock
        self.operators = operators
        self.telegram = Telegram()
        self.figures = Figures(at=clock())
        self.metrics = Metrics()
        self.alerts = self.another()

    def another(self, database: Database | None = None) -> Alerts:
        post = Post(self.telegram, TEXTS, operators=self.operators, default_language="en", sleep=self._pause)
        return Alerts(
            database or self.database, post, backs_up=False, own=self._own, metrics=self.metrics, clock=self.clock
        )

    async def _pause(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def is_so(self, **figures: object) -> None:
        self.figures = msgspec.structs.replace(Figures(at=self.clock()), **figures)

    async def passes(self, seconds: float) -> None:
        for _ in range(int(seconds / LOOK)):
            self.clock.advance(LOOK)
            await self.alerts.look()

    def _own(self) -> ProcessReport:
        process = Process(id="", role="run", polls=True, place="host 1", pid=7, started_at=0.0, seen_at=0.0)
        return ProcessReport(process=process, figures=self.figures)


@pytest.fixture
def world(database: Database, clock: FakeClock) -> World:
    return World(database, clock)


@pytest.fixture
async def bot_ids(database: Database) -> tuple[int, ...]:
    def make(connection: Connection) -> tuple[int, ...]:
        return tuple(rows.bot(connection, number) for number in range(1, 41))

    return await database.write(make)


async def test_an_outage_in_which_nobody_asks_lasts_until_a_call_succeeds(world: World) -> None:
    world.is_so(model_failed=3, model_reason="unavailable")
    await world.passes(120)
    world.is_so()
    await world.passes(330)
    assert world.telegram.signs == "🔴"
    world.is_so(model_ok=1)
    await world.passes(30)
    assert world.telegram.signs == "🔴🟢"


async def test_what_is_told_to_have_lasted_is_what_was_seen(world: World) -> None:
    world.is_so(lag=2.0)
    await world.passes(225)
    world.is_so()
    await world.passes(150)
    _, (_, over) = world.telegram.said
    assert over.endswith("It lasted 3 minutes.")


async def test_an_outage_of_the_model_lasted_until_the_last_call_that_failed(world: World) -> None:
    """Failures count for five minutes."""
    for _ in range(20):
        world.is_so(model_failed=9, model_failed_lately=3, model_failed_at=world.clock() + LOOK, model_reason="timeout")
        await world.passes(LOOK)
    world.is_so(model_failed=9, model_ok=1, model_failed_at=world.clock(), model_reason="timeout")
    await world.passes(300)
    assert world.telegram.signs == "🔴"
    world.is_so(model_ok=1)
    await world.passes(120)
    _, (_, over) = world.telegram.said
    assert over.endswith("It lasted 4 minutes.")


async def test_a_model_that_works_again_is_told_though_more_failed_before(world: World) -> None:
    world.is_so(model_failed=50, model_failed_lately=9, model_reason="unavailable")
    await world.passes(120)
    world.is_so(model_failed=50, model_ok=2, model_ok_lately=2)
    await world.passes(120)
    assert world.telegram.signs == "🔴"
    world.is_so(model_failed=50, model_ok=5, model_ok_lately=3)
    await world.passes(120)
    assert world.telegram.signs == "🔴🟢"


async def test_a_model_that_fails_now_and_then_is_not_well_again(world: World) -> None:
    world.is_so(model_failed=50, model_ok=20, model_failed_lately=9, model_reason="unavailable")
    await world.passes(120)
    world.is_so(model_failed=50, model_ok=20, model_ok_lately=9, model_failed_lately=1)
    await world.passes(600)
    assert world.telegram.signs == "🔴"


async def test_thirty_deaf_bots_are_one_message(world: World, bot_ids: tuple[int, ...]) -> None:
    world.is_so(deaf=bot_ids[:30], deaf_count=30)
    await world.passes(3_600)
    [(operator, html)] = world.telegram.said
    assert operator == OPERATOR
    assert "30 bots are deaf</b>: @mira10_bot, @mira11_bot" in html
    assert " and 25 more." in html
    world.is_so()
    await world.passes(3_600)
    assert world.telegram.signs == "🔴🟢"


async def test_more_than_a_report_names_are_counted(world: World, bot_ids: tuple[int, ...]) -> None:
    world.is_so(deaf=bot_ids, deaf_count=1_000)
    await world.passes(300)
    [(_, html)] = world.telegram.said
    assert "1000 bots are deaf" in html


async def test_bots_that_fall_deaf_one_by_one_are_no_storm(world: World, bot_ids: tuple[int, ...]) -> None:
    for count in range(1, 31):
        world.is_so(deaf=bot_ids[:count], deaf_count=count)
        await world.passes(30)
    await world.passes(1_200)
    assert world.telegram.signs == "🔴🔴🔴"
    for count in range(29, -1, -1):
        world.is_so(deaf=bot_ids[:count], deaf_count=count)
        await world.passes(30)
    await world.passes(1_200)
    assert len(world.telegram.said) <= 6
    assert await world.database.read(alerts.everything) == []


async def test_what_comes_and_goes_quickly_is_nobodys_business(world: World) -> None:
    for _ in range(20):
        world.is_so(lag=5.0)
        await world.passes(30)
        world.is_so()
        await world.passes(180)
    assert world.telegram.said == []


async def test_what_comes_and_goes_for_hours_is_told_a_few_times_an_hour(world: World) -> None:
    for _ in range(30):
        world.is_so(redis=False)
        await world.passes(120)
        world.is_so(redis=True)
        await world.passes(120)
    assert len(world.telegram.said) <= 3 * 6
    world.is_so(redis=True)
    await world.passes(3_600)
    assert world.telegram.signs[-1] in "🟢⚪"
    assert await world.database.read(alerts.everything) == []


async def test_what_passed_while_telegram_was_away_is_told_afterwards(world: World) -> None:
    world.telegram.answers = [TelegramUnreachable("no way") for _ in range(100)]
    world.is_so(redis=False)
    await world.passes(300)
    world.is_so(redis=True)
    await world.passes(300)
    assert world.telegram.said == []
    world.telegram.answers = []
    await world.passes(120)
    assert world.telegram.signs == "⚪"
    assert await world.database.read(alerts.everything) == []


async def test_once_telegram_is_back_it_is_told_once(world: World) -> None:
    world.telegram.answers = [TelegramUnreachable("no way") for _ in range(2 * TRIES)]
    world.is_so(redis=False)
    await world.passes(1_800)
    assert world.telegram.signs == "🔴"


async def test_two_processes_that_look_at_once_tell_once(world: World, open_again: OpenDatabase) -> None:
    both = [world.alerts, world.another(open_again())]
    for redis in (False, True):
        world.is_so(redis=redis)
        for _ in range(20):
            world.clock.advance(LOOK)
            await asyncio.gather(*(each.look() for each in both))
    assert world.telegram.signs == "🔴🟢"


async def test_who_dies_while_telling_is_made_up_for(world: World) -> None:
    world.is_so(redis=False)
    world.telegram.answers = [asyncio.CancelledError()]
    with pytest.raises(asyncio.CancelledError):
        await world.passes(300)
    heir = world.alerts = world.another()
    await heir.look()
    assert world.telegram.said == []
    await world.passes(CLAIMED_FOR + LOOK)
    assert world.telegram.signs == "🔴"


async def test_each_operator_is_told_also_when_another_cannot_be(database: Database, clock: FakeClock) -> None:
    world = World(database, clock, operators=(OTHER, OPERATOR))
    world.telegram.answers = [ChatGone("bot can't initiate conversation with a user")]
    world.is_so(redis=False)
    await world.passes(600)
    assert [chat for chat, _ in world.telegram.said] == [OPERATOR]


async def test_an_operator_who_cannot_be_reached_for_a_moment_is_told_a_moment_later(
    database: Database, clock: FakeClock
) -> None:
    world = World(database, clock, operators=(OTHER, OPERATOR))
    world.telegram.answers = [TelegramUnreachable("no way")]
    world.is_so(redis=False)
    await world.passes(600)
    assert sorted(chat for chat, _ in world.telegram.said) == [OPERATOR, OTHER]


async def test_an_alert_that_cannot_be_told_is_open_all_the_same(world: World) -> None:
    world.telegram.answers = [TelegramUnreachable("no way") for _ in range(100)]
    world.is_so(redis=False)
    await world.passes(30)
    assert b'maskarad_alerts{name="redis"} 0.0' in world.metrics.exposition()
    await world.passes(300)
    assert b'maskarad_alerts{name="redis"} 1.0' in world.metrics.exposition()
    world.is_so(redis=True)
    await world.passes(120)
    assert b'maskarad_alerts{name="redis"} 0.0' in world.metrics.exposition()
    assert world.telegram.said == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["backup", "no_backup"])
def test_what_to_do_about_backups_names_the_button_as_it_is_called(language: str, name: str) -> None:
    words = TEXTS.words(language)
    alert = alerts.Alert(name=name, subject="", began_at=0.0, seen_at=0.0, facts={})
    assert words.get("button.backup") in message(words, Telling(began=(alert,)))


async def test_a_model_that_nobody_asks_is_not_well_again(world: World) -> None:
    world.is_so(model_failed=5, model_reason="no_credit")
    await world.passes(120)
    world.is_so()
    await world.passes(3_600)
    [(_, html)] = world.telegram.said
    assert "no credit" in html
    world.is_so(model_ok=1)
    await world.passes(120)
    assert world.telegram.signs == "🔴🟢"


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        (
            {"disks": (Disk(path="/data", free=150_000_000, total=10**12),)},
            "nearly full</b>: host:/data (150 MB free)",
        ),
        ({"errors": 10, "updates": 100}, "10 in five minutes, with 100 updates"),
        ({"lag": 2.5}, "does not keep up</b>: host/run/7; its event loop is 2.5 s late"),
        ({"deaf": (0,), "deaf_count": 1}, "1 bot is deaf</b>: the manager bot."),
    ],
)
async def test_each_trouble_has_its_sentence(world: World, figures: dict[str, object], said: str) -> None:
    world.is_so(**figures)
    await world.passes(300)
    [(_, html)] = world.telegram.said
    assert said in html
    world.is_so()
    await world.passes(900)
    assert world.telegram.signs == "🔴🟢"


@pytest.mark.parametrize(
    "figures",
    [
        {"disks": (Disk(path="/data", free=3_000_000_000, total=10**12),)},
        {"disks": (Disk(path="/data", free=14_000_000, total=16_000_000),)},
        {"errors": 10, "updates": 1_000},
        {"model_failed": 2},
        {"model_failed": 5, "model_ok": 6},
        {"lag": 0.9},
    ],
)
async def test_what_is_no_trouble_is_not_told(world: World, figures: dict[str, object]) -> None:
    world.is_so(**figures)
    await world.passes(600)
    assert world.telegram.said == []


async def test_a_full_report_is_below_a_kilobyte(clock: FakeClock) -> None:
    metrics = Metrics()
    disks = tuple(Disk(path="/var/lib/maskarad/backups", free=10**12, total=10**13) for _ in range(3))
    figures = Figures(
        at=clock(),
        lag=12.345,
        resident=10**10,
        updates=10**6,
        errors=10**6,
        model_ok=10**6,
        model_failed=10**6,
        model_ok_lately=10**6,
        model_failed_lately=10**6,
        model_failed_at=clock() + 0.123,
        model_reason="rate_limited",
        deaf=tuple(range(10**6, 10**6 + MOST_NAMED)),
        deaf_count=10**6,
        redis=False,
        disks=disks,
    )
    assert len(msgspec.json.encode(figures)) < 1_000
    registry = BotRegistry(Token("1:x"), on_invalid=_is_news, on_conflict=_ignore, clock=clock)
    reporter = Reporter(metrics, registry, receives=True, folders=(), has_redis=False, clock=clock)
    await reporter.look()
    assert reporter.figures is not None
    assert reporter.figures.resident > 1_000_000


async def _is_news(_bot_id: int, _version: int) -> bool:
    return True


async def _ignore(_bot_id: int) -> None:
    """Nobody is to hear of it."""


async def test_a_folder_that_is_not_there_yet_has_the_room_of_the_one_above(tmp_path: Path, clock: FakeClock) -> None:
    registry = BotRegistry(Token("1:x"), on_invalid=_is_news, on_conflict=_ignore, clock=clock)
    folders = (tmp_path / "data" / "to come", tmp_path)
    reporter = Reporter(Metrics(), registry, receives=True, folders=folders, has_redis=False, clock=clock)
    await reporter.look()
    assert reporter.figures is not None
    (disk,) = reporter.figures.disks
    assert disk.path == str(folders[0])
    assert 0 < disk.free < disk.total


async def test_counts_of_a_report_go_five_minutes_back(clock: FakeClock) -> None:
    metrics = Metrics()
    registry = BotRegistry(Token("1:x"), on_invalid=_is_news, on_conflict=_ignore, clock=clock)
    reporter = Reporter(metrics, registry, receives=True, folders=(), has_redis=False, clock=clock)
    fail: Callable[[], None] = metrics.model_calls.labels("turn", "timeout").inc
    await reporter.look()
    fail()
    clock.advance(200)
    await reporter.look()
    assert reporter.figures is not None
    assert (reporter.figures.model_failed, reporter.figures.model_reason) == (1, "timeout")
    assert (reporter.figures.model_ok_lately, reporter.figures.model_failed_lately) == (0, 1)
    failed_at = reporter.figures.model_failed_at
    assert failed_at == clock()
    for _ in range(3):
        clock.advance(100)
        await reporter.look()
        assert (reporter.figures.model_failed_lately, reporter.figures.model_failed_at) == (0, failed_at)
    assert reporter.figures.model_failed == 0


async def test_what_works_lately_is_of_a_minute(clock: FakeClock) -> None:
    metrics = Metrics()
    registry = BotRegistry(Token("1:x"), on_invalid=_is_news, on_conflict=_ignore, clock=clock)
    reporter = Reporter(metrics, registry, receives=True, folders=(), has_redis=False, clock=clock)
    answer: Callable[[], None] = metrics.model_calls.labels("turn", "ok").inc
    seen = []
    for _ in range(10):
        await reporter.look()
        assert reporter.figures is not None
        seen.append((reporter.figures.model_ok, reporter.figures.model_ok_lately))
        answer()
        clock.advance(20)
    assert seen == [(number, min(number, 3)) for number in range(10)]
