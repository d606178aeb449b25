"""Speaking unasked, in rows, on both databases."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

from maskarad.db import hearing, links, outbox, personas, stirring, turns
from maskarad.db.engine import Database, Query
from maskarad.db.purses import Bill
from maskarad.db.stirring import Candidate
from maskarad.db.tables import bot_instances, chat_bot_instances, usage_records, user_preferences
from maskarad.values import (
    Chattiness,
    ClaimedLink,
    Completion,
    Decision,
    Manners,
    PartDraft,
    PartKind,
    PersonaDraft,
    Purpose,
    Queue,
    Spontaneity,
    Usage,
    Verdict,
)
from tests.support import rows
from tests.support.databases import OpenDatabase
from tests.support.people import ALICE, BOB
from tests.support.rows import NOW, said

HOUR = 3600.0
DAY_NUMBER = 700_000
LINE = PartDraft(kind=PartKind.TEXT, text="tea?", silent=True)
PAID = Usage(
    owner_id=ALICE.id,
    persona_id=1,
    bot_id=1,
    user_id=0,
    completion=Completion(text="tea?", model="m", prompt_tokens=10, completion_tokens=5, latency=0.5),
    created_at=NOW,
    purpose=Purpose.SPONTANEOUS,
)


def heard(message_id: int, link_id: int = 1) -> Query[hearing.Waits]:
    listen = Decision(verdict=Verdict.LISTEN, reason="of_others")
    return partial(
        hearing.hear, link_id=link_id, message=said(message_id), judge=lambda _state: listen, due_at=NOW, now=NOW
    )


def row(connection: Connection) -> Any:
    return connection.execute(select(chat_bot_instances).where(chat_bot_instances.c.id == 1)).one()


def changed(**columns: Any) -> Query[Any]:
    return lambda connection: connection.execute(update(chat_bot_instances).values(**columns))


def candidates(now: float = NOW + HOUR) -> Query[list[Candidate]]:
    return partial(stirring.candidates, now=now, most=10)


async def candidate(database: Database) -> Candidate:
    [found] = await database.read(candidates())
    return found


def take(found: Candidate, token: str = "a", *, still_since: float = NOW + 60) -> Query[ClaimedLink | None]:
    return partial(
        stirring.claim_to_stir,
        candidate=found,
        token=token,
        next_at=NOW + 9 * HOUR,
        still_since=still_since,
        lease=8.0,
        history_lines=30,
        now=NOW + HOUR,
    )


async def taken(database: Database) -> ClaimedLink:
    claimed = await database.write(take(await candidate(database)))
    assert claimed is not None
    return claimed


def finish(link: ClaimedLink, *drafts: PartDraft, now: float = NOW + HOUR) -> Query[bool | None]:
    return partial(
        stirring.finish, link=link, drafts=drafts, bill=Bill(differences=(), usage=PAID), day=DAY_NUMBER, now=now
    )


@pytest.fixture
async def world(database: Database) -> Database:
    """One link, number 1, in which Bob has said something, and whose time has come."""
    await database.write(partial(rows.link, spontaneity=Spontaneity.OFTEN))
    await database.write(heard(1))
    await database.write(partial(stirring.arm, times=[(1, NOW)]))
    return database


async def test_only_one_of_many_takes_a_link(world: Database, open_again: OpenDatabase) -> None:
    found = await candidate(world)
    other = open_again()
    first = await world.write(take(found))
    assert first is not None
    assert [line.text for line in first.history] == ["hello"]
    assert await other.write(take(found, "b")) is None
    assert await other.read(candidates()) == []
    assert (await world.read(row)).stir_at == NOW + 9 * HOUR


async def test_nobody_takes_it_again_when_the_first_one_died(world: Database) -> None:
    found = await candidate(world)
    assert await world.write(take(found)) is not None
    await world.write(turns.release_all)
    assert await world.write(take(found, "b")) is None


@pytest.mark.parametrize(
    "before",
    [
        changed(muted=True),
        changed(active=False),
        changed(parts=1),
        changed(asked=5),
        changed(claim="x", lease_until=NOW + 2 * HOUR),
        changed(chattiness="silent"),
        changed(chattiness="quiet"),
        changed(last_message_at=NOW + 61),
        changed(spoke_at=NOW + 61),
    ],
)
async def test_a_link_that_has_changed_is_left_alone(world: Database, before: Query[Any]) -> None:
    found = await candidate(world)
    await world.write(before)
    assert await world.write(take(found)) is None


async def test_a_dead_claim_is_no_hindrance(world: Database) -> None:
    found = await candidate(world)
    await world.write(changed(claim="x", lease_until=NOW))
    assert await world.write(take(found)) is not None


async def test_what_it_says_goes_the_way_of_every_answer(world: Database) -> None:
    link = await taken(world)
    await world.write(changed(spoke_to=BOB.id))
    assert await world.write(finish(link, LINE))
    assert [(part.text, part.silent) for part in await world.read(partial(outbox.waiting, link_id=1))] == [
        ("tea?", True)
    ]
    assert await world.read(partial(turns.due, now=NOW + HOUR, most=10, of_each=10)) == [(1, 1, Queue.DELIVERY)]
    after = await world.read(row)
    assert (after.claim, after.stirred_at, after.stirs, after.stirs_day) == (None, NOW + HOUR, 1, DAY_NUMBER)
    assert after.spoke_to == 0
    assert await world.read(lambda connection: connection.execute(select(usage_records.c.purpose)).all()) == [
        ("spontaneous",)
    ]


async def test_the_same_commit_again_adds_nothing(world: Database) -> None:
    link = await taken(world)
    await world.write(finish(link, LINE))
    assert not await world.write(finish(link, LINE))
    assert (await world.read(row)).parts == 1
    assert len(await world.read(lambda connection: connection.execute(select(usage_records.c.id)).all())) == 1


async def test_its_lines_of_a_day_are_counted(world: Database) -> None:
    for number in (1, 2):
        await world.write(changed(stir_at=NOW, parts=0))
        await world.write(finish(await taken(world), LINE))
        assert (await world.read(row)).stirs == number
    await world.write(changed(stir_at=NOW, parts=0))
    link = await taken(world)
    await world.write(partial(stirring.finish, link=link, drafts=[LINE], bill=None, day=DAY_NUMBER + 1, now=NOW + HOUR))
    after = await world.read(row)
    assert (after.stirs, after.stirs_day) == (1, DAY_NUMBER + 1)


@pytest.mark.parametrize(
    "meanwhile", [heard(2), changed(muted=True), changed(active=False), changed(chattiness="silent")]
)
async def test_what_comes_too_late_is_not_said_but_paid_for(world: Database, meanwhile: Query[Any]) -> None:
    link = await taken(world)
    await world.write(meanwhile)
    assert not await world.write(finish(link, LINE))
    after = await world.read(row)
    assert (after.parts, after.claim, after.stirred_at) == (0, None, 0)
    assert len(await world.read(lambda connection: connection.execute(select(usage_records.c.id)).all())) == 1


async def test_a_reset_takes_the_claim_away(world: Database) -> None:
    link = await taken(world)
    await world.write(partial(links.forget, link_id=1, now=NOW))
    assert not await world.write(finish(link, LINE))
    assert (await world.read(row)).parts == 0


async def test_silence_ends_the_claim(world: Database) -> None:
    link = await taken(world)
    assert not await world.write(finish(link))
    after = await world.read(row)
    assert (after.parts, after.claim, after.ignored) == (0, None, 0)


async def test_a_line_counts_as_ignored_until_somebody_writes_or_reacts(world: Database) -> None:
    for expected in (1, 2):
        await world.write(changed(stir_at=NOW, parts=0))
        await world.write(finish(await taken(world), LINE))
        await world.write(changed(stir_at=NOW))
        assert (await candidate(world)).ignored == expected
    await world.write(changed(liking_at=NOW + HOUR + 1))
    assert (await candidate(world)).ignored == 0
    await world.write(changed(parts=0))
    await world.write(finish(await taken(world), LINE, now=NOW + 3 * HOUR))
    await world.write(changed(stir_at=NOW))
    assert (await candidate(world)).ignored == 1
    await world.write(heard(7))
    assert (await candidate(world)).ignored == 0


@pytest.mark.parametrize(
    ("before", "welcome"),
    [
        (changed(muted=False), True),
        (changed(muted=True), False),
        (changed(active=False), False),
        (partial(links.set_manners, link_id=1, manners=Manners(chattiness=Chattiness.QUIET)), False),
        (partial(links.set_manners, link_id=1, manners=Manners(chattiness=Chattiness.SILENT)), False),
        (partial(links.set_manners, link_id=1, manners=Manners(chattiness=Chattiness.CHATTY)), True),
        (lambda connection: connection.execute(update(bot_instances).values(enabled=False)), False),
        (lambda connection: connection.execute(update(bot_instances).values(state="invalid")), False),
    ],
)
async def test_where_it_is_welcome(world: Database, before: Query[Any], welcome: bool) -> None:
    await world.write(before)
    assert (await candidate(world)).welcome is welcome
    await world.write(changed(stir_at=None))
    found = await world.read(partial(stirring.unarmed, since=NOW, most=10))
    assert [each.link_id for each in found] == ([1] if welcome else [])


@pytest.mark.parametrize(
    ("preference", "welcome"),
    [
        ({}, False),
        ({"scope": 2}, False),
        ({"scope": 7}, True),
        ({"value": "on"}, True),
        ({"name": "reactions"}, True),
        ({"user_id": ALICE.id}, True),
    ],
)
async def test_a_person_can_forbid_it(database: Database, preference: dict[str, Any], welcome: bool) -> None:
    stated = {
        "persona_config_id": 1,
        "user_id": BOB.id,
        "scope": 0,
        "name": "spontaneity",
        "value": "off",
        "stated_at": NOW,
    }

    def prepare(connection: Connection) -> None:
        bot_id = rows.bot(connection)
        links.find_or_add(connection, bot_id, rows.GROUP, now=NOW)
        links.find_or_add(connection, bot_id, rows.private(BOB), now=NOW)
        connection.execute(insert(user_preferences).values(stated | preference))
        stirring.arm(connection, [(1, NOW), (2, NOW)])

    await database.write(prepare)
    group, private = await database.read(candidates())
    assert (group.welcome, private.welcome) == (True, welcome)


async def test_those_that_have_a_time_keep_it(world: Database) -> None:
    await world.write(partial(stirring.arm, times=[(1, NOW + 5)]))
    assert (await world.read(row)).stir_at == NOW


async def test_what_was_put_off_meanwhile_is_not_put_off_again(world: Database) -> None:
    found = await candidate(world)
    await world.write(partial(stirring.put_off, changes=[(found, NOW + 5)]))
    await world.write(partial(stirring.put_off, changes=[(found, None)]))
    assert (await world.read(row)).stir_at == NOW + 5


async def test_links_of_personas_that_speak_only_when_asked_are_not_even_looked_at(world: Database) -> None:
    await world.write(changed(stir_at=None))
    [found] = await world.read(partial(stirring.unarmed, since=NOW, most=10))
    assert found.rate is Spontaneity.OFTEN
    quiet = PersonaDraft(name="Mira 1", description="a tea witch", language="en")
    await world.write(partial(personas.change, owner_id=ALICE.id, persona_id=1, content=quiet, now=NOW))
    assert await world.read(partial(stirring.unarmed, since=NOW, most=10)) == []


async def test_links_without_a_time_are_found_page_by_page(database: Database) -> None:
    def prepare(connection: Connection) -> None:
        for number in range(1, 8):
            rows.link(connection, number, spontaneity=Spontaneity.OFTEN)
        connection.execute(update(chat_bot_instances).values(last_message_at=NOW))
        connection.execute(update(chat_bot_instances).where(chat_bot_instances.c.id == 1).values(last_message_at=1.0))
        connection.execute(
            update(chat_bot_instances).where(chat_bot_instances.c.id == 7).values(last_message_at=NOW + 1)
        )

    await database.write(prepare)
    found: list[int] = []
    since, after = NOW - 10, 0
    while page := await database.read(partial(stirring.unarmed, since=since, after=after, most=2)):
        found += [each.link_id for each in page]
        since, after = page[-1].last_message_at, page[-1].link_id
    assert found == [2, 3, 4, 5, 6, 7]
