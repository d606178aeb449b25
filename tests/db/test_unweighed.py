"""What waits to be weighed: in order, for one of many, and without the words."""

import asyncio
from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, select, text, update
from sqlalchemy.util import await_only

from maskarad.db import forgetting, hearing, history, links, unweighed
from maskarad.db.engine import Database, Query
from maskarad.db.hearing import Waits
from maskarad.db.orders import BEFORE_MIGRATION
from maskarad.db.tables import bot_instances, chat_bot_instances, chat_contexts, unweighed_remarks
from maskarad.db.unweighed import Unweighed
from maskarad.values import BotState, Chat, ChatType, Decision, Incoming, LinkState, Verdict
from tests.support import rows
from tests.support.databases import CountStatements, OpenDatabase
from tests.support.people import ALICE, BOB
from tests.support.rows import GROUP, NOW, said
from tests.support.until import until

SUPERGROUP = Chat(id=-1009, type=ChatType.SUPERGROUP, title="Kitchen")
JOINS_IN = Decision(verdict=Verdict.ANSWER, reason="joins_in", score=0.9)
LISTENS = Decision(verdict=Verdict.LISTEN, reason="unconvinced", score=0.4)
ASKED = "who has seen my keys?"
WAITING = text(
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
)


def left(message: Incoming, *, link_id: int = 1, now: float = NOW) -> Query[Waits]:
    """Stored by a process without the analyser."""

    def judge(_state: LinkState) -> Unweighed:
        return Unweighed(message=message, floods=True)

    return partial(hearing.hear, link_id=link_id, message=message, judge=judge, due_at=now, now=now)


def weigh(message: Incoming, decision: Decision = JOINS_IN, *, now: float = NOW) -> Query[Waits]:
    return partial(hearing.weigh, link_id=1, message=message, decide=lambda _state: decision, due_at=now + 1, now=now)


def waiting(connection: Connection) -> list[Unweighed]:
    found = unweighed.waiting(connection, 1, most=9)
    return [left.unweighed for left in found if left.unweighed is not None]


def link(connection: Connection) -> Any:
    return connection.execute(select(chat_bot_instances)).one()


def line(connection: Connection) -> Any:
    return connection.execute(select(chat_contexts)).one()


def remarks(connection: Connection) -> list[str]:
    return [row.remark for row in connection.execute(select(unweighed_remarks))]


@pytest.fixture
async def world(database: Database) -> Database:
    """A database with one link, number 1, of a group."""
    await database.write(rows.link)
    return database


async def test_it_is_stored_and_counted_at_once_and_nothing_is_decided(
    world: Database, statements: CountStatements
) -> None:
    with statements(world) as seen:
        assert await world.write(left(said(10, ASKED))) is Waits.WEIGHING
    assert seen.count == 3
    stored, counted = await world.read(line), await world.read(link)
    assert (stored.text, stored.asked, stored.decision, counted.messages, counted.asked) == (ASKED, None, None, 1, 0)
    assert await world.read(waiting) == [Unweighed(message=said(10, ASKED), floods=True)]


async def test_they_wait_in_their_order(world: Database) -> None:
    for number in (12, 10, 11):
        await world.write(left(said(number, f"who is {number}?")))
    assert [each.message.text for each in await world.read(waiting)] == ["who is 10?", "who is 11?", "who is 12?"]
    assert len(await world.read(partial(unweighed.waiting, link_id=1, most=2))) == 2


async def test_weighed_it_counts_as_if_it_had_been_taken_up_at_once(world: Database) -> None:
    await world.write(left(said(10, ASKED)))
    assert await world.write(weigh(said(10, ASKED), now=NOW + 3)) is Waits.TURN
    stored, counted = await world.read(line), await world.read(link)
    assert (stored.asked, stored.addressed) == (1, True)
    assert (counted.asked, counted.messages, counted.due_at, counted.pondered_at) == (1, 1, NOW + 4, NOW + 3)
    assert counted.recent_considered == 1
    assert await world.read(waiting) == []


async def test_what_is_let_be_costs_three_statements_and_says_why(world: Database, statements: CountStatements) -> None:
    await world.write(left(said(10, ASKED)))
    with statements(world) as seen:
        assert await world.write(weigh(said(10, ASKED), LISTENS)) is Waits.NOTHING
    assert seen.count == 3
    assert "unconvinced" in (await world.read(line)).decision
    assert (await world.read(link)).asked == 0


async def test_of_many_that_weigh_it_one_does(world: Database, open_again: OpenDatabase) -> None:
    await world.write(left(said(10, ASKED)))
    workers = [world, *(open_again() for _ in range(4))]
    found = await asyncio.gather(*(worker.write(weigh(said(10, ASKED))) for worker in workers))
    assert sorted(found) == [Waits.NOTHING] * 4 + [Waits.TURN]
    assert (await world.read(link)).asked == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_of_two_messages_weighed_at_one_time_the_second_knows_of_the_first(world: Database) -> None:
    await world.write(left(said(10, ASKED)))
    await world.write(left(said(11, ASKED)))
    decides = asyncio.Event()

    async def other_waits() -> bool:
        return bool(await world.read(lambda connection: connection.execute(WAITING).scalar_one()))

    def slowly(_state: LinkState) -> Decision:
        decides.set()
        await_only(until(other_waits))
        return JOINS_IN

    def at_once(state: LinkState) -> Decision:
        return LISTENS if state.recent_considered else JOINS_IN

    weighed = partial(hearing.weigh, link_id=1, due_at=NOW, now=NOW)
    first = asyncio.create_task(world.write(partial(weighed, message=said(10), decide=slowly)))
    await decides.wait()
    assert await world.write(partial(weighed, message=said(11), decide=at_once)) is Waits.NOTHING
    assert await first is Waits.TURN
    assert (await world.read(link)).asked == 1


async def test_muted_meanwhile_it_only_listens(world: Database) -> None:
    await world.write(left(said(10, ASKED)))
    await world.write(partial(links.set_muted, link_id=1, muted=True))
    assert await world.write(weigh(said(10, ASKED))) is Waits.NOTHING
    assert "muted" in (await world.read(line)).decision


async def test_its_words_are_in_the_history_alone_and_corrected_there(world: Database) -> None:
    await world.write(left(said(10, ASKED)))
    assert not any(ASKED in remark for remark in await world.read(remarks))
    corrected = replace(said(10, "who has seen my hat?"), edited_at=NOW)
    await world.write(partial(history.edit, link_id=1, message=corrected, edited_at=NOW))
    (found,) = await world.read(waiting)
    assert found.message.text == "who has seen my hat?"


@pytest.mark.parametrize(
    "erase",
    [
        partial(links.forget, link_id=1, now=NOW),
        partial(forgetting.finish, bot_id=1, persona_id=1, user_id=BOB.id, group_ids=[1], names=["Боб"], since=NOW),
    ],
    ids=["reset", "forget_me"],
)
async def test_what_is_erased_waits_no_more(world: Database, erase: Query[object]) -> None:
    await world.write(left(said(10, ASKED)))
    await world.write(erase)
    assert await world.read(remarks) == []
    assert await world.write(weigh(said(10, ASKED))) is Waits.NOTHING


async def test_forget_me_leaves_others_waiting(world: Database) -> None:
    await world.write(left(said(10, ASKED)))
    await world.write(left(said(11, ASKED, by=ALICE)))
    await world.write(
        partial(forgetting.finish, bot_id=1, persona_id=1, user_id=BOB.id, group_ids=[1], names=["Боб"], since=NOW)
    )
    assert [each.message.sender for each in await world.read(waiting)] == [ALICE]


async def test_with_its_line_gone_nothing_is_asked(world: Database) -> None:
    await world.write(left(said(10, ASKED)))
    await world.write(partial(history.forget, link_id=1, now=NOW))
    (found,) = await world.read(waiting)
    assert found.message.text == ""
    assert await world.write(weigh(found.message)) is Waits.NOTHING
    assert (await world.read(link)).asked == 0
    assert await world.read(waiting) == []


async def test_unbound_with_the_bot_it_is_gone(world: Database) -> None:
    await world.write(left(said(10, ASKED)))
    await world.write(lambda connection: connection.execute(chat_bot_instances.delete()))
    assert await world.read(remarks) == []


async def test_in_a_group_that_moves_it_waits_on(world: Database) -> None:
    await world.write(left(said(10, ASKED)))
    newer = await world.write(partial(links.find_or_add, bot_id=1, chat=SUPERGROUP, now=NOW))
    await world.write(left(said(3, "and my hat?", chat=SUPERGROUP), link_id=newer.id))
    await world.write(partial(links.move, bot_id=1, old_chat_id=GROUP.id, new_chat_id=SUPERGROUP.id))
    moved = await world.read(waiting)
    assert [(each.message.message_id, each.message.text) for each in moved] == [
        (10 - BEFORE_MIGRATION, ASKED),
        (3, "and my hat?"),
    ]
    assert [await world.write(weigh(each.message)) for each in moved] == [Waits.TURN, Waits.TURN]


async def test_the_sweep_finds_what_nobody_came_for_and_of_bots_at_rest_what_is_old(world: Database) -> None:
    await world.write(left(said(10), now=NOW))
    await world.write(left(said(11), now=NOW + 5))

    async def overdue(before: float, old: float = 0.0) -> list[tuple[int, int]]:
        return await world.read(partial(unweighed.overdue, before=before, old=old, most=9, of_each=9))

    assert [await overdue(NOW - 1), await overdue(NOW + 1), await overdue(NOW + 9)] == [[], [(1, 1)], [(1, 1)]]
    for at_rest in ({"enabled": False}, {"enabled": True, "state": BotState.INVALID.value}):
        resting = update(bot_instances).values(at_rest)
        await world.write(lambda connection: connection.execute(resting))  # noqa: B023
        assert [await overdue(NOW + 9), await overdue(NOW + 9, old=NOW)] == [[], [(1, 1)]]


async def test_the_sweep_counts_links_not_remarks_and_every_bot_has_its_share(database: Database) -> None:
    def fill(connection: Connection) -> None:
        for number in (1, 2):
            rows.bot(connection, number)
        crowd = [Chat(id=-1100 - number, type=ChatType.GROUP, title="Crowd") for number in range(4)]
        made = [links.find_or_add(connection, 1, chat, now=NOW).id for chat in crowd]
        made.append(links.find_or_add(connection, 2, GROUP, now=NOW).id)
        for link_id in made:
            for number in range(10):
                left(said(number + 1), link_id=link_id, now=NOW + link_id)(connection)

    await database.write(fill)

    async def overdue(most: int, of_each: int) -> list[tuple[int, int]]:
        return await database.read(partial(unweighed.overdue, before=NOW + 9, old=0.0, most=most, of_each=of_each))

    assert await overdue(3, 9) == [(1, 1), (5, 2), (2, 1)]
    assert await overdue(9, 2) == [(1, 1), (5, 2), (2, 1)]
