"""Each live line is learned once, whatever happens in between."""

import asyncio
from collections.abc import Callable
from functools import partial

import msgspec
import pytest
from sqlalchemy import update

from maskarad.db import hearing, history, learning, links, personal, statistics
from maskarad.db.engine import Database
from maskarad.db.tables import chat_contexts
from maskarad.memory.analyzer import Analyzer
from maskarad.memory.learning import LINES_AT_ONCE, QUIET, Learning
from maskarad.memory.people import Familiarity
from maskarad.memory.stats import Acquaintance, DayOfChat, Learned, day_of
from maskarad.values import SentMessage
from tests.support import rows
from tests.support.clock import FakeClock
from tests.support.people import BOB, CHARLIE
from tests.support.rows import NOW, said

DAY = day_of(NOW)


@pytest.fixture
async def world(database: Database) -> Database:
    """A database with one link, number 1."""
    assert await database.write(rows.link) == 1
    return database


@pytest.fixture
def learner(world: Database, clock: FakeClock) -> Learning:
    return Learning(world, Analyzer(world, clock=clock), clock=clock)


async def say(database: Database, number: int, text: str = "hello") -> None:
    await database.write(partial(hearing.ask, link_id=1, message=said(number, text), due_at=NOW))


async def day(database: Database) -> DayOfChat:
    days = await database.read(lambda connection: statistics.days(connection, 1, DAY, DAY + 1))
    return days.get(DAY, DayOfChat())


async def bob(database: Database) -> Familiarity | None:
    known = await database.read(lambda connection: personal.known(connection, 1, [BOB.id]))
    return known[BOB.id].familiarities[0] if BOB.id in known else None


async def test_what_was_said_is_counted_once(world: Database, learner: Learning) -> None:
    await say(world, 1, "я люблю музику 😂")
    own = SentMessage(message_id=2, bot_telegram_id=7001, bot_name="Mira")
    await world.write(lambda connection: history.add_own(connection, 1, -1001, own, "і я", now=NOW))
    assert await learner.learn(1) == 2
    assert await learner.learn(1) == 0
    await say(world, 3, "дякую, ти чудова!")
    assert await learner.learn(1) == 1
    counted, person = await day(world), await bob(world)
    assert (counted.lines, counted.own) == (3, 1)
    assert person is not None
    assert (person.messages, person.pattern.emoji) == (2, {"😂": 1})
    assert "music" in person.pattern.topics
    assert person.treatment > 0


async def test_words_passed_on_count_in_the_chat_s_day_and_tell_nothing_of_the_person(
    world: Database, learner: Learning
) -> None:
    await say(world, 1, "привіт")
    passed_on = msgspec.structs.replace(said(2, "я тебе ненавиджу 😡 " * 20), forwarded_from=CHARLIE)
    await world.write(partial(hearing.ask, link_id=1, message=passed_on, due_at=NOW))
    assert await learner.learn(1) == 2
    counted, person = await day(world), await bob(world)
    assert person is not None
    assert (counted.lines, counted.analysed) == (2, 1)
    assert (person.messages, person.pattern.letters, person.pattern.emoji, person.treatment) == (1, 6, {}, 0)


async def test_lines_that_come_late_and_out_of_order_are_learned_too(world: Database, learner: Learning) -> None:
    for number in (5, 1, 9, 2):
        await say(world, number)
        await learner.learn(1)
    assert (await day(world)).lines == 4


async def test_imported_and_forgotten_lines_are_left_alone(world: Database, learner: Learning) -> None:
    for number in (1, 2, 3):
        await say(world, number)
    imported = update(chat_contexts).where(chat_contexts.c.message_order == 1).values(imported=True)
    blank = update(chat_contexts).where(chat_contexts.c.message_order == 2).values(history.FORGOTTEN)
    await world.write(lambda connection: (connection.execute(imported), connection.execute(blank)))
    await learner.learn(1)
    person = await bob(world)
    assert person is not None
    assert ((await day(world)).lines, person.messages) == (1, 1)


async def test_much_is_learned_in_batches_and_to_the_end(world: Database, learner: Learning) -> None:
    for number in range(1, LINES_AT_ONCE + 12):
        await say(world, number)
    assert await learner.learn(1) == LINES_AT_ONCE + 11
    assert (await day(world)).lines == LINES_AT_ONCE + 11


async def test_two_processes_count_nothing_twice(world: Database, clock: FakeClock) -> None:
    for number in range(1, 31):
        await say(world, number)
    learners = [Learning(world, Analyzer(world, clock=clock), clock=clock) for _ in range(4)]
    await asyncio.gather(*(learner.learn(1) for learner in learners))
    person = await bob(world)
    assert person is not None
    assert ((await day(world)).lines, person.messages) == (30, 30)


@pytest.mark.parametrize("erased", [True, False])
async def test_what_is_erased_while_it_is_learned_is_not_brought_back(world: Database, erased: bool) -> None:
    await say(world, 1)
    lesson = await world.read(lambda connection: learning.lesson(connection, 1, most=10))
    assert lesson is not None
    if erased:
        await world.write(lambda connection: links.forget(connection, 1, now=NOW))
    person = Acquaintance(name="Боб", messages=1, first_at=NOW, last_at=NOW)
    learned = Learned(people={BOB.id: person})
    kept = await world.write(lambda connection: learning.keep(connection, lesson, learned))
    assert kept is not erased
    assert (await bob(world) is None) is erased


async def test_a_link_is_due_when_much_is_new_or_when_it_has_gone_quiet(
    world: Database, learner: Learning, clock: Callable[[], float]
) -> None:
    due = partial(learning.due, enough=2, most=5)
    assert await world.read(partial(due, quiet_since=NOW + 10 * QUIET)) == []
    await say(world, 1)
    assert await world.read(partial(due, quiet_since=NOW)) == []
    assert await world.read(partial(due, quiet_since=NOW + 2)) == [1]
    await say(world, 2)
    assert await world.read(partial(due, quiet_since=NOW)) == [1]
    await learner.learn(1)
    assert await world.read(partial(due, quiet_since=NOW + 10 * QUIET)) == []


async def test_a_round_learns_what_is_due(world: Database, learner: Learning, clock: FakeClock) -> None:
    await say(world, 1)
    clock.now = NOW + 1 + QUIET / 2
    assert await learner.round() == 0
    clock.now = NOW + 2 + QUIET
    assert await learner.round() == 1
    assert (await day(world)).lines == 1


async def test_after_a_reset_learning_begins_anew(world: Database, learner: Learning) -> None:
    await say(world, 1)
    await learner.learn(1)
    await world.write(lambda connection: links.forget(connection, 1, now=NOW))
    assert await bob(world) is None
    await say(world, 2)
    assert await learner.learn(1) >= 1
    person = await bob(world)
    assert person is not None
    assert person.messages == 1
