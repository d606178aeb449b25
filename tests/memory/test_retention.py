"""Histories are kept as long as the settings say, and what goes has been summed up before."""

from functools import partial

import pytest
from sqlalchemy import Connection, select, text

from maskarad.db import statistics
from maskarad.db.engine import Database
from maskarad.db.history import FORGOTTEN_KEPT
from maskarad.db.tables import message_reactions
from maskarad.errors import AlreadySeen
from maskarad.memory.analyzer import Analyzer
from maskarad.memory.context import ContextStore
from maskarad.memory.learning import Learning
from maskarad.memory.retention import Retention
from maskarad.memory.stats import SECONDS_A_DAY
from maskarad.values import HistoryLine
from tests.memory.folding import TellingModel, a_link, cursor, folder, found, indexed, recalled, say
from tests.support.clock import FakeClock
from tests.support.databases import CountStatements
from tests.support.rows import NOW

TOLD = '{"summary": "They talked about kettles."}'


def retention(database: Database, clock: FakeClock, *, messages: int = 0, days: int = 0) -> Retention:
    fold = folder(database, TellingModel(*[TOLD] * 9), clock)
    return Retention(database, fold, messages=messages, days=days, clock=clock)


async def kept(database: Database, clock: FakeClock, link: int) -> list[HistoryLine]:
    return await ContextStore(database, clock=clock).get_recent_messages(link, 10_000)


async def learn(database: Database, clock: FakeClock, link: int) -> int:
    return await Learning(database, Analyzer(database, clock=clock), clock=clock).learn(link)


async def stored(database: Database) -> int:
    return await database.read(
        lambda connection: int(connection.execute(text("SELECT count(*) FROM chat_contexts")).scalar_one())
    )


async def test_by_default_all_is_kept_and_nothing_is_asked(database: Database, clock: FakeClock) -> None:
    link = await a_link(database)
    await say(database, link, range(1, 701))
    clock.advance(1_000 * SECONDS_A_DAY)
    assert await retention(database, clock).prune() == 0
    assert len(await kept(database, clock, link)) == 700


async def test_so_many_of_the_newest_are_kept(database: Database, clock: FakeClock) -> None:
    link, small = await a_link(database), await a_link(database, 2)
    await say(database, link, range(1, 1_301))
    await say(database, small, range(1, 100))
    clock.advance(30 * SECONDS_A_DAY)
    await folder(database, TellingModel(TOLD), clock).fold(link)
    await learn(database, clock, link)
    assert await retention(database, clock, messages=100).prune() == 1_200
    assert [line.message_order for line in await kept(database, clock, link)] == list(range(1_201, 1_301))
    assert len(await kept(database, clock, small)) == 99
    assert await stored(database) == 199
    assert await indexed(database) == 60
    assert (await recalled(database, link)).summary == "They talked about kettles."
    assert await cursor(database, link) == (1_260, 40)
    assert (await ContextStore(database, clock=clock).get_chat_stats(link)).messages == 1_300
    assert await retention(database, clock, messages=100).prune() == 0


async def test_what_is_not_summed_up_yet_stays(database: Database, clock: FakeClock) -> None:
    link = await a_link(database)
    await say(database, link, range(1, 301))
    await learn(database, clock, link)
    clock.advance(30 * SECONDS_A_DAY)
    assert await retention(database, clock, messages=100).prune() == 0
    assert len(await kept(database, clock, link)) == 300


async def test_what_is_not_learned_yet_stays_until_it_is(database: Database, clock: FakeClock) -> None:
    link = await a_link(database)
    await say(database, link, range(1, 301))
    await database.write(partial(imported, last=20))
    clock.advance(30 * SECONDS_A_DAY)
    await folder(database, TellingModel(TOLD), clock).fold(link)
    assert await retention(database, clock, messages=100).prune() == 20, "an import has counted its lines"
    assert await learn(database, clock, link) == 280
    assert await retention(database, clock, messages=100).prune() == 180
    days = await database.read(partial(statistics.days, link_id=link, first=0, last=10**6))
    assert sum(day.lines for day in days.values()) == 280


async def test_after_the_newest_lines_are_gone_what_is_said_next_is_learned(
    database: Database, clock: FakeClock
) -> None:
    one, other = await a_link(database), await a_link(database, 2)
    for link, said in ((one, range(1, 6)), (other, range(1, 4))):
        await say(database, link, said)
        assert await learn(database, clock, link) == len(said)
    clock.advance(30 * SECONDS_A_DAY)
    assert await retention(database, clock, days=1).prune() == 8
    for link, number in ((other, 4), (one, 6)):
        await say(database, link, range(number, number + 1))
        assert await learn(database, clock, link) == 1
        assert await learn(database, clock, link) == 0


async def test_a_link_that_has_no_more_to_lose_is_left_alone(
    database: Database, clock: FakeClock, statements: CountStatements
) -> None:
    link = await a_link(database)
    await say(database, link, range(1, 301))
    clock.advance(30 * SECONDS_A_DAY)
    await folder(database, TellingModel(TOLD), clock).fold(link)
    await learn(database, clock, link)
    for messages in (100, 10):
        assert await retention(database, clock, messages=messages).prune() > 0
        with statements(database) as seen:
            assert await retention(database, clock, messages=messages).prune() == 0
        # On PostgreSQL whether partitions may go, too.
        assert seen.count == (1 if database.engines[0].dialect.name == "sqlite" else 2)
    assert len(await kept(database, clock, link)) == 40


async def test_reactions_go_with_the_lines_they_stand_under(database: Database, clock: FakeClock) -> None:
    link = await a_link(database)
    await say(database, link, range(1, 121))

    def react(connection: Connection) -> None:
        of_link = {"chat_bot_instance_id": link, "user_id": 1002, "emoji": "👍", "value": 1.0, "reacted_at": NOW}
        connection.execute(message_reactions.insert(), [{**of_link, "message_order": order} for order in (20, 21)])

    await database.write(react)
    clock.advance(30 * SECONDS_A_DAY)
    await folder(database, TellingModel(TOLD), clock).fold(link)
    await learn(database, clock, link)
    assert await retention(database, clock, messages=100).prune() == 20
    orders = select(message_reactions.c.message_order)
    assert await database.read(lambda connection: connection.execute(orders).scalars().all()) == [21]


async def test_what_is_older_than_so_many_days_goes_summed_up_even_from_a_small_chat(
    database: Database, clock: FakeClock
) -> None:
    link = await a_link(database)
    clock.now = NOW
    await say(database, link, range(1, 31), "the zeppelin of old")
    clock.advance(8 * SECONDS_A_DAY)
    await say(database, link, range(7 * SECONDS_A_DAY, 7 * SECONDS_A_DAY + 5))
    await learn(database, clock, link)
    assert await retention(database, clock, days=7).prune() == 30
    assert len(await kept(database, clock, link)) == 5
    assert (await recalled(database, link)).summary == "They talked about kettles."
    assert await found(database, link, "the zeppelin") == []
    assert await retention(database, clock, days=7).prune() == 0


async def test_numbers_that_telegram_may_bring_again_stay_known(database: Database, clock: FakeClock) -> None:
    link = await a_link(database)
    await say(database, link, range(1, 201))
    clock.now = NOW + FORGOTTEN_KEPT + 50
    await folder(database, TellingModel(TOLD), clock).fold(link)
    await learn(database, clock, link)
    assert await retention(database, clock, messages=80).prune() == 120
    assert len(await kept(database, clock, link)) == 80
    assert await stored(database) == 200 - 49
    with pytest.raises(AlreadySeen):
        await say(database, link, range(60, 61))


async def test_lines_erased_in_the_middle_do_not_stop_it(database: Database, clock: FakeClock) -> None:
    link = await a_link(database)
    await say(database, link, range(1, 701))
    await folder(database, TellingModel(TOLD), clock).fold(link)
    await learn(database, clock, link)
    await database.write(partial(blank, first=100, last=400))
    clock.advance(30 * SECONDS_A_DAY)
    assert await retention(database, clock, messages=100).prune() == 299
    assert len(await kept(database, clock, link)) == 100


def imported(connection: Connection, *, last: int) -> None:
    connection.execute(text("UPDATE chat_contexts SET imported = true WHERE message_order <= :last"), {"last": last})


def blank(connection: Connection, *, first: int, last: int) -> None:
    said = text("UPDATE chat_contexts SET user_id = 0, text = '' WHERE message_order BETWEEN :first AND :last")
    connection.execute(said, {"first": first, "last": last})
