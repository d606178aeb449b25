import asyncio
from functools import partial

import pytest
from sqlalchemy import Connection, select, update

from maskarad.db import hearing, history, imports, links, turns
from maskarad.db.engine import Database
from maskarad.db.tables import chat_contexts
from maskarad.errors import AlreadySeen, NotFound
from maskarad.values import HistoryLine, SentMessage
from tests.support import rows
from tests.support.databases import CountStatements
from tests.support.people import BOB, CHARLIE
from tests.support.rows import GROUP, NOW, said


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
        await world.write(partial(hearing.ask, link_id=1, message=said(message_id), due_at=NOW))
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
        await world.write(partial(hearing.ask, link_id=1, message=said(message_id), due_at=NOW))
    for message_id in range(3, 20):
        await world.write(partial(history.add, link_id=1, message=said(message_id)))
    lines, asked = await world.read(partial(history.to_answer, link_id=1, answered=1, asked=2, most=5))
    assert [(line.message_order, line.unread) for line in lines] == [(2, True), *((n, False) for n in range(16, 20))]
    assert asked == 2


async def test_an_edit_replaces_the_text_of_what_is_stored_and_nothing_else(world: Database) -> None:
    await world.write(partial(hearing.ask, link_id=1, message=said(1, "teh"), due_at=NOW))
    assert await world.write(partial(history.edit, link_id=1, message=said(1, "the"), edited_at=NOW))
    assert not await world.write(partial(history.edit, link_id=1, message=said(2, "never stored"), edited_at=NOW))
    [line] = await latest(world)
    assert (line.text, line.unread, line.addressed) == ("the", True, True)


async def test_of_edits_that_come_late_or_twice_the_latest_stays(world: Database) -> None:
    """A process that is killed after it has stored an edit, and before Telegram knows, is brought it again."""
    await world.write(partial(hearing.ask, link_id=1, message=said(1, "teh"), due_at=NOW))

    async def edited(text: str, at: float) -> bool:
        return await world.write(partial(history.edit, link_id=1, message=said(1, text), edited_at=at))

    assert await edited("first", NOW + 1)
    assert not await edited("first", NOW + 1)
    assert await edited("second", NOW + 2)
    assert not await edited("first", NOW + 1)
    assert [line.text for line in await latest(world)] == ["second"]
    assert await edited("third, in the same second", NOW + 2)
    assert [line.text for line in await latest(world)] == ["third, in the same second"]


async def test_an_edit_of_what_was_imported_leaves_nothing_of_the_old_words(world: Database) -> None:
    def bring(connection: Connection) -> None:
        text, html = "my secret", "<b>my secret</b>"
        imports.add(
            connection, [imports.Row(1, 7, GROUP.id, BOB.id, "Bob", False, text, NOW, None, None, 5, html, None)]
        )

    await world.write(bring)
    assert await world.write(partial(history.edit, link_id=1, message=said(7, "nothing"), edited_at=NOW + 60))
    assert "secret" not in await world.read(everything)
    edited_at = select(chat_contexts.c.edited_at)
    assert await world.read(lambda connection: connection.execute(edited_at).scalar_one()) == NOW + 60


async def test_a_message_twice_is_already_seen(world: Database) -> None:
    await world.write(partial(history.add, link_id=1, message=said(1, "first")))
    with pytest.raises(AlreadySeen):
        await world.write(partial(history.add, link_id=1, message=said(1, "second")))
    assert [line.text for line in await latest(world)] == ["first"]


async def test_a_message_for_a_link_that_is_gone_is_not_taken_for_seen(world: Database) -> None:
    add, keep = partial(history.add, message=said(1)), partial(hearing.keep, message=said(1))
    first, gone, again = await asyncio.gather(
        world.write(partial(keep, link_id=1)),
        world.write(partial(add, link_id=2)),
        world.write(partial(keep, link_id=1)),
        return_exceptions=True,
    )
    assert isinstance(gone, NotFound)
    assert {type(first), type(again)} == {type(None), AlreadySeen}
    assert len(await latest(world)) == 1
    with pytest.raises(NotFound):
        await world.write(partial(add, link_id=2))


def everything(connection: Connection) -> str:
    return repr(connection.execute(select(chat_contexts)).all())


async def test_a_forgotten_message_that_comes_again_is_known_and_its_words_are_gone(world: Database) -> None:
    words = said(1, "my secret")
    await world.write(partial(hearing.ask, link_id=1, message=words, due_at=NOW))
    assert await world.write(partial(links.forget, link_id=1, now=NOW + 60)) == 1
    for store in (partial(history.add, message=words), partial(hearing.ask, message=words, due_at=NOW)):
        with pytest.raises(AlreadySeen):
            await world.write(partial(store, link_id=1))
    assert not await world.write(partial(history.edit, link_id=1, message=said(1, "my secret, again"), edited_at=NOW))
    kept = await world.read(everything)
    assert not [word for word in ("secret", BOB.name, str(BOB.id)) if word in kept]
    await world.write(partial(hearing.ask, link_id=1, message=said(2, "hi"), due_at=NOW))
    claimed = await world.write(partial(turns.claim, link_id=1, token="a", lease=9, history_lines=40, now=NOW + 60))
    assert claimed is not None
    assert [line.text for line in claimed.history] == ["hi"]


async def test_of_forgotten_messages_only_what_telegram_may_bring_again_stays_known(world: Database) -> None:
    own = SentMessage(message_id=3, bot_telegram_id=7001, bot_name="Mira")
    for message_id in (1, 2):
        await world.write(partial(history.add, link_id=1, message=said(message_id)))
    await world.write(
        partial(history.add_own, link_id=1, chat_id=rows.GROUP.id, message=own, text="hello", now=NOW + 3)
    )
    two_days = 48 * 3600.0
    assert await world.write(partial(links.forget, link_id=1, now=NOW + two_days + 1.5)) == 3
    with pytest.raises(AlreadySeen):
        await world.write(partial(history.add, link_id=1, message=said(2)))
    for message_id in (1, 3):
        await world.write(partial(history.add, link_id=1, message=said(message_id)))
    for now, gone in ((NOW + two_days + 2, 0), (NOW + two_days + 2.5, 1), (NOW + 9 * two_days, 0)):
        assert await world.write(partial(history.tidy, now=now, most=100)) == gone
    assert [line.message_order for line in await latest(world)] == [1, 3]


async def test_texts_come_back_as_they_were_said(world: Database) -> None:
    texts = ["שלום \u202e abc", "👩‍👩‍👧‍👦", "i\u0307", "a" * 100_000, "'; DROP TABLE users; --", "%s ? :x $1 {0}"]
    for message_id, text in enumerate(texts):
        await world.write(partial(history.add, link_id=1, message=said(message_id, text)))
    assert [line.text for line in await latest(world)] == texts


async def test_what_telegram_brings_takes_the_place_of_what_was_imported(world: Database) -> None:
    """A forged export must not make the bot deaf to messages that are still to come."""

    def forge(connection: Connection) -> None:
        history.add(connection, 1, said(7, "forged"))
        connection.execute(update(chat_contexts).values(imported=True, html="<b>forged</b>"))

    await world.write(forge)
    assert await world.write(partial(hearing.ask, link_id=1, message=said(7, "are you there?"), due_at=NOW))
    assert [(line.text, line.unread) for line in await latest(world, most=5, answered=0)] == [("are you there?", True)]
    with pytest.raises(AlreadySeen):
        await world.write(partial(hearing.ask, link_id=1, message=said(7, "again"), due_at=NOW))
