import asyncio
from functools import partial

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from maskarad.db import bots, hearing, history, links, statistics, turns
from maskarad.db.engine import Database
from maskarad.db.orders import BEFORE_MIGRATION
from maskarad.db.tables import chat_contexts
from maskarad.errors import NotFound
from maskarad.memory.analyzer import Analyzer
from maskarad.memory.learning import Learning
from maskarad.values import Chat, Chattiness, ChatType, Link, Manners, MoodState, Queue, TurnOutcome
from tests.support import rows
from tests.support.clock import FakeClock
from tests.support.databases import OpenDatabase
from tests.support.people import BOB
from tests.support.rows import GROUP, NOW, said

SUPERGROUP = Chat(id=-100500, type=ChatType.SUPERGROUP, title=GROUP.title)


@pytest.fixture
async def world(database: Database) -> Database:
    """A database with one bot, number 1."""
    assert await database.write(rows.bot) == 1
    return database


async def made(database: Database, chat: Chat = GROUP) -> Link:
    return await database.write(partial(links.find_or_add, bot_id=1, chat=chat, now=NOW))


async def found(database: Database, chat: Chat = GROUP) -> Link | None:
    return await database.read(partial(links.find, bot_id=1, chat_id=chat.id))


async def test_a_link_is_made_once(world: Database) -> None:
    assert await found(world) is None
    link = await made(world)
    assert link == Link(id=1, bot_id=1, chat_id=GROUP.id, active=True, muted=False)
    assert await made(world) == link
    assert await found(world) == link
    assert (await made(world, rows.private(BOB))).id == 2


async def test_two_bots_in_one_chat_are_two_links(world: Database) -> None:
    await made(world)
    assert await world.write(partial(rows.link, number=2)) == 2


async def test_many_who_make_the_same_link_at_once_get_the_same(world: Database, open_again: OpenDatabase) -> None:
    databases = [world, open_again(), open_again()]
    for number in range(5):
        chat = Chat(id=-number - 1, type=ChatType.GROUP)
        assert len({link.id for link in await asyncio.gather(*(made(each, chat) for each in databases * 3))}) == 1


async def test_no_link_without_its_bot(world: Database) -> None:
    with pytest.raises(NotFound):
        await world.write(partial(links.find_or_add, bot_id=99, chat=GROUP, now=NOW))


async def test_membership_comes_and_goes(world: Database) -> None:
    renamed = Chat(id=GROUP.id, type=ChatType.GROUP, title="Big kitchen")
    for active in (False, True, False):
        returned = await world.write(partial(links.set_member, bot_id=1, chat=renamed, active=active, now=NOW))
        assert returned.active is active
        assert await found(world) == returned
    await world.write(partial(links.set_active, link_id=1, active=True))
    [group] = await world.read(partial(bots.groups, bot_id=1))
    assert group == renamed


async def test_mood_and_mute(world: Database) -> None:
    link = await made(world)
    await world.write(partial(links.set_mood, link_id=link.id, mood="joy", held_until=NOW + 9, now=NOW))
    await world.write(partial(links.set_muted, link_id=link.id, muted=True))
    after = await found(world)
    assert after is not None
    assert after.muted
    mood = await world.read(partial(links.mood, link_id=link.id))
    assert mood == MoodState(key="joy", strength=1.0, set_at=NOW, held_until=NOW + 9)
    await world.write(partial(links.set_muted, link_id=link.id, muted=False))
    assert not (await made(world)).muted


async def test_what_waited_when_it_was_muted_gets_no_answer(world: Database) -> None:
    await made(world)
    await world.write(partial(hearing.ask, link_id=1, message=said(1), due_at=NOW))
    await world.write(partial(links.set_muted, link_id=1, muted=True))
    assert await world.read(partial(turns.due, now=NOW, most=10, of_each=10)) == []
    await world.write(partial(links.set_muted, link_id=1, muted=False))
    await world.write(partial(hearing.ask, link_id=1, message=said(2), due_at=NOW))
    claimed = await world.write(partial(turns.claim, link_id=1, token="a", lease=60, history_lines=40, now=NOW))
    assert claimed is not None
    assert [(line.message_order, line.unread) for line in claimed.history] == [(1, False), (2, True)]


async def test_forgetting_erases_history_and_mood_and_may_be_done_twice(world: Database) -> None:
    await made(world)
    other = await made(world, rows.private(BOB))
    await world.write(partial(links.set_mood, link_id=1, mood="joy", held_until=NOW + 9, now=NOW))
    for message_id in (1, 2, 3):
        await world.write(partial(hearing.ask, link_id=1, message=said(message_id), due_at=NOW))
    await world.write(partial(hearing.ask, link_id=other.id, message=said(1), due_at=NOW))
    assert await world.write(partial(links.forget, link_id=1, now=NOW)) == 3
    assert await world.write(partial(links.forget, link_id=1, now=NOW)) == 0
    after = await found(world)
    assert after is not None
    assert after.active
    assert await world.read(partial(links.mood, link_id=1)) == MoodState()
    assert await world.read(partial(turns.due, now=NOW, most=10, of_each=10)) == [(other.id, other.bot_id, Queue.TURNS)]
    assert len(await world.read(partial(history.latest, link_id=other.id, most=10, answered=0))) == 1


async def moved(database: Database) -> None:
    await database.write(partial(links.move, bot_id=1, old_chat_id=GROUP.id, new_chat_id=SUPERGROUP.id))


async def test_a_group_that_became_a_supergroup_keeps_its_link(world: Database) -> None:
    link = await made(world)
    for _ in range(2):
        await moved(world)
        assert await found(world) is None
        after = await found(world, SUPERGROUP)
        assert after is not None
        assert after.id == link.id
    [group] = await world.read(partial(bots.groups, bot_id=1))
    assert group == SUPERGROUP


async def test_history_goes_on_in_a_supergroup_that_counts_from_one_again(world: Database) -> None:
    """A supergroup has message ids of its own: they are not those of the group, and they come after them."""
    await made(world)
    for message_id in (1, 2, 900):
        await world.write(partial(hearing.ask, link_id=1, message=said(message_id, f"old {message_id}"), due_at=NOW))
    await moved(world)
    await moved(world)
    for message_id in (1, 2, 3):
        message = said(message_id, f"new {message_id}", chat=SUPERGROUP)
        await world.write(partial(hearing.ask, link_id=1, message=message, due_at=NOW))
    lines = await world.read(partial(history.latest, link_id=1, most=10, answered=0))
    assert [line.text for line in lines] == ["old 1", "old 2", "old 900", "new 1", "new 2", "new 3"]
    chats = await world.read(lambda connection: connection.execute(select(chat_contexts.c.chat_id).distinct()).all())
    assert [chat_id for (chat_id,) in chats] == [SUPERGROUP.id]


async def test_the_link_with_the_history_wins_over_one_made_early(world: Database) -> None:
    link = await made(world)
    await world.write(partial(hearing.ask, link_id=link.id, message=said(5), due_at=NOW))
    early = await made(world, SUPERGROUP)
    await moved(world)
    after = await found(world, SUPERGROUP)
    assert after is not None
    assert after.id == link.id != early.id
    assert await world.read(partial(turns.due, now=NOW, most=10, of_each=10)) == [(link.id, link.bot_id, Queue.TURNS)]


async def test_what_was_said_before_the_news_of_the_move_is_neither_lost_nor_answered_twice(world: Database) -> None:
    link = await made(world)
    await world.write(partial(hearing.ask, link_id=link.id, message=said(900, "old"), due_at=NOW))
    early = await made(world, SUPERGROUP)
    for message_id in (1, 2):
        message = said(message_id, f"early {message_id}", chat=SUPERGROUP)
        await world.write(partial(hearing.ask, link_id=early.id, message=message, due_at=NOW))
    await moved(world)
    claimed = await world.write(
        partial(turns.claim, link_id=link.id, token="t", lease=9.0, history_lines=10, now=NOW + 1)
    )
    assert claimed is not None
    lines = [(line.text, line.unread) for line in claimed.history]
    assert lines == [("old", True), ("early 1", True), ("early 2", True)]
    outcome = TurnOutcome(answered=claimed.asked)
    await world.write(partial(turns.finish, claim=claimed.claim, outcome=outcome, bill=None))
    assert await world.read(partial(turns.due, now=NOW + 99, most=10, of_each=10)) == []


async def test_what_both_links_have_learned_is_counted_once_and_nothing_is_left_out(
    world: Database, clock: FakeClock
) -> None:
    learning = Learning(world, Analyzer(world, clock=clock), clock=clock)
    link, early = await made(world), await made(world, SUPERGROUP)

    async def say(link_id: int, chat: Chat, *numbers: int) -> None:
        for number in numbers:
            await world.write(partial(hearing.keep, link_id=link_id, message=said(number, chat=chat)))

    await say(link.id, GROUP, 900)
    await say(early.id, SUPERGROUP, 1, 2)
    await learning.learn(early.id)
    await say(link.id, GROUP, 901)
    await say(early.id, SUPERGROUP, 3)
    await moved(world)
    await learning.learn(link.id)
    stats = await world.read(partial(statistics.chat_stats, link_id=link.id))
    assert (stats.messages, [person.messages for person in stats.top_people]) == (5, [5])
    days = await world.read(partial(statistics.days, link_id=link.id, first=0, last=10**6))
    assert sum(day.lines for day in days.values()) == 5
    await say(link.id, SUPERGROUP, 4)
    assert await learning.learn(link.id) == 1


async def test_manners_chosen_under_the_new_id_hold_where_the_group_had_none(world: Database) -> None:
    link, early = await made(world), await made(world, SUPERGROUP)
    await world.write(partial(links.set_manners, link_id=link.id, manners=Manners(time_zone="Europe/Kyiv")))
    chosen = Manners(chattiness=Chattiness.QUIET, time_zone="Europe/Paris", quiet_from=60, quiet_until=120)
    await world.write(partial(links.set_manners, link_id=early.id, manners=chosen))
    await moved(world)
    kept = await world.read(partial(links.manners, link_id=link.id))
    assert kept == replace(chosen, time_zone="Europe/Kyiv")


async def test_a_move_told_twice_at_once_ages_the_history_once(world: Database, open_again: OpenDatabase) -> None:
    await made(world)
    await world.write(partial(hearing.keep, link_id=1, message=said(900)))
    await asyncio.gather(*(moved(each) for each in (world, open_again(), open_again())))
    [line] = await world.read(partial(history.latest, link_id=1, most=10, answered=0))
    assert line.message_order == 900 - BEFORE_MIGRATION


async def test_moving_a_group_nobody_knows_changes_nothing(world: Database) -> None:
    await moved(world)
    assert await found(world, SUPERGROUP) is None
