"""What the statistics rows say, on both databases."""

import asyncio
from collections.abc import Iterable
from functools import partial

import msgspec
import pytest
from sqlalchemy import Connection, select, update

from maskarad.db import links, owned, statistics
from maskarad.db.engine import Database
from maskarad.db.tables import chat_bot_instances, interaction_patterns
from maskarad.errors import NotFound
from maskarad.memory.analysis import Analysis, Emotion
from maskarad.memory.stats import Learned, Pattern, Tally, TopPerson
from maskarad.values import Chat, ChatType, Sender
from tests.support import rows
from tests.support.databases import CountStatements
from tests.support.people import ALICE, BOB, CHARLIE
from tests.support.rows import GROUP, NOW

DAY = int(NOW // 86_400)
PRIVATE = Chat(id=BOB.id, type=ChatType.PRIVATE, title="Боб")


def feeling(valence: float, *topics: str, emotion: Emotion = Emotion.JOY) -> Analysis:
    return Analysis(
        emotion=emotion,
        confidence=1.0,
        valence=valence,
        topics=topics,
        keywords=(),
        language="en",
        question=False,
        spam=0.0,
    )


def lines(people: Iterable[Sender], at: float = NOW, analysis: Analysis | None = None) -> Learned:
    tally = Tally()
    for person in people:
        tally.add(person.id, person.name, "hello 🙂", at, analysis=analysis, to_persona=True)
    return tally.learned()


def count(connection: Connection, link_id: int, *, messages: int, own: int = 0, at: float = NOW) -> None:
    """What storing so many messages leaves in the link's row."""
    connection.execute(
        update(chat_bot_instances)
        .where(chat_bot_instances.c.id == link_id)
        .values(messages=messages, own_messages=own, first_message_at=at, last_message_at=at)
    )


@pytest.fixture
async def world(database: Database) -> Database:
    """A database with one link, number 1."""
    assert await database.write(rows.link) == 1
    return database


async def learn(database: Database, learned: Learned, link_id: int = 1) -> None:
    await database.write(partial(statistics.learn, link_id=link_id, learned=learned))


async def test_what_is_learned_is_added_to_what_is_there(world: Database) -> None:
    await learn(world, lines([BOB, BOB, CHARLIE], analysis=feeling(0.5, "music")))
    await learn(world, lines([BOB], NOW + 3600, feeling(-0.5, "food", emotion=Emotion.SADNESS)))
    days = await world.read(partial(statistics.days, link_id=1, first=DAY, last=DAY))
    assert list(days) == [DAY]
    assert days[DAY].lines == 4
    assert days[DAY].emotions == {"joy": 3.0, "sadness": 1.0}
    assert (days[DAY].analysed, days[DAY].valence) == (4.0, 1.0)
    people = select(interaction_patterns).where(interaction_patterns.c.user_id == BOB.id)
    bob = await world.read(lambda connection: connection.execute(people).one())
    assert (bob.name, bob.messages, bob.first_at, bob.last_at) == ("Боб", 3, NOW, NOW + 3600)
    pattern = msgspec.json.decode(bob.data, type=Pattern)
    assert pattern.emoji == {"🙂": 3}
    assert pattern.topics == {"music": 2.0, "food": 1.0}
    assert bob.treatment == pytest.approx(0.9 * 0.095 - 0.05)


async def test_many_who_learn_at_once_lose_nothing(world: Database) -> None:
    await asyncio.gather(*(learn(world, lines([BOB, CHARLIE])) for _ in range(20)))
    stats = await world.read(partial(statistics.chat_stats, link_id=1))
    assert [each.messages for each in stats.top_people] == [20, 20]
    days = await world.read(partial(statistics.days, link_id=1, first=DAY, last=DAY))
    assert days[DAY].lines == 40


async def test_five_years_and_a_thousand_people_are_learned_in_one_go(world: Database) -> None:
    tally = Tally()
    for number in range(5 * 365):
        tally.add(number % 1_000, f"member {number % 1_000}", "hello", NOW - number * 86_400.0)
    await learn(world, tally.learned())
    await learn(world, tally.learned())
    stats = await world.read(partial(statistics.chat_stats, link_id=1))
    assert stats.people == 1_000
    assert stats.top_people[0] == TopPerson(user_id=0, name="member 0", messages=4)
    assert len(stats.top_people) == 10
    days = await world.read(partial(statistics.days, link_id=1, first=0, last=DAY))
    assert [day.lines for day in days.values()] == [2] * 5 * 365
    assert list(days) == sorted(days)


async def test_a_link_that_is_gone_learns_nothing(world: Database) -> None:
    with pytest.raises(NotFound):
        await learn(world, lines([BOB]), link_id=99)
    with pytest.raises(NotFound):
        await world.read(partial(statistics.chat_stats, link_id=99))


async def test_a_chat_in_numbers(world: Database) -> None:
    empty = await world.read(partial(statistics.chat_stats, link_id=1))
    assert (empty.messages, empty.people, empty.first_message_at, empty.top_people) == (0, 0, None, ())
    await world.write(partial(count, link_id=1, messages=5, own=2))
    await learn(world, lines([BOB, CHARLIE, BOB]))
    stats = await world.read(partial(statistics.chat_stats, link_id=1))
    assert (stats.title, stats.chat_type) == ("Kitchen", ChatType.GROUP)
    assert (stats.messages, stats.own_messages, stats.people) == (5, 2, 2)
    assert (stats.first_message_at, stats.last_message_at) == (NOW, NOW)
    assert [(each.name, each.messages) for each in stats.top_people] == [("Боб", 2), ("Charlie", 1)]


async def test_no_read_touches_the_history(world: Database, statements: CountStatements) -> None:
    await learn(world, lines([BOB]))
    with statements(world) as seen:
        await world.read(partial(statistics.chat_stats, link_id=1))
        await world.read(statistics.global_stats)
        await world.read(partial(statistics.days, link_id=1, first=0, last=DAY))
        await world.read(partial(statistics.written_days, link_ids=[1], first=0, last=DAY))
        await world.read(partial(owned.totals, owner_id=ALICE.id))
        await world.read(partial(owned.chats, owner_id=ALICE.id))
        await world.read(partial(owned.messages_by_persona, owner_id=ALICE.id))
    assert seen.count == 9
    assert [text for text in seen.seen if "chat_contexts" in text] == []


async def test_a_chat_that_got_a_new_id_keeps_both_halves(world: Database) -> None:
    moved = Chat(id=-100777, type=ChatType.SUPERGROUP, title="Kitchen")
    other = await world.write(lambda connection: links.find_or_add(connection, 1, moved, now=NOW).id)
    await learn(world, lines([BOB], analysis=feeling(-1.0)))
    await learn(world, lines([BOB, CHARLIE], NOW + 86_400, feeling(1.0)), other)
    await world.write(partial(statistics.take_in, link_id=1, other_id=other))
    stats = await world.read(partial(statistics.chat_stats, link_id=1))
    assert [(each.name, each.messages) for each in stats.top_people] == [("Боб", 2), ("Charlie", 1)]
    assert list(await world.read(partial(statistics.days, link_id=1, first=0, last=DAY + 1))) == [DAY, DAY + 1]
    treatments = select(interaction_patterns.c.treatment).where(interaction_patterns.c.chat_bot_instance_id == 1)
    assert await world.read(lambda connection: list(connection.execute(treatments).scalars())) == pytest.approx(
        [0.1] * 2
    )


@pytest.fixture
async def alices_and_charlies(database: Database) -> Database:
    """Alice's personas 1 (a group and a private chat) and 2 (a group), Charlie's 3 (a group)."""

    def make(connection: Connection) -> None:
        for number, owner in ((1, ALICE), (2, ALICE), (3, CHARLIE)):
            link = links.find_or_add(connection, rows.bot(connection, number, owner), GROUP, now=NOW)
            count(connection, link.id, messages=10 * number, own=number, at=NOW + number)
        private = links.find_or_add(connection, 1, PRIVATE, now=NOW)
        count(connection, private.id, messages=4, own=2)

    await database.write(make)
    return database


async def test_an_owner_sees_sums_of_own_personas_only(alices_and_charlies: Database) -> None:
    alices = await alices_and_charlies.read(partial(owned.totals, owner_id=ALICE.id))
    assert (alices.private_chats, alices.groups, alices.messages, alices.own_messages) == (1, 2, 34, 5)
    assert (alices.private_messages, alices.first_message_at, alices.last_message_at) == (4, NOW, NOW + 2)
    one = await alices_and_charlies.read(partial(owned.totals, owner_id=ALICE.id, persona_id=2))
    assert (one.private_chats, one.groups, one.messages) == (0, 1, 20)
    foreign = await alices_and_charlies.read(partial(owned.totals, owner_id=ALICE.id, persona_id=3))
    assert (foreign.groups, foreign.messages, foreign.first_message_at) == (0, 0, None)
    assert await alices_and_charlies.read(partial(owned.messages_by_persona, owner_id=ALICE.id)) == {1: 14, 2: 20}


async def test_an_owner_learns_no_name_of_a_private_chat(alices_and_charlies: Database) -> None:
    chats = await alices_and_charlies.read(partial(owned.chats, owner_id=ALICE.id))
    assert [(chat.persona_id, chat.title, chat.messages) for chat in chats] == [
        (2, "Kitchen", 20),
        (1, "Kitchen", 10),
        (1, "", 4),
    ]


async def test_the_whole_platform_in_numbers(alices_and_charlies: Database) -> None:
    stats = await alices_and_charlies.read(statistics.global_stats)
    assert (stats.chats, stats.messages, stats.own_messages) == (4, 64, 8)
    assert (stats.users, stats.personas, stats.bots) == (2, 3, 3)
