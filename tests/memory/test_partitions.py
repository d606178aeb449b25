"""Old parts of a history on PostgreSQL go at once, when nothing in them is needed any more."""

import asyncio
from functools import partial

import pytest
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.util import await_only

from maskarad.db import hearing, partitioning, partitions
from maskarad.db.engine import Database
from maskarad.db.tables import chat_contexts, message_reactions
from maskarad.errors import AlreadySeen, BadInput
from maskarad.jobs.cleanup import memory_cleanup_task
from maskarad.memory.analyzer import Analyzer
from maskarad.memory.learning import Learning
from maskarad.memory.retention import Retention
from maskarad.memory.stats import SECONDS_A_DAY
from tests.memory.folding import TellingModel, a_link, folder, indexed, recalled, say
from tests.support.clock import FakeClock
from tests.support.databases import CountStatements
from tests.support.rows import NOW, said

on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

TOLD = '{"summary": "They talked about kettles."}'
WIDTH = 100


@pytest.fixture
async def link(database: Database) -> int:
    """Of a history in partitions of a hundred lines, with 350 lines of long ago."""

    def divide(connection: Connection) -> None:
        partitioning.unite(connection)
        partitioning.partition(connection, width=WIDTH)

    link_id = await a_link(database)
    await database.write(divide)
    for first in range(1, 351, 50):
        await say(database, link_id, range(first, first + 50))
        await database.write(partial(partitions.make_ahead, width=WIDTH))
    return link_id


async def learn(database: Database, clock: FakeClock, link_id: int) -> None:
    await Learning(database, Analyzer(database, clock=clock), clock=clock).learn(link_id)


async def prune(database: Database, clock: FakeClock, *, days: int = 0, messages: int = 0) -> int:
    fold = folder(database, TellingModel(*[TOLD] * 9), clock)
    return await Retention(database, fold, messages=messages, days=days, clock=clock).prune()


async def kept(database: Database) -> list[int]:
    stored = select(chat_contexts.c.message_order).order_by(chat_contexts.c.id)
    return await database.read(lambda connection: list(connection.execute(stored).scalars()))


async def there(database: Database) -> list[str]:
    return [each.name for each in await database.read(partitions.every)]


def react(connection: Connection, link_id: int, order: int) -> None:
    """Somebody puts a heart under a line of the persona's."""
    connection.execute(text("UPDATE chat_contexts SET from_persona = true WHERE message_order = :n"), {"n": order})
    row = {"chat_bot_instance_id": link_id, "message_order": order, "user_id": 1, "emoji": "x", "value": 1.0}
    connection.execute(insert(message_reactions).values(**row, reacted_at=NOW))


@on_postgresql
async def test_parts_that_are_past_go_at_once_with_all_that_hangs_on_them(
    database: Database, clock: FakeClock, link: int, statements: CountStatements
) -> None:
    await learn(database, clock, link)
    await database.write(partial(react, link_id=link, order=50))
    clock.advance(10 * SECONDS_A_DAY)
    await database.write(partial(hearing.keep, link_id=link, message=said(10 * 86_400)))
    with statements(database) as seen:
        assert await prune(database, clock, days=5) == 350
    # Three went whole; what is in the one that is still filling went line by line.
    assert await there(database) == ["chat_contexts_from_300", "chat_contexts_from_400"]
    assert sum(each.startswith("DROP TABLE") for each in seen.seen) == 3
    assert sum(each.startswith("DELETE FROM chat_contexts") for each in seen.seen) == 1
    assert await kept(database) == [10 * 86_400]
    assert await indexed(database) == 0
    assert (await recalled(database, link)).summary == "They talked about kettles."
    reactions = select(message_reactions.c.user_id)
    assert await database.read(lambda connection: connection.execute(reactions).all()) == []


@on_postgresql
async def test_what_is_not_learned_or_not_old_stays(database: Database, clock: FakeClock, link: int) -> None:
    clock.advance(10 * SECONDS_A_DAY)
    before = await there(database)
    assert await prune(database, clock, days=5) == 0
    await learn(database, clock, link)
    assert await prune(database, clock, days=11) == 0
    assert await there(database) == before
    assert len(await kept(database)) == 350


@on_postgresql
async def test_parts_that_were_emptied_line_by_line_go(database: Database, clock: FakeClock, link: int) -> None:
    await learn(database, clock, link)
    clock.advance(10 * SECONDS_A_DAY)
    await folder(database, TellingModel(TOLD), clock).fold(link)
    assert await prune(database, clock, messages=60) == 290
    assert (await there(database))[0] == "chat_contexts_from_0"
    assert await prune(database, clock, messages=60) == 0
    assert (await there(database))[0] == "chat_contexts_from_200"
    assert await kept(database) == list(range(291, 351))


@on_postgresql
async def test_an_old_message_that_was_dropped_may_come_again_as_one_that_was_pruned(
    database: Database, clock: FakeClock, link: int
) -> None:
    """Telegram does not bring it; an import may."""
    await learn(database, clock, link)
    clock.advance(10 * SECONDS_A_DAY)
    await prune(database, clock, days=5)
    await database.write(partial(hearing.keep, link_id=link, message=said(1)))
    with pytest.raises(AlreadySeen):
        await database.write(partial(hearing.keep, link_id=link, message=said(1)))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_sqlite_has_none(database: Database) -> None:
    assert not await database.read(partitions.are_there)
    assert await database.write(partitions.make_ahead) == 0
    assert await database.read(partial(partitions.past, before=NOW)) == []
    with pytest.raises(BadInput):
        await database.write(partitioning.partition)


@on_postgresql
async def test_cleaning_up_makes_room_once_numbers_are_used(database: Database, clock: FakeClock) -> None:
    async def clean_up() -> list[str]:
        await memory_cleanup_task(database, prune=partial(prune, database, clock), clock=clock)
        return await there(database)

    assert await clean_up() == ["chat_contexts_from_0"]
    await database.write(lambda connection: connection.execute(text("SELECT nextval('chat_contexts_id_seq')")))
    assert await clean_up() == ["chat_contexts_from_0", "chat_contexts_from_10000000"]
    assert await clean_up() == ["chat_contexts_from_0", "chat_contexts_from_10000000"]


@on_postgresql
async def test_what_is_in_use_for_long_goes_another_time(database: Database, clock: FakeClock, link: int) -> None:
    """Nobody waits for it; line by line goes what can."""
    await learn(database, clock, link)
    clock.advance(10 * SECONDS_A_DAY)
    reads, pruned = asyncio.Event(), asyncio.Event()

    def take_long(connection: Connection) -> None:
        connection.execute(select(chat_contexts.c.id).limit(1))
        reads.set()
        await_only(pruned.wait())

    reading = asyncio.create_task(database.read(take_long))
    await reads.wait()
    assert await prune(database, clock, days=5) == 350
    pruned.set()
    await reading
    assert len(await there(database)) == 5
    assert await prune(database, clock, days=5) == 0
    assert len(await there(database)) == 2
