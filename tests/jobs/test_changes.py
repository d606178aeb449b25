"""A running process finds out what others changed, by looking."""

from functools import partial

from maskarad.db import bots, personas
from maskarad.db.engine import Database
from maskarad.errors import WrongSecretKey
from maskarad.jobs.changes import Changes
from maskarad.values import Bot, PersonaDraft, Token, WebhookIdentity
from tests.support import rows
from tests.support.clock import FakeClock
from tests.support.people import ALICE


class Seen:
    """What a process was told, in order."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.told: list[tuple[object, ...]] = []
        self.changes = Changes(
            database,
            open_token=self.open_token,
            on_bot=self.on_bot,
            on_bot_gone=lambda bot_id, owner_id: self.told.append(("gone", bot_id, owner_id)),
            on_persona=lambda persona_id, owner_id: self.told.append(("persona", persona_id, owner_id)),
            clock=clock,
        )

    def open_token(self, sealed: str) -> Token:
        if sealed == "sealed-9":
            raise WrongSecretKey("another key")
        return Token(sealed)

    def on_bot(self, bot: Bot, token: Token, _webhook: WebhookIdentity) -> None:
        self.told.append(("bot", bot.id, bot.enabled, token.reveal()))

    async def look(self) -> list[tuple[object, ...]]:
        """What a look brings."""
        self.told.clear()
        await self.changes.look()
        return list(self.told)


async def test_bots_added_changed_and_removed_are_told_once_each(database: Database, clock: FakeClock) -> None:
    seen = Seen(database, clock)
    assert await seen.changes.load() == 0
    await database.write(rows.bot)
    assert ("bot", 1, True, "sealed-1") in await seen.look()
    assert await seen.look() == []
    await database.write(partial(bots.set_enabled, bot_id=1, enabled=False, now=clock()))
    assert await seen.look() == [("bot", 1, False, "sealed-1")]
    await database.write(partial(bots.unbind, bot_id=1))
    assert await seen.look() == [("gone", 1, ALICE.id)]


async def test_an_edited_persona_is_told_with_its_owner(database: Database, clock: FakeClock) -> None:
    seen = Seen(database, clock)
    await database.write(rows.bot)
    await seen.changes.load()
    await seen.look()
    content = PersonaDraft(name="Mira", description="a coffee witch", language="en")
    await database.write(partial(personas.change, owner_id=ALICE.id, persona_id=1, content=content, now=clock()))
    assert await seen.look() == [("persona", 1, ALICE.id)]


async def test_a_bot_added_by_a_machine_whose_clock_is_behind_is_found(database: Database, clock: FakeClock) -> None:
    seen = Seen(database, clock)
    clock.advance(3_600)
    await seen.changes.load()
    await database.write(rows.bot)
    assert await seen.look() == [("bot", 1, True, "sealed-1")]


async def test_a_bot_changed_by_a_machine_whose_clock_is_a_minute_behind_is_told(
    database: Database, clock: FakeClock
) -> None:
    seen = Seen(database, clock)
    await database.write(rows.bot)
    clock.advance(3_600)
    await seen.changes.load()
    await seen.look()
    await database.write(partial(bots.set_enabled, bot_id=1, enabled=False, now=clock() - 60))
    assert await seen.look() == [("bot", 1, False, "sealed-1")]
    assert await seen.look() == []


async def test_a_token_sealed_with_another_key_stops_nobody_elses_bot(database: Database, clock: FakeClock) -> None:
    seen = Seen(database, clock)
    await seen.changes.load()
    await database.write(partial(rows.bot, number=9))
    await database.write(partial(rows.bot, number=1))
    told = [each for each in await seen.look() if each[0] == "bot"]
    assert told == [("bot", 2, True, "sealed-1")]
    assert await seen.look() == []
