import asyncio
from functools import partial

import pytest
from sqlalchemy import select, update

from maskarad.db import Connection, hearing, history, links, reactions
from maskarad.db.engine import Database
from maskarad.db.tables import chat_bot_instances, message_reactions
from maskarad.values import ReactionChange, Sender, SentMessage
from tests.support import rows
from tests.support.people import ALICE, BOB
from tests.support.rows import GROUP, NOW

OWN, OTHERS = 7, 8


@pytest.fixture
async def link_id(database: Database) -> int:
    """A link in which the persona said message 7 and Bob message 8."""

    def prepare(connection: Connection) -> int:
        made = rows.link(connection)
        history.add_own(
            connection,
            made,
            GROUP.id,
            SentMessage(message_id=OWN, bot_telegram_id=7001, bot_name="Mira"),
            "tea?",
            now=NOW,
        )
        hearing.ask(connection, made, rows.said(OTHERS), due_at=NOW)
        connection.execute(update(chat_bot_instances).values(ignored=2))
        return made

    return await database.write(prepare)


def change(*emoji: str, by: Sender = BOB, message_id: int = OWN) -> ReactionChange:
    return ReactionChange(bot_id=1, update_id=1, chat=GROUP, message_id=message_id, sender=by, emoji=emoji)


async def record(database: Database, link_id: int, what: ReactionChange, value: float, now: float = NOW) -> None:
    await database.write(
        lambda connection: reactions.record(
            connection, link_id, what, value, lambda seen: sum(each.value for each in seen), since=NOW, now=now
        )
    )


async def liking(database: Database, link_id: int) -> tuple[float, float, int]:
    columns = chat_bot_instances.c
    query = select(columns.liking, columns.liking_at, columns.ignored).where(columns.id == link_id)
    row = await database.read(lambda connection: connection.execute(query).one())
    return row.liking, row.liking_at, row.ignored


async def kept(database: Database) -> list[tuple[int, int, str, float]]:
    columns = message_reactions.c
    query = select(columns.message_order, columns.user_id, columns.emoji, columns.value).order_by(columns.user_id)
    return [tuple(row) for row in await database.read(lambda connection: connection.execute(query).all())]


async def test_only_what_the_persona_said_is_its_own(database: Database, link_id: int) -> None:
    for message_id, is_own in ((OWN, True), (OTHERS, False), (99, False)):
        found = await database.read(partial(reactions.is_own, link_id=link_id, message_id=message_id))
        assert found is is_own


async def test_a_reaction_is_replaced_when_it_changes_and_removed_when_taken_back(
    database: Database, link_id: int
) -> None:
    await record(database, link_id, change("👍"), 0.5)
    assert await kept(database) == [(OWN, BOB.id, "👍", 0.5)]
    await record(database, link_id, change("👎", "💩"), -0.5, NOW + 1)
    assert await kept(database) == [(OWN, BOB.id, "👎 💩", -0.5)]
    assert await liking(database, link_id) == (-0.5, NOW + 1, 0)
    await record(database, link_id, change("🔥", by=ALICE), 0.25, NOW + 2)
    await record(database, link_id, change(), 0.0, NOW + 3)
    assert await kept(database) == [(OWN, ALICE.id, "🔥", 0.25)]
    assert await liking(database, link_id) == (0.25, NOW + 3, 0)


async def test_what_is_older_than_is_asked_for_is_not_weighed(database: Database, link_id: int) -> None:
    await record(database, link_id, change("👎"), -1.0, NOW - 1)
    await record(database, link_id, change("🔥", by=ALICE), 0.25, NOW)
    assert (await liking(database, link_id))[0] == 0.25


async def test_reactions_to_others_are_not_kept(database: Database, link_id: int) -> None:
    await record(database, link_id, change("👍", message_id=OTHERS), 1.0)
    assert await kept(database) == []
    assert await liking(database, link_id) == (0.0, 0.0, 2)


async def test_reset_forgets_them_and_none_come_in_afterwards(database: Database, link_id: int) -> None:
    await record(database, link_id, change("👍"), 1.0)
    await database.write(lambda connection: links.forget(connection, link_id, now=NOW))
    assert await kept(database) == []
    await record(database, link_id, change("👎"), -1.0)
    assert await kept(database) == []
    assert (await liking(database, link_id))[0] == 0.0


async def test_people_who_react_at_the_same_moment_all_count(database: Database, link_id: int) -> None:
    people = [Sender(id=2000 + number, name=f"Guest {number}") for number in range(12)]
    await asyncio.gather(*(record(database, link_id, change("👍", by=each), 1.0) for each in people))
    assert (await liking(database, link_id))[0] == len(people)
    assert len(await kept(database)) == len(people)
