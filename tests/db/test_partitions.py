"""A history on PostgreSQL in partitions: nothing of what people see hangs on it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import msgspec
import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.util import await_only

from maskarad.db import forgetting, hearing, history, partitioning, partitions, summaries
from maskarad.db.engine import Database
from maskarad.db.tables import chat_bot_instances, chat_contexts
from maskarad.errors import AlreadySeen, DatabaseUnavailable
from maskarad.values import SentMessage
from tests.support import rows
from tests.support.databases import OpenDatabase
from tests.support.rows import GROUP, NOW, said
from tests.support.until import until

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

WAITING = text(
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
)
WIDTH = 10
"""Lines in a partition: the smallest that shows everything."""

OWN = SentMessage(message_id=3, bot_telegram_id=7001, bot_name="Mira 1")


@pytest.fixture
async def link(database: Database) -> int:
    """Of a history in partitions of a few lines."""
    link_id = await database.write(rows.link)
    await database.write(divided_anew)
    return link_id


def divided_anew(connection: Connection) -> None:
    partitioning.unite(connection)
    partitioning.partition(connection, width=WIDTH)


def store(connection: Connection, link_id: int, numbers: range) -> None:
    for number in numbers:
        hearing.keep(connection, link_id, said(number))


def say(connection: Connection, link_id: int, numbers: range) -> None:
    """And somebody makes room in time."""
    for number in numbers:
        store(connection, link_id, range(number, number + 1))
        partitions.make_ahead(connection, width=WIDTH)


def orders(connection: Connection) -> list[int]:
    return list(connection.execute(select(chat_contexts.c.message_order).order_by(chat_contexts.c.id)).scalars())


def lines_in(connection: Connection) -> dict[str, int]:
    """How many lines each partition has."""
    counted = text("SELECT tableoid::regclass::text, count(*) FROM chat_contexts GROUP BY 1 ORDER BY 1")
    return {row[0]: row[1] for row in connection.execute(counted)}


def bounds(connection: Connection) -> list[int]:
    return [each.upper for each in partitions.every(connection)]


async def indexed(database: Database) -> int:
    return await database.read(lambda c: int(c.execute(text("SELECT count(*) FROM history_index")).scalar_one()))


async def test_a_new_database_has_partitions(database: Database) -> None:
    assert await database.read(partitions.are_there)
    assert await database.read(bounds) == [partitions.WIDTH]


async def test_the_next_is_made_while_one_is_filling(database: Database, link: int) -> None:
    await database.write(partial(say, link_id=link, numbers=range(1, 26)))
    assert await database.read(bounds) == [10, 20, 30, 40]
    assert await database.read(lines_in) == {
        "chat_contexts_from_0": 9,
        "chat_contexts_from_10": 10,
        "chat_contexts_from_20": 6,
    }
    lines = await database.read(partial(history.latest, link_id=link, most=80, answered=0))
    assert [line.message_order for line in lines] == list(range(1, 26))


async def test_when_nobody_makes_room_nothing_is_lost(database: Database, link: int) -> None:
    await database.write(partial(store, link_id=link, numbers=range(1, 36)))
    assert (await database.read(lines_in))[partitions.BEYOND] == 26
    assert await database.write(partial(partitions.make_ahead, width=WIDTH)) == 1
    assert await database.read(bounds) == [10, 46]
    await database.write(partial(say, link_id=link, numbers=range(36, 60)))
    assert (await database.read(lines_in))[partitions.BEYOND] == 26
    assert await database.read(orders) == list(range(1, 60))


async def test_the_same_message_twice_changes_nothing_wherever_it_is(database: Database, link: int) -> None:
    await database.write(partial(say, link_id=link, numbers=range(1, 36)))
    for number in (1, 15, 35):
        # Whatever its time: nothing but its place counts.
        for again in (said(number, "again"), msgspec.structs.replace(said(number), sent_at=NOW + 10**8)):
            with pytest.raises(AlreadySeen):
                await database.write(partial(hearing.keep, link_id=link, message=again))
            with pytest.raises(AlreadySeen):
                await database.write(partial(hearing.ask, link_id=link, message=again, due_at=NOW))
    own = partial(hearing.keep_own, link_id=link, chat_id=GROUP.id, message=OWN, text="x", now=NOW)
    with pytest.raises(AlreadySeen):
        await database.write(own)
    assert await database.read(orders) == list(range(1, 36))


async def test_of_two_processes_with_the_same_message_one_stores_it(
    database: Database, open_again: OpenDatabase, link: int
) -> None:
    others = [open_again() for _ in range(4)]
    for number in range(1, 21):
        stored = await asyncio.gather(
            *(each.write(partial(hearing.keep, link_id=link, message=said(number))) for each in others),
            return_exceptions=True,
        )
        assert [type(each) for each in stored if each is not None] == [AlreadySeen] * 3
        await database.write(partial(partitions.make_ahead, width=WIDTH))
    assert await database.read(orders) == list(range(1, 21))


async def test_what_telegram_brings_takes_the_place_of_what_was_imported_long_before(
    database: Database, link: int
) -> None:
    def imported(connection: Connection) -> None:
        hearing.keep(connection, link, said(3, "as exported"))
        connection.execute(text("UPDATE chat_contexts SET imported = true, timestamp = 5"))

    await database.write(imported)
    await database.write(partial(say, link_id=link, numbers=range(10, 30)))
    await database.write(partial(hearing.keep, link_id=link, message=said(3, "as said")))
    lines = await database.read(partial(history.latest, link_id=link, most=80, answered=0))
    assert (lines[0].message_order, lines[0].text) == (3, "as said")
    assert len(lines) == 21


async def test_a_history_in_use_is_divided_and_united_without_a_change(database: Database) -> None:
    link_id = await database.write(rows.link)
    await database.write(partitioning.unite)
    assert not await database.read(partitions.are_there)
    await database.write(partial(all_of_it, link_id=link_id))
    before = await database.read(everything)
    await database.write(partial(partitioning.partition, width=WIDTH))
    assert await database.read(everything) == before
    assert await database.read(lines_in) == {"chat_contexts_from_0": 25}
    assert await database.read(bounds) == [30, 40]
    await database.write(partial(partitioning.partition, width=WIDTH))
    await database.write(partial(say, link_id=link_id, numbers=range(100, 110)))
    with pytest.raises(AlreadySeen):
        await database.write(partial(hearing.keep, link_id=link_id, message=said(7)))
    united = await database.read(everything)
    await database.write(partitioning.unite)
    assert await database.read(everything) == united
    await database.write(partial(hearing.keep, link_id=link_id, message=said(200)))
    with pytest.raises(AlreadySeen):
        await database.write(partial(hearing.keep, link_id=link_id, message=said(7)))


async def test_in_one_table_older_processes_go_on(database: Database) -> None:
    """Until `maskarad db partition` the unique index is there, which is all that they rely on."""
    link_id = await database.write(rows.link)
    await database.write(partitioning.unite)
    older = text(
        "INSERT INTO chat_contexts (chat_bot_instance_id, message_order, chat_id, user_id, user_name, from_persona, "
        "text, timestamp, addressed) VALUES (:link_id, 1, -1001, 1002, 'Bob', false, 'hello', 0, false) "
        "ON CONFLICT DO NOTHING"
    )
    counts = [await database.write(lambda c: c.execute(older, {"link_id": link_id}).rowcount) for _ in range(2)]
    assert counts == [1, 0]
    with pytest.raises(AlreadySeen):
        await database.write(partial(hearing.keep, link_id=link_id, message=said(1)))


def all_of_it(connection: Connection, link_id: int) -> None:
    for number in range(1, 26):
        hearing.keep(connection, link_id, said(number))
    put_words(connection)


def put_words(connection: Connection) -> None:
    connection.execute(text("INSERT INTO history_index SELECT id, 'l1xtea' FROM chat_contexts"))


def everything(connection: Connection) -> list[tuple[object, ...]]:
    lines = [tuple(row) for row in connection.execute(select(chat_contexts).order_by(chat_contexts.c.id))]
    words = [tuple(row) for row in connection.execute(text("SELECT id, words::text FROM history_index ORDER BY id"))]
    return [*lines, *words]


@pytest.mark.parametrize("divided", [False, True], ids=["one table", "partitions"])
async def test_words_leave_the_index_with_their_lines(database: Database, divided: bool) -> None:
    link_id = await database.write(rows.link)
    await database.write(divided_anew if divided else partitioning.unite)
    await database.write(partial(all_of_it, link_id=link_id))
    assert await indexed(database) == 25
    assert await database.write(partial(history.edit, link_id=link_id, message=said(20), edited_at=NOW))
    assert await indexed(database) == 24
    await database.write(partial(forgetting.erase_lines, ids=[1, 2, 13]))
    assert await indexed(database) == 21
    await database.write(lambda c: c.execute(chat_bot_instances.delete()))
    assert await indexed(database) == 0
    assert await database.read(orders) == []


@pytest.mark.parametrize("divided", [False, True], ids=["one table", "partitions"])
async def test_words_that_are_being_indexed_leave_with_lines_that_go_meanwhile(
    database: Database, divided: bool
) -> None:
    """Whoever erases waits for the words and takes them along."""
    link_id = await database.write(rows.link)
    await database.write(divided_anew if divided else partitioning.unite)
    await database.write(partial(say, link_id=link_id, numbers=range(1, 90)))
    folding = await database.write(partial(summaries.claim, link_id=link_id, now=NOW, lease=60.0))
    assert folding is not None
    folded = summaries.Folded(to_order=10, is_all=False, words=tuple((number, "l1xtea") for number in range(1, 11)))
    stored = asyncio.Event()

    def store_slowly(connection: Connection) -> bool:
        kept = summaries.store(connection, folding, folded, now=NOW)
        stored.set()
        await_only(until(partial(somebody_waits, database)))
        return kept

    storing = asyncio.create_task(database.write(store_slowly))
    await stored.wait()
    await database.write(partial(forgetting.erase_lines, ids=[5]))
    assert await storing
    assert await indexed(database) == 9


async def somebody_waits(database: Database) -> bool:
    return bool(await database.read(lambda connection: connection.execute(WAITING).scalar_one()))


async def test_who_changes_partitions_waits_for_moments_only(database: Database, link: int) -> None:
    """A turn that takes long does not keep others from writing: the change is for another time."""
    await database.write(partial(say, link_id=link, numbers=range(1, 26)))
    [oldest, *_] = await database.read(partial(partitions.past, before=NOW + 100))
    reads, tried = asyncio.Event(), asyncio.Event()

    def take_long(connection: Connection) -> None:
        history.latest(connection, link, most=80, answered=0)
        reads.set()
        await_only(tried.wait())

    reading = asyncio.create_task(database.read(take_long))
    await reads.wait()
    with pytest.raises(DatabaseUnavailable):
        await database.write(partial(partitions.drop, partition=oldest, before=NOW + 100))
    tried.set()
    await reading
    assert await database.write(partial(partitions.drop, partition=oldest, before=NOW + 100))
    assert await database.read(orders) == list(range(10, 26))


@pytest.mark.parametrize("vacuumed", ["chat_contexts_from_0", partitions.BEYOND])
async def test_a_partition_that_is_being_vacuumed_is_dropped_another_time(
    database: Database, link: int, vacuumed: str
) -> None:
    await database.write(partial(say, link_id=link, numbers=range(1, 26)))
    [oldest, *_] = await database.read(partial(partitions.past, before=NOW + 100))
    drop = partial(partitions.drop, partition=oldest, before=NOW + 100)
    async with vacuuming(database, vacuumed):
        with pytest.raises(DatabaseUnavailable):
            await database.write(drop)
    assert await database.write(drop)


async def test_while_what_lies_beyond_is_being_vacuumed_none_is_made(database: Database, link: int) -> None:
    await database.write(partial(store, link_id=link, numbers=range(1, 15)))
    make = partial(partitions.make_ahead, width=WIDTH)
    async with vacuuming(database, partitions.BEYOND):
        with pytest.raises(DatabaseUnavailable):
            await database.write(make)
    assert await database.write(make) == 1


async def test_of_two_who_drop_the_same_one_does(database: Database, open_again: OpenDatabase, link: int) -> None:
    await database.write(partial(say, link_id=link, numbers=range(1, 26)))
    [oldest, *_] = await database.read(partial(partitions.past, before=NOW + 100))
    drop = partial(partitions.drop, partition=oldest, before=NOW + 100)
    dropped = await asyncio.gather(database.write(drop), open_again().write(drop))
    assert sorted(dropped) == [False, True]
    assert await database.read(orders) == list(range(10, 26))


async def test_of_two_who_make_the_next_one_does(database: Database, open_again: OpenDatabase, link: int) -> None:
    await database.write(partial(store, link_id=link, numbers=range(1, 6)))
    make = partial(partitions.make_ahead, width=WIDTH)
    waits, both = asyncio.Event(), asyncio.Event()

    def make_slowly(connection: Connection) -> int | None:
        made = partitions.make_ahead(connection, width=WIDTH)
        waits.set()
        await_only(both.wait())
        return made

    first = asyncio.create_task(database.write(make_slowly))
    await waits.wait()
    second = asyncio.create_task(open_again().write(make))
    await until(partial(somebody_waits, database))
    both.set()
    assert (await first, await second) == (1, 0)
    assert await database.read(bounds) == [10, 20]


async def test_one_is_made_again_when_all_were_dropped(database: Database, link: int) -> None:
    await database.write(partial(store, link_id=link, numbers=range(1, 16)))
    for each in await database.read(partial(partitions.past, before=NOW + 100)):
        assert await database.write(partial(partitions.drop, partition=each, before=NOW + 100))
    assert await database.read(bounds) == []
    assert await database.write(partial(partitions.make_ahead, width=WIDTH)) == 1
    assert await database.read(bounds) == [26]
    await database.write(partial(store, link_id=link, numbers=range(16, 20)))
    assert await database.read(lines_in) == {partitions.BEYOND: 6, "chat_contexts_from_16": 4}


async def test_with_much_beyond_none_is_made_while_others_work(database: Database, link: int) -> None:
    """PostgreSQL would read all of that while it keeps them out."""
    await database.write(partial(store, link_id=link, numbers=range(1, 16)))
    make = partial(partitions.make_ahead, width=WIDTH)
    assert await database.write(partial(make, most_beyond=5)) is None
    assert await database.read(bounds) == [10]
    assert await database.write(partial(make, most_beyond=6)) == 1
    assert await database.read(bounds) == [10, 26]


@asynccontextmanager
async def vacuuming(database: Database, partition: str) -> AsyncIterator[None]:
    """Somebody holds the lock of a vacuum."""
    holds, done = asyncio.Event(), asyncio.Event()

    def hold(connection: Connection) -> None:
        connection.execute(text(f"LOCK TABLE {partition} IN SHARE UPDATE EXCLUSIVE MODE"))
        holds.set()
        await_only(done.wait())

    holding = asyncio.create_task(database.write(hold))
    await holds.wait()
    try:
        yield
    finally:
        done.set()
        await holding
