"""A manager bot on a real database, before a Telegram that remembers what it would show."""

from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import msgspec
import pytest
from cryptography.fernet import Fernet

from maskarad.analytics.drawing import Drawing
from maskarad.analytics.orders import KIND as PICTURE
from maskarad.analytics.orders import Orders
from maskarad.backup import orders as backups
from maskarad.db import Connection, personas, stops, users
from maskarad.db.engine import Database
from maskarad.db.purses import Most
from maskarad.jobs.errands import Errands
from maskarad.jobs.held import Lane
from maskarad.manager.bot import Manager
from maskarad.manager.carrying_in import Means
from maskarad.manager.desk import Desk
from maskarad.manager.errands import LOOK, STORE
from maskarad.manager.exports import Exports
from maskarad.manager.looks import Looks
from maskarad.manager.operating import Operating
from maskarad.manager.stores import Stores
from maskarad.metrics import Metrics
from maskarad.ops.report import ProcessReport
from maskarad.purse.limits import Limits
from maskarad.snapshots import Snapshots
from maskarad.texts import load_texts
from maskarad.values import BotProfile, PersonaDraft, Sender, Value
from maskarad.vault import Vault
from tests.manager.stage import Person, Telegram
from tests.support.clock import FakeClock
from tests.support.people import ALICE, BOB, CHARLIE

TEXTS = load_texts()
MOST_PERSONAS = 8
OPERATOR = Sender(id=1009, name="Dana", username="dana_in", language="en")
LIMITS = Limits(
    user=Most(messages=200, tokens=1_500_000, money=500_000),
    bot=Most(messages=2_000, tokens=15_000_000, money=2_000_000),
    owner=Most(messages=20_000, tokens=150_000_000, money=20_000_000),
    spontaneous=Most(),
    summary=Most(),
)
TOKEN = "700001:AAHfirst-token_0123456789abcdefghij"
SECOND_TOKEN = "700001:AAHsecond-token_123456789abcdefghij"
OTHER_TOKEN = "700002:AAHother-token_0123456789abcdefghij"
OWN_TOKEN = "700000:AAHmanager-token_23456789abcdefghij"
MIRA_BOT = BotProfile(telegram_id=700001, name="Mira", username="mira_bot", sees_all_group_messages=False)
OTHER_BOT = BotProfile(telegram_id=700002, name="Other", username="other_bot", sees_all_group_messages=True)


class SeenHealth(Value, frozen=True):
    last_update_at: float | None = None
    conflict_since: float | None = None


class Platform:
    """What stands around the manager bot, and what was told of its changes."""

    def __init__(self, database: Database, telegram: Telegram, clock: FakeClock, vault: Vault, folder: Path) -> None:
        self.database = database
        self.telegram = telegram
        self.clock = clock
        self.vault = vault
        self.folder = folder / "imports"
        self.names = count(1)
        self.errands = self.worker()
        self.health: dict[int, SeenHealth] = {}
        self.operators = frozenset({OPERATOR.id})
        self.stopped: frozenset[int] = frozenset()
        self.reports: tuple[ProcessReport, ...] = ()
        self.stops_told = 0
        self.changed_personas: list[int] = []
        self.changed_bots: list[int] = []

    async def look(self) -> None:
        """As processes do every few seconds: who is stopped by now?"""
        self.stopped = await self.database.read(stops.stopped_users)

    def _stops_changed(self) -> None:
        self.stops_told += 1

    async def _reports(self) -> tuple[ProcessReport, ...]:
        return self.reports

    def ring(self, errand_id: int) -> None:
        self.errands.ring(errand_id)

    def worker(self) -> Errands:
        """Who carries out errands, as a fresh process has them."""
        database, telegram, clock = self.database, self.telegram, self.clock
        exports = Exports(telegram.fetch, self.folder, new_name=lambda: f"file-{next(self.names)}")
        accounts = self._snapshots(Metrics()).accounts.get
        means = Means(database, telegram, exports, TEXTS, clock, telegram.pause)
        looks = Looks(means, accounts=accounts, asked=telegram)
        stores = Stores(means, time_zone="Europe/Kyiv")

        async def learn(_link_id: int) -> None:
            raise AssertionError("an owner's picture is of what is learnt")

        drawing = Drawing(
            *(database, telegram.draw, telegram, TEXTS),
            accounts=accounts,
            learn=learn,
            noted=lambda *_: None,
            clock=clock,
            stopwatch=clock,
            zone="Europe/Kyiv",
        )
        lanes = (Lane({LOOK: looks, STORE: stores}, most=2, greets=True), Lane({PICTURE: drawing}, most=1))
        return Errands(database, lanes, clock=clock)

    def _snapshots(self, metrics: Metrics) -> Snapshots:
        return Snapshots(
            self.database,
            lambda _language, mood: (mood.name, mood.text),
            account_lifetime=300,
            persona_lifetime=600,
            link_lifetime=1800,
            clock=self.clock,
            metrics=metrics,
        )

    def manager(self) -> Manager:
        """A manager bot as a fresh process has it: nothing in memory."""
        secrets, metrics = count(1), Metrics()
        snapshots = self._snapshots(metrics)
        desk = Desk(
            db=self.database,
            sender=self.telegram,
            accounts=snapshots.accounts,
            metrics=metrics,
            texts=TEXTS,
            vault=self.vault,
            clock=self.clock,
            new_secret=lambda: f"secret-{next(secrets)}",
            own_telegram_id=700000,
            default_language="en",
            most_personas=MOST_PERSONAS,
            bot_health=self.health.get,
            pictures=Orders(self.database, ring=self.ring, clock=self.clock),
            ring=self.ring,
            time_zone="Europe/Kyiv",
            operating=Operating(
                operators=self.operators,
                limits=LIMITS,
                reports=self._reports,
                order_backup=lambda connection, asker, language, now: backups.order(
                    connection, asker, language, now=now
                ),
                stopped_users=lambda: self.stopped,
                on_stops_changed=self._stops_changed,
            ),
            on_persona_changed=self.changed_personas.append,
            on_bot_changed=self.changed_bots.append,
        )
        return Manager(desk)


on_both_databases = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
"""For what the database itself decides; everything else here is the same code on either one."""


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """SQLite, unless the test is `on_both_databases`."""
    kind = getattr(request, "param", "sqlite")
    return str(request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[kind]))


@pytest.fixture
def telegram() -> Telegram:
    telegram = Telegram()
    telegram.profiles = {TOKEN: MIRA_BOT, SECOND_TOKEN: MIRA_BOT, OTHER_TOKEN: OTHER_BOT}
    return telegram


@pytest.fixture
async def platform(database: Database, telegram: Telegram, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Platform]:
    platform = Platform(database, telegram, clock, Vault([Fernet.generate_key().decode()]), tmp_path)
    yield platform
    await platform.errands.close()


@pytest.fixture
def manager(platform: Platform) -> Manager:
    return platform.manager()


@pytest.fixture
def alice(telegram: Telegram, manager: Manager) -> Person:
    return Person(ALICE, telegram, manager)


@pytest.fixture
def bob(telegram: Telegram, manager: Manager) -> Person:
    """Speaks English with the bot, so that a test can read what he is told."""
    return Person(msgspec.structs.replace(BOB, language="en"), telegram, manager)


@pytest.fixture
def dana(telegram: Telegram, manager: Manager) -> Person:
    """An operator."""
    return Person(OPERATOR, telegram, manager)


@pytest.fixture
def charlie(telegram: Telegram, manager: Manager) -> Person:
    return Person(CHARLIE, telegram, manager)


async def make_persona(person: Person, name: str = "Mira") -> None:
    """Through the wizard, everything but the name skipped."""
    await person.says("/createpersona")
    await person.says(name)
    while "✅ Create" not in person.buttons:
        await person.presses("Next" if any("Next" in label for label in person.buttons) else "Skip")
    await person.presses("Create")


async def bind_bot(person: Person, token: str = TOKEN) -> None:
    """From a persona's card."""
    await person.presses("Bind a bot")
    await person.says(token)


async def store_personas(database: Database, owner: Sender, *names: str) -> None:
    """Personas made elsewhere: by the command line, by another process."""

    def add(connection: Connection) -> None:
        users.remember(connection, owner, language="en", now=1.0)
        for name in names:
            draft = PersonaDraft(name=name, description="", language="en")
            personas.add(connection, owner.id, draft, limit=99, now=1.0)

    await database.write(add)
