"""The context store's ten operations, on both databases."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, bindparam, text

from maskarad.db import links, statistics
from maskarad.db.engine import Database
from maskarad.errors import ExportRefused, MalformedUpdate, NotFound, SchemaOutdated
from maskarad.memory.context import ContextStore
from maskarad.values import Chat, ChatType, SentMessage
from tests.memory.folding import BOT, TellingModel, a_link, folder, say, texts
from tests.support import rows
from tests.support.clock import FakeClock
from tests.support.databases import CountStatements, connect
from tests.support.people import ALICE, BOB
from tests.support.plans.explain import plans_of, scanned
from tests.support.plans.partitions import analyze
from tests.support.plans.work import work_of
from tests.support.rows import GROUP, NOW, said

MANY = 200


@pytest.fixture
def store(database: Database, clock: FakeClock) -> ContextStore:
    return ContextStore(database, clock=clock)


def own(message_id: int) -> SentMessage:
    return SentMessage(message_id=message_id, bot_telegram_id=7001, bot_name="Mira 1")


def message_object(message_id: int, **more: Any) -> dict[str, Any]:
    """As the Bot API writes it."""
    return {
        "message_id": message_id,
        "date": 1_800_000_000,
        "chat": {"id": GROUP.id, "type": "group", "title": GROUP.title},
        "from": {"id": 1002, "is_bot": False, "first_name": "Боб"},
        **more,
    }


async def test_two_hundred_tasks_at_once_lose_nothing_and_keep_the_order(
    store: ContextStore, database: Database
) -> None:
    link = await a_link(database)
    numbers = [7 * number % MANY + 1 for number in range(MANY)]

    async def one(number: int) -> bool:
        match number % 4:
            case 0:
                return await store.add_message_to_context(link, GROUP.id, own(number), f"own {number}")
            case 1:
                return await store.save_message_obj(link, message_object(number, text=f"object {number}"))
            case _:
                return await store.save_message(link, said(number, f"said {number}"))

    stored = await asyncio.gather(*map(one, numbers), *map(one, numbers[:50]))
    assert sum(stored) == MANY
    lines = await store.get_recent_messages(link, MANY + 1)
    assert [line.message_order for line in lines] == list(range(1, MANY + 1))
    assert [line.text.split()[1] for line in lines] == [str(number) for number in range(1, MANY + 1)]
    stats = await store.get_chat_stats(link)
    assert (stats.messages, stats.own_messages) == (MANY, MANY // 4)


async def test_a_message_is_stored_once_and_asks_for_nothing(store: ContextStore, database: Database) -> None:
    link = await a_link(database)
    assert await store.save_message(link, said(1, "hello"))
    assert not await store.save_message(link, said(1, "hello again"))
    assert not await store.add_message_to_context(link, GROUP.id, own(1), "mine")
    assert texts(await store.get_recent_messages(link, 10)) == ["hello"]
    assert not (await store.get_recent_messages(link, 10))[0].unread
    assert (await store.get_chat_stats(link)).messages == 1


async def test_what_the_persona_said_is_its_own(store: ContextStore, database: Database, clock: FakeClock) -> None:
    link = await a_link(database)
    assert await store.add_message_to_context(link, GROUP.id, own(5), "tea?")
    [line] = await store.get_recent_messages(link, 10)
    assert (line.from_persona, line.sender_name, line.text, line.sent_at) == (True, "Mira 1", "tea?", clock())
    stats = await store.get_chat_stats(link)
    assert (stats.messages, stats.own_messages, stats.first_message_at) == (1, 1, clock())


async def test_a_message_object_is_read_as_telegram_writes_it(store: ContextStore, database: Database) -> None:
    link = await a_link(database)
    assert await store.save_message_obj(link, message_object(1, photo=[{"file_id": "x"}]))
    assert await store.save_message_obj(link, message_object(2, text="look", reply_to_message=message_object(1)))
    assert not await store.save_message_obj(link, message_object(3, new_chat_title="Attic"))
    with pytest.raises(MalformedUpdate):
        await store.save_message_obj(link, message_object(4, text=5))
    assert texts(await store.get_recent_messages(link, 10)) == ["[photo]", "look"]


async def test_of_a_link_that_is_gone_nothing_is_stored(store: ContextStore) -> None:
    for saving in (
        store.save_message(77, said(1)),
        store.add_message_to_context(77, 1, own(1), "x"),
        store.save_message_obj(77, message_object(1, text="hi")),
        store.get_chat_stats(77),
    ):
        with pytest.raises(NotFound):
            await saving
    assert await store.get_recent_messages(77, 5) == []


async def test_the_context_is_what_a_prompt_would_hold(
    store: ContextStore, database: Database, clock: FakeClock
) -> None:
    link = await a_link(database)
    await say(database, link, range(1, 2), "мій кіт Мурчик")
    await say(database, link, range(2, 120), "the kettle boils")
    await folder(database, TellingModel('{"summary": "A cat."}'), clock).fold(link)
    await say(database, link, range(120, 121), "а де Мурчик?")
    context = await store.get_context(link, tokens=6_000)
    assert context.remembered.summary == "A cat."
    assert "мій кіт Мурчик" in texts(context.remembered.relevant)
    assert [line.message_order for line in context.lines] == list(range(80, 121))
    little = await store.get_context(link, tokens=500)
    assert 0 < len(little.lines) < 40
    assert little.lines[-1].text == "а де Мурчик?"


async def test_the_recent_messages_are_the_newest_oldest_first(store: ContextStore, database: Database) -> None:
    link = await a_link(database)
    await say(database, link, range(1, 30), "line#")
    assert texts(await store.get_recent_messages(link, 3)) == ["line27", "line28", "line29"]


async def test_active_chats_are_those_where_a_person_wrote_lately(store: ContextStore, database: Database) -> None:
    first, second, third = [await a_link(database, number) for number in (1, 2, 3)]
    for link, number in ((first, 10), (second, 30), (third, 20)):
        await store.save_message(link, said(number))
    await store.add_message_to_context(first, GROUP.id, own(99), "anyone?")
    active = await store.get_active_chats(NOW + 20)
    assert [(each.link_id, each.last_message_at) for each in active] == [(second, NOW + 30), (third, NOW + 20)]
    assert active[0].chat == Chat(id=GROUP.id, type=ChatType.GROUP, title="Kitchen")
    await database.write(partial(links.set_active, link_id=second, active=False))
    assert [each.link_id for each in await store.get_active_chats(NOW + 20)] == [third]


async def test_global_stats_are_the_sum_of_all(store: ContextStore, database: Database) -> None:
    for number in (1, 2):
        link = await a_link(database, number)
        await store.save_message(link, said(1, by=ALICE))
        await store.save_message(link, said(2, by=BOB))
        await store.add_message_to_context(link, GROUP.id, own(3), "x")
    stats = await store.get_global_stats()
    assert (stats.chats, stats.messages, stats.own_messages, stats.personas, stats.bots) == (2, 6, 2, 2, 2)


async def test_statistics_cost_the_same_however_much_was_said(
    store: ContextStore, database: Database, statements: CountStatements
) -> None:
    """The history's table is not even looked at, so a million lines cost what ten do."""
    link = await a_link(database)
    for number in range(1, 11):
        await store.save_message(link, said(number))

    def measured(connection: Connection) -> tuple[int, int]:
        chat = work_of(connection, partial(statistics.chat_stats, link_id=link))
        return chat, work_of(connection, statistics.global_stats)

    few = await database.write(measured)
    await database.write(partial(lengthen, link_id=link))
    many = await database.write(measured)
    assert all(after <= 1.3 * before for before, after in zip(few, many, strict=True))
    assert (await store.get_chat_stats(link)).messages == LONG
    with statements(database) as seen:
        await store.get_chat_stats(link)
        await store.get_global_stats()
    assert seen.count <= 4
    for query in (partial(statistics.chat_stats, link_id=link), statistics.global_stats):
        for planned in await plans_of(database, query):
            assert "chat_contexts" not in planned.statement
            assert "chat_contexts" not in scanned(planned.plan)


LONG = 20_000
LENGTHEN = text(
    "INSERT INTO chat_contexts (chat_bot_instance_id, message_order, chat_id, user_id, user_name, from_persona, text, "
    "timestamp, addressed) WITH RECURSIVE numbers(n) AS (SELECT CAST(11 AS BIGINT) UNION ALL SELECT n + 1 FROM numbers "
    "WHERE n < :last) SELECT :link, n, -1001, 1002, 'Bob', false, 'hello there', n, false FROM numbers"
).bindparams(bindparam("last"), bindparam("link"))


def lengthen(connection: Connection, *, link_id: int) -> None:
    connection.execute(LENGTHEN, {"last": LONG, "link": link_id})
    connection.execute(text("UPDATE chat_bot_instances SET messages = :last"), {"last": LONG})
    analyze(connection)


async def test_an_export_is_imported(store: ContextStore, database: Database, tmp_path: Path) -> None:
    chat = Chat(id=-1001234567890, type=ChatType.SUPERGROUP, title="Kitchen")
    link = await database.write(partial(rows.link, chat=chat))
    file = tmp_path / "result.json"
    message = {"id": 1, "type": "message", "date": "2026-01-02T03:04:05", "date_unixtime": "1767323045"}
    message |= {"from": "Bob", "from_id": "user1002", "text": "an old hello", "text_entities": []}
    export = {"name": "Kitchen", "type": "private_supergroup", "id": 1234567890, "messages": [message]}
    file.write_bytes(msgspec.json.encode(export))
    result = await store.import_telegram_history(link, file, bot=BOT, chat_type=ChatType.SUPERGROUP)
    assert result.added == 1
    assert texts(await store.get_recent_messages(link, 5)) == ["an old hello"]
    file.write_bytes(b"{")
    with pytest.raises(ExportRefused):
        await store.import_telegram_history(link, file, bot=BOT, chat_type=ChatType.SUPERGROUP)


async def test_the_schema_is_made_in_an_empty_database_and_left_alone_in_another(
    database: Database, tmp_path: Path, clock: FakeClock
) -> None:
    await ContextStore(database, clock=clock).init_db()
    empty = connect(f"sqlite:///{tmp_path / 'empty.db'}")
    try:
        store = ContextStore(empty, clock=clock)
        await store.init_db()
        await store.init_db()
        assert (await store.get_global_stats()).chats == 0
        await empty.write(
            lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        )
        with pytest.raises(SchemaOutdated):
            await store.init_db()
    finally:
        await empty.close()
