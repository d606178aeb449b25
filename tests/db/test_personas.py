import asyncio
from functools import partial

import msgspec
import pytest
from sqlalchemy import Connection, func, select

from maskarad.db import bots, hearing, history, links, personas, tables, turns, users, wizards
from maskarad.db.engine import Database, Query
from maskarad.errors import LimitReached, NameTaken, NotFound
from maskarad.values import (
    Character,
    GroupReply,
    Mood,
    PartDraft,
    PartKind,
    Persona,
    PersonaDraft,
    Style,
    TurnOutcome,
    WhitelistEntry,
)
from tests.support import rows
from tests.support.people import ALICE, BOB, CHARLIE
from tests.support.rows import NOW, said

DRAFT = PersonaDraft(
    name="Міра 🫖",
    description="tea\nwitch",
    language="uk",
    style=Style.SARCASTIC,
    group_reply=GroupReply.NEVER,
    reply_messages=7,
    moods=(Mood(key="joy"), Mood(key="own1", name="Гроза", text="thunder")),
    model="a/b",
    temperature=1.25,
    character=Character(taboos="coffee"),
)


def named(name: str) -> PersonaDraft:
    return msgspec.structs.replace(DRAFT, name=name)


def add(name: str, *, owner_id: int = ALICE.id, limit: int = 20, now: float = NOW) -> Query[int]:
    return partial(personas.add, owner_id=owner_id, content=named(name), limit=limit, now=now)


@pytest.fixture
async def world(database: Database) -> Database:
    """Alice and Bob are users."""
    for person in (ALICE, BOB):
        await database.write(partial(users.remember, sender=person, language="en", now=NOW))
    return database


async def test_a_persona_comes_back_as_it_was_stored(world: Database) -> None:
    persona_id = await world.write(add(DRAFT.name))
    stored = await world.read(partial(personas.get, persona_id=persona_id))
    assert stored == Persona(id=persona_id, owner_id=ALICE.id, version=1, content=DRAFT)
    assert stored.name == "Міра 🫖"


async def test_owners_see_their_own_oldest_first(world: Database) -> None:
    for name, owner in (("b", ALICE), ("a", ALICE), ("c", BOB)):
        await world.write(add(name, owner_id=owner.id))
    for owner_id, names in ((ALICE.id, ["b", "a"]), (BOB.id, ["c"]), (CHARLIE.id, []), (None, ["b", "a", "c"])):
        assert [each.name for each in await world.read(partial(personas.owned_by, owner_id=owner_id))] == names


@pytest.mark.parametrize("again", ["Міра", "міра", "МІРА", "  Міра ", "МІра"])
async def test_names_that_differ_in_case_or_spaces_are_one(world: Database, again: str) -> None:
    await world.write(add("Міра"))
    other = await world.write(add("Other"))
    with pytest.raises(NameTaken):
        await world.write(add(again))
    with pytest.raises(NameTaken):
        await world.write(
            partial(personas.change, owner_id=ALICE.id, persona_id=other, content=named(again), now=NOW + 1)
        )
    await world.write(add(again, owner_id=BOB.id))
    assert len(await world.read(partial(personas.owned_by, owner_id=ALICE.id))) == 2


async def test_a_persona_may_change_the_case_of_its_name(world: Database) -> None:
    persona_id = await world.write(add("Mira"))
    change = partial(personas.change, owner_id=ALICE.id, persona_id=persona_id, content=named("MIRA"), now=NOW + 5)
    await world.write(change)
    changed = await world.read(partial(personas.get, persona_id=persona_id))
    assert (changed.name, changed.version) == ("MIRA", 2)


async def test_the_limit_holds(world: Database) -> None:
    for number in range(3):
        await world.write(add(f"Mira {number}", limit=3))
    with pytest.raises(LimitReached):
        await world.write(add("Mira 4", limit=3))
    await world.write(add("Mira", owner_id=BOB.id, limit=3))


async def test_the_limit_holds_when_all_come_at_once(world: Database) -> None:
    outcomes = await asyncio.gather(
        *(world.write(add(f"Mira {number}", limit=3)) for number in range(10)), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["LimitReached"] * 7 + ["int"] * 3


async def test_one_of_many_that_want_the_same_name_gets_it(world: Database) -> None:
    outcomes = await asyncio.gather(*(world.write(add("Mira")) for _ in range(8)), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NameTaken"] * 7 + ["int"]


async def test_an_unknown_owner_is_not_found(world: Database) -> None:
    with pytest.raises(NotFound):
        await world.write(add("Mira", owner_id=CHARLIE.id))


async def test_strangers_neither_change_nor_remove(world: Database) -> None:
    persona_id = await world.write(add("Mira"))
    for attempt in (
        partial(personas.change, owner_id=BOB.id, persona_id=persona_id, content=named("Stolen"), now=NOW),
        partial(personas.remove, owner_id=BOB.id, persona_id=persona_id),
        partial(personas.get_for_change, owner_id=BOB.id, persona_id=persona_id),
        partial(personas.remove, owner_id=ALICE.id, persona_id=persona_id + 1),
        partial(personas.get, persona_id=persona_id + 1),
    ):
        with pytest.raises(NotFound):
            await world.write(attempt)
    assert (await world.read(partial(personas.get, persona_id=persona_id))).name == "Mira"


async def test_two_who_change_one_field_each_lose_neither(world: Database) -> None:
    persona_id = await world.write(add("Mira"))

    def change(**fields: object) -> Query[None]:
        def query(connection: Connection) -> None:
            now = personas.get_for_change(connection, ALICE.id, persona_id).content
            personas.change(connection, ALICE.id, persona_id, msgspec.structs.replace(now, **fields), now=NOW)

        return query

    await asyncio.gather(
        world.write(change(description="new")), world.write(change(temperature=0.1)), world.write(change(model=None))
    )
    changed = await world.read(partial(personas.get, persona_id=persona_id))
    assert (changed.content.description, changed.content.temperature, changed.content.model) == ("new", 0.1, None)
    assert changed.version == 4


async def test_other_processes_find_what_changed(world: Database) -> None:
    first = await world.write(add("a"))
    second = await world.write(add("b", owner_id=BOB.id, now=NOW + 10))
    assert await world.read(partial(personas.changed_since, since=NOW + 10)) == {second: (1, BOB.id)}
    await world.write(partial(personas.change, owner_id=ALICE.id, persona_id=first, content=named("c"), now=NOW + 20))
    changed = await world.read(partial(personas.changed_since, since=NOW + 10))
    assert changed == {first: (2, ALICE.id), second: (1, BOB.id)}


async def test_a_removed_persona_leaves_no_orphan_rows(world: Database) -> None:
    def everything(connection: Connection) -> int:
        persona_id = rows.persona(connection)
        bot_id = rows.bind(connection, persona_id)
        bots.whitelist_add(connection, bot_id, WhitelistEntry(user_id=BOB.id, name="Bob"), now=NOW)
        link = links.find_or_add(connection, bot_id, rows.GROUP, now=NOW)
        hearing.ask(connection, link.id, said(1), due_at=NOW)
        history.add(connection, link.id, said(2))
        claimed = turns.claim(connection, link.id, "a", lease=60, history_lines=40, now=NOW)
        assert claimed is not None
        part = PartDraft(kind=PartKind.TEXT, text="hi")
        turns.finish(connection, claimed.claim, TurnOutcome(answered=1, parts=(part,)), None)
        wizards.save(connection, bot_id, ALICE.id, "{}", now=NOW)
        return persona_id

    def filled(connection: Connection) -> set[str]:
        counts = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in tables.metadata.sorted_tables
        }
        return {name for name, count in counts.items() if count}

    persona_id = await world.write(everything)
    assert {"bot_instances", "bot_whitelist", "chat_bot_instances", "chat_contexts", "reply_parts"} <= (
        await world.read(filled)
    )
    await world.write(partial(personas.remove, owner_id=ALICE.id, persona_id=persona_id))
    assert await world.read(filled) == {"platform_identity", "users"}
