"""Why the persona answered or did not: kept for a day, told to the owner."""

from functools import partial

import pytest
from sqlalchemy import Connection, func, select, text

from maskarad.db import decisions, hearing, links
from maskarad.db.engine import Database
from maskarad.db.tables import chat_contexts
from maskarad.values import Chat, ChatType, Decision, Verdict
from tests.support import rows
from tests.support.people import BOB
from tests.support.plans.explain import plans_of
from tests.support.plans.partitions import analyze
from tests.support.rows import GROUP, NOW, private, said

LONG_HISTORY = """
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000)
    INSERT INTO chat_contexts (
        chat_bot_instance_id, message_order, chat_id, user_id, user_name, from_persona, text, timestamp, decision
    )
    SELECT 1, n, -1001, 5, 'Bob', FALSE, 'hello', :start + 20 * n, CASE WHEN n > 19800 THEN :told END FROM numbers
"""
"""Two hundred decisions at the end of it."""

ATTIC = Chat(id=-1002, type=ChatType.SUPERGROUP, title="Attic")


def listen(reason: str) -> Decision:
    return Decision(verdict=Verdict.LISTEN, reason=reason)


def heard(connection: Connection, link_id: int, message_id: int, decision: Decision, chat: Chat = GROUP) -> None:
    message = said(message_id, chat=chat)
    hearing.hear(connection, link_id, message, lambda _state: decision, due_at=NOW, now=NOW)


@pytest.fixture
async def world(database: Database) -> Database:
    """Bot 1 is in a group (link 1), an attic (link 2) and a private chat (link 3); bot 2 has link 4."""

    def make(connection: Connection) -> None:
        rows.link(connection)
        for chat in (ATTIC, private(BOB)):
            links.find_or_add(connection, 1, chat, now=NOW)
        rows.link(connection, 2)

    await database.write(make)
    return database


@pytest.mark.parametrize(
    "decision",
    [
        Decision(verdict=Verdict.ANSWER, reason="named", features={"called": 1.0}),
        Decision(
            verdict=Verdict.CONSIDER,
            reason="perhaps",
            score=0.61,
            threshold=0.65,
            features={"question": 0.8, "interest:чай": 1.0},
        ),
        listen("old"),
    ],
)
def test_what_is_encoded_is_read_back(decision: Decision) -> None:
    assert decisions.decode(decisions.encode(decision)) == decision


def test_it_is_short() -> None:
    perhaps = Decision(
        verdict=Verdict.LISTEN, reason="unconvinced", score=1 / 3, threshold=0.65, features={"mood": 1 / 7}
    )
    assert decisions.encode(perhaps) == '["l","unconvinced",0.33,0.65,{"mood":0.14}]'


async def test_the_newest_of_all_groups_come_first_and_private_chats_are_not_among_them(world: Database) -> None:
    spoken = ((1, GROUP), (2, ATTIC), (3, private(BOB)), (4, GROUP), (1, GROUP))
    for message_id, (link_id, chat) in enumerate(spoken, start=10):
        await world.write(partial(heard, link_id=link_id, message_id=message_id, decision=listen("old"), chat=chat))
    told = await world.read(partial(decisions.latest, bot_id=1, since=NOW))
    assert [(each.chat_title, each.sent_at - NOW) for each in told] == [("Kitchen", 14), ("Attic", 11), ("Kitchen", 10)]
    assert {each.sender_name for each in told} == {BOB.name}
    assert all(each.decision == listen("old") for each in told)


async def test_ten_at_most_and_none_older_than_asked_for(world: Database) -> None:
    for message_id in range(10, 30):
        await world.write(partial(heard, link_id=1, message_id=message_id, decision=listen("old")))
    told = await world.read(partial(decisions.latest, bot_id=1, since=NOW))
    assert [each.sent_at - NOW for each in told] == list(range(29, 19, -1))
    assert len(await world.read(partial(decisions.latest, bot_id=1, since=NOW + 28))) == 2
    assert await world.read(partial(decisions.latest, bot_id=2, since=NOW)) == []


async def test_a_busy_group_does_not_hide_the_others(world: Database) -> None:
    await world.write(partial(heard, link_id=2, message_id=1000, decision=listen("spam"), chat=ATTIC))
    for message_id in range(10, 40):
        await world.write(partial(heard, link_id=1, message_id=message_id, decision=listen("old")))
    told = await world.read(partial(decisions.latest, bot_id=1, since=NOW))
    assert told[0].chat_title == "Attic"


async def test_what_is_older_than_a_day_is_forgotten_in_batches_and_the_messages_stay(world: Database) -> None:
    for message_id in range(10, 20):
        await world.write(partial(heard, link_id=1 + message_id % 2, message_id=message_id, decision=listen("old")))
    forget = partial(decisions.forget, before=NOW + 17, most=5)
    assert [await world.write(forget) for _ in range(3)] == [5, 2, 0]
    left = select(func.count(), func.count(chat_contexts.c.decision)).select_from(chat_contexts)
    assert tuple(await world.read(lambda connection: connection.execute(left).one())) == (10, 3)


async def test_both_go_by_the_index(world: Database) -> None:
    """However long a history is, only the day's decisions are looked at."""

    def fill(connection: Connection) -> None:
        connection.execute(text(LONG_HISTORY), {"start": NOW - 400_000, "told": decisions.encode(listen("old"))})
        connection.execute(text(f"UPDATE chat_bot_instances SET last_message_at = {NOW} WHERE id = 1"))

    await world.write(fill)
    if world.engines[0].dialect.name == "postgresql":
        await world.write(analyze)
    for query in (
        partial(decisions.latest, bot_id=1, since=NOW - 86_400),
        partial(decisions.forget, before=NOW - 2000, most=500),
    ):
        (planned,) = await plans_of(world, query)
        assert "ix_context_decision" in planned.plan, planned
        # PostgreSQL may read the partition through that is empty: one of two.
        assert planned.plan.count("Seq Scan on chat_contexts") <= 1, planned
