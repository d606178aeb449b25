import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Column, Connection, insert, select

from maskarad.db import bots, errands, links, personas, seen, users, wizards
from maskarad.db.engine import Database
from maskarad.db.tables import errands as errands_table
from maskarad.db.tables import purses, seen_updates, wizard_states
from maskarad.errors import NotFound, PersonaHasBot, TokenTaken
from maskarad.values import (
    Access,
    Bot,
    BotProfile,
    BotState,
    Chat,
    ChatType,
    Scope,
    StoredBot,
    WebhookIdentity,
    WhitelistEntry,
)
from tests.support import rows
from tests.support.people import ALICE, BOB, CHARLIE
from tests.support.rows import NOW


async def stored(database: Database, bot_id: int = 1) -> StoredBot:
    return await database.read(partial(bots.get, bot_id=bot_id))


@pytest.fixture
async def world(database: Database) -> Database:
    """Personas 1 and 2 of Alice's, persona 3 of Bob's; persona 1 has bot 1."""
    for name, owner in (("Mira", ALICE), ("Nora", ALICE), ("Olha", BOB)):
        await database.write(partial(rows.persona, owner=owner, name=name))
    assert await database.write(partial(rows.bind, persona_id=1)) == 1
    return database


async def test_a_bound_bot_comes_back_as_it_was_stored(world: Database) -> None:
    assert await stored(world) == StoredBot(
        bot=Bot(
            id=1,
            persona_id=1,
            owner_id=ALICE.id,
            telegram_id=7001,
            username="mira1_bot",
            name="Mira 1",
            access=Access.PUBLIC,
            enabled=True,
            state=BotState.WORKING,
            sees_all_group_messages=False,
        ),
        token="sealed-1",
        webhook=WebhookIdentity(public_id="public-1", secret="secret-1"),
    )


async def test_binding_the_own_bot_again_renews_token_and_profile_and_keeps_the_rest(world: Database) -> None:
    await world.write(partial(bots.set_access, bot_id=1, access=Access.WHITELIST, now=NOW))
    await world.write(partial(bots.mark_invalid, bot_id=1, version=2, now=NOW))
    renamed = BotProfile(telegram_id=7001, name="Renamed", username="renamed_bot", sees_all_group_messages=True)
    other = WebhookIdentity(public_id="x", secret="y")
    again = partial(bots.bind, persona_id=1, profile=renamed, token="new", webhook=other, now=NOW + 9)
    assert await world.write(partial(again, access=Access.PUBLIC)) == 1
    after = await stored(world)
    assert after.token == "new"
    assert (after.bot.name, after.bot.username, after.bot.sees_all_group_messages) == ("Renamed", "renamed_bot", True)
    assert after.webhook == WebhookIdentity(public_id="public-1", secret="secret-1")
    assert after.bot.access is Access.WHITELIST
    assert after.bot.state is BotState.WORKING
    assert after.bot.version > 1


async def test_a_bot_bound_elsewhere_is_taken(world: Database) -> None:
    for persona_id in (2, 3):
        with pytest.raises(TokenTaken) as caught:
            await world.write(partial(rows.bind, persona_id=persona_id, number=1))
        assert "Alice" not in str(caught.value)
        assert str(ALICE.id) not in str(caught.value)


async def test_a_persona_with_a_bot_takes_no_other(world: Database) -> None:
    with pytest.raises(PersonaHasBot):
        await world.write(partial(rows.bind, persona_id=1, number=2))
    await world.write(partial(rows.bind, persona_id=2, number=2))
    with pytest.raises(TokenTaken):
        await world.write(partial(rows.bind, persona_id=1, number=2))


async def test_a_persona_that_is_gone_gets_no_bot(world: Database) -> None:
    with pytest.raises(NotFound):
        await world.write(partial(rows.bind, persona_id=99, number=2))


async def test_one_of_two_personas_that_want_a_bot_at_once_gets_it(world: Database) -> None:
    for number in range(5, 15):
        outcomes = await asyncio.gather(
            *(world.write(partial(rows.bind, persona_id=persona_id, number=number)) for persona_id in (2, 3)),
            return_exceptions=True,
        )
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["TokenTaken", "int"]
        [bot_id] = [outcome for outcome in outcomes if isinstance(outcome, int)]
        await world.write(partial(bots.unbind, bot_id=bot_id))


async def test_one_bot_bound_twice_at_once_by_an_impatient_owner_is_bound(world: Database) -> None:
    bind = partial(rows.bind, persona_id=2, number=5)
    outcomes = await asyncio.gather(world.write(bind), world.write(bind), return_exceptions=True)
    assert any(isinstance(outcome, int) for outcome in outcomes)
    assert not [each for each in outcomes if isinstance(each, Exception) and not isinstance(each, TokenTaken)]


async def test_an_unbound_bot_is_free_for_another(world: Database) -> None:
    await world.write(partial(bots.unbind, bot_id=1))
    assert await world.read(bots.ids) == set()
    with pytest.raises(NotFound):
        await stored(world)
    with pytest.raises(NotFound):
        await world.write(partial(bots.unbind, bot_id=1))
    await world.write(partial(rows.bind, persona_id=3, number=1))


REMOVALS = (partial(bots.unbind, bot_id=1), partial(personas.remove, owner_id=ALICE.id, persona_id=1))


@pytest.mark.parametrize("remove", REMOVALS, ids=["unbound", "with its persona"])
async def test_who_gets_the_number_of_a_bot_that_is_gone_is_not_taken_for_it(
    world: Database, remove: Callable[[Connection], None]
) -> None:
    """SQLite gives it to the next one."""

    def use(connection: Connection, bot_id: int) -> None:
        spent = {"holder": bot_id, "period": 20_000, "messages": 999, "tokens": 5, "money": 5}
        connection.execute(insert(purses), [{**spent, "scope": scope.value} for scope in Scope])
        seen.once(connection, bot_id, 17, now=NOW)
        wizards.save(connection, bot_id, BOB.id, "{}", now=NOW)
        order = errands.NewErrand(kind="file", place=errands.in_chat(bot_id, BOB.id), owner_id=BOB.id, payload="{}")
        assert errands.order(connection, order, most=9, now=NOW) is not None

    def left(connection: Connection) -> tuple[list[tuple[object, ...]], ...]:
        columns: tuple[tuple[Column[Any], ...], ...] = (
            (purses.c.holder, purses.c.scope),
            (seen_updates.c.bot_instance_id,),
            (wizard_states.c.bot_instance_id,),
            (errands_table.c.place,),
        )
        return tuple([tuple(row) for row in connection.execute(select(*each).order_by(*each))] for each in columns)

    await world.write(partial(rows.bind, persona_id=2, number=11))
    for bot_id in (1, 2, 11):
        await world.write(partial(use, bot_id=bot_id))
    await world.write(remove)
    mine = [(1, "owner"), (1, "user")]
    others = [(bot_id, scope.value) for bot_id in (2, 11) for scope in sorted(Scope)]
    assert await world.read(left) == (mine + others, [(2,), (11,)], [(2,), (11,)], [("11:1002",), ("2:1002",)])


async def test_changes_grow_the_version_and_are_found(world: Database) -> None:
    second = await world.write(partial(rows.bind, persona_id=2, number=2))
    profile = rows.profile(1)
    changes: tuple[Callable[..., object], ...] = (
        partial(bots.set_access, access=Access.OWNER_ONLY),
        partial(bots.set_enabled, enabled=False),
        partial(bots.set_profile, profile=profile),
        partial(bots.whitelist_add, entry=WhitelistEntry(user_id=BOB.id, name="Bob")),
        partial(bots.whitelist_remove, user_id=BOB.id),
        partial(bots.mark_invalid, version=6),
    )
    for number, change in enumerate(changes, start=1):
        await world.write(partial(change, bot_id=1, now=NOW + number))
        assert (await stored(world)).bot.version == 1 + number
        changed = await world.read(partial(bots.changed_since, since=NOW + number))
        assert [each.bot.id for each in changed] == [1]
    assert [each.bot.id for each in await world.read(partial(bots.changed_since, since=NOW))] == [1, second]
    after = (await stored(world)).bot
    assert (after.access, after.enabled, after.state) == (Access.OWNER_ONLY, False, BotState.INVALID)
    for change in changes[:-1]:
        with pytest.raises(NotFound):
            await world.write(partial(change, bot_id=99, now=NOW))


async def test_everyone_is_everyone(world: Database) -> None:
    await world.write(partial(rows.bind, persona_id=3, number=3))
    await world.write(partial(bots.set_enabled, bot_id=1, enabled=False, now=NOW))
    everyone = await world.read(bots.everyone)
    assert [(each.bot.id, each.bot.owner_id) for each in everyone] == [(1, ALICE.id), (2, BOB.id)]
    assert await world.read(bots.ids) == {1, 2}


async def test_only_the_owner_gets_the_token(world: Database) -> None:
    assert await world.read(partial(bots.token_of_own, owner_id=ALICE.id, bot_id=1)) == "sealed-1"
    for owner_id, bot_id in ((BOB.id, 1), (ALICE.id, 2)):
        with pytest.raises(NotFound):
            await world.read(partial(bots.token_of_own, owner_id=owner_id, bot_id=bot_id))


async def test_one_caller_hears_that_a_token_is_invalid(world: Database) -> None:
    refused = partial(bots.mark_invalid, bot_id=1, version=1, now=NOW)
    heard = await asyncio.gather(*(world.write(refused) for _ in range(10)))
    assert sorted(heard) == [False] * 9 + [True]


async def test_a_refused_token_that_was_replaced_meanwhile_makes_nothing_invalid(world: Database) -> None:
    refused = partial(bots.mark_invalid, bot_id=1, version=(await stored(world)).bot.version, now=NOW)
    await world.write(partial(rows.bind, persona_id=1, number=1))
    assert not await world.write(refused)
    assert (await stored(world)).bot.state is BotState.WORKING


@pytest.mark.parametrize("tell", [bots.may_tell_conflict, bots.may_tell_model_failure])
async def test_one_caller_in_a_while_tells_the_owner(world: Database, tell: Callable[..., bool]) -> None:
    for moment in (NOW, NOW + 3600):
        told = await asyncio.gather(
            *(world.write(partial(tell, bot_id=1, now=moment + n, pause=3600)) for n in range(5))
        )
        assert sorted(told) == [False] * 4 + [True], moment


async def test_the_whitelist(world: Database) -> None:
    async def listed() -> list[tuple[int, str]]:
        return [(each.user_id, each.name) for each in await world.read(partial(bots.whitelist, bot_id=1))]

    async def add(user_id: int, name: str) -> None:
        entry = WhitelistEntry(user_id=user_id, name=name)
        await world.write(partial(bots.whitelist_add, bot_id=1, entry=entry, now=NOW))

    await world.write(partial(rows.bind, persona_id=2, number=2))
    await add(CHARLIE.id, "Charlie")
    await add(BOB.id, "Bob")
    await add(BOB.id, "Bobby")
    assert await listed() == [(BOB.id, "Bobby"), (CHARLIE.id, "Charlie")]
    assert (await stored(world)).bot.whitelist == {BOB.id, CHARLIE.id}
    assert (await stored(world, 2)).bot.whitelist == frozenset()
    await world.write(partial(bots.whitelist_remove, bot_id=1, user_id=BOB.id, now=NOW))
    await world.write(partial(bots.whitelist_remove, bot_id=1, user_id=BOB.id, now=NOW))
    assert await listed() == [(CHARLIE.id, "Charlie")]


async def test_one_person_let_in_many_times_at_once_is_in(world: Database) -> None:
    entry = WhitelistEntry(user_id=BOB.id, name="Bob")
    await asyncio.gather(*(world.write(partial(bots.whitelist_add, bot_id=1, entry=entry, now=NOW)) for _ in range(10)))
    assert (await stored(world)).bot.whitelist == {BOB.id}


async def test_the_groups_a_bot_is_in(world: Database) -> None:
    await world.write(partial(users.remember, sender=BOB, language="en", now=NOW))
    kitchen = Chat(id=-1, type=ChatType.GROUP, title="Kitchen")
    attic = Chat(id=-1002, type=ChatType.SUPERGROUP, title="Attic")
    for chat in (kitchen, attic, rows.private(BOB), Chat(id=-3, type=ChatType.GROUP, title="Left")):
        await world.write(partial(links.find_or_add, bot_id=1, chat=chat, now=NOW))
    left = Chat(id=-3, type=ChatType.GROUP, title="Left")
    await world.write(partial(links.set_member, bot_id=1, chat=left, active=False, now=NOW))
    assert await world.read(partial(bots.groups, bot_id=1)) == [attic, kitchen]
