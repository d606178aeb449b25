from functools import partial

import pytest

from maskarad.db import history, turns
from maskarad.db.engine import Database
from maskarad.errors import AlreadySeen
from maskarad.values import HistoryLine
from tests.support import rows
from tests.support.databases import CountStatements
from tests.support.people import BOB, CHARLIE
from tests.support.rows import NOW, said


@pytest.fixture
async def world(database: Database) -> Database:
    """A database with one link, number 1."""
    assert await database.write(rows.link) == 1
    return database


async def latest(database: Database, most: int = 40, answered: int = 0) -> list[HistoryLine]:
    return await database.read(partial(history.latest, link_id=1, most=most, answered=answered))


async def test_history_is_ordered_by_message_id_and_not_by_arrival(world: Database) -> None:
    for message_id, person in ((3, BOB), (1, CHARLIE), (2, BOB)):
        await world.write(partial(history.add, link_id=1, message=said(message_id, f"line {message_id}", by=person)))
    lines = await latest(world)
    assert [(line.message_order, line.text, line.sender_name) for line in lines] == [
        (1, "line 1", "Charlie"),
        (2, "line 2", "Боб"),
        (3, "line 3", "Боб"),
    ]
    assert lines[0] == HistoryLine(
        message_order=1,
        sender_id=CHARLIE.id,
        sender_name="Charlie",
        from_persona=False,
        text="line 1",
        sent_at=NOW + 1,
    )


async def test_the_newest_are_read_in_one_statement_however_long_the_history(
    world: Database, statements: CountStatements
) -> None:
    for message_id in range(1, 201):
        await world.write(partial(turns.ask, link_id=1, message=said(message_id), due_at=NOW))
    with statements(world) as seen:
        lines = await latest(world, most=5, answered=197)
    assert seen.count == 1
    assert [(line.message_order, line.unread) for line in lines] == [
        (196, False),
        (197, False),
        (198, True),
        (199, True),
        (200, True),
    ]


async def test_what_is_to_be_answered_is_read_however_much_was_said_since(world: Database) -> None:
    for message_id in (1, 2):
        await world.write(partial(turns.ask, link_id=1, message=said(message_id), due_at=NOW))
    for message_id in range(3, 20):
        await world.write(partial(history.add, link_id=1, message=said(message_id)))
    assert [(line.message_order, line.unread) for line in await latest(world, most=5, answered=1)] == [(2, True)]


async def test_an_edit_replaces_the_text_of_what_is_stored_and_nothing_else(world: Database) -> None:
    await world.write(partial(turns.ask, link_id=1, message=said(1, "teh"), due_at=NOW))
    assert await world.write(partial(history.edit, link_id=1, message=said(1, "the")))
    assert not await world.write(partial(history.edit, link_id=1, message=said(2, "never stored")))
    [line] = await latest(world)
    assert (line.text, line.unread, line.addressed) == ("the", True, True)


async def test_a_message_twice_is_already_seen(world: Database) -> None:
    await world.write(partial(history.add, link_id=1, message=said(1, "first")))
    with pytest.raises(AlreadySeen):
        await world.write(partial(history.add, link_id=1, message=said(1, "second")))
    assert [line.text for line in await latest(world)] == ["first"]


async def test_texts_come_back_as_they_were_said(world: Database) -> None:
    texts = ["שלום \u202e abc", "👩‍👩‍👧‍👦", "i\u0307", "a" * 100_000, "'; DROP TABLE users; --", "%s ? :x $1 {0}"]
    for message_id, text in enumerate(texts):
        await world.write(partial(history.add, link_id=1, message=said(message_id, text)))
    assert [line.text for line in await latest(world)] == texts
