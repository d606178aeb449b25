"""The words in updates that failed go with the bot, with the person, and with time."""

from functools import partial

import pytest
from sqlalchemy import Connection

from maskarad.db import bots, failed_updates, personas
from maskarad.db.engine import Database
from maskarad.db.failed_updates import ATTEMPTS, UpdateKey
from maskarad.telegram.handling import body_of
from maskarad.values import MANAGER_BOT_ID, Chat, Incoming, Sender
from tests.support import rows
from tests.support.people import ALICE, BOB
from tests.support.rows import GROUP, NOW, private

DAY = 86_400.0


def fail(connection: Connection, update: Incoming, times: int = ATTEMPTS, now: float = NOW) -> None:
    key = update.bot_id, update.update_id
    for _ in range(times):
        failed_updates.count(connection, key, body=body_of(update), error="ValueError", now=now)


def said(bot_id: int, update_id: int, sender: Sender, chat: Chat = GROUP, reply_to: int | None = None) -> Incoming:
    return Incoming(
        bot_id=bot_id,
        update_id=update_id,
        chat=chat,
        message_id=5,
        sender=sender,
        text="hi",
        sent_at=NOW,
        reply_to_user_id=reply_to,
    )


async def left(database: Database) -> list[UpdateKey]:
    return sorted(await database.read(partial(failed_updates.latest, most=100)))


@pytest.fixture
async def world(database: Database) -> Database:
    """Bots 1 and 2 of two personas of Alice's, and what has failed."""

    def make(connection: Connection) -> None:
        assert [rows.bot(connection, 1), rows.bind(connection, rows.persona(connection, name="Yaga"), 2)] == [1, 2]
        fail(connection, said(1, 10, BOB, private(BOB)))
        fail(connection, said(1, 11, BOB), times=1)
        fail(connection, said(1, 12, ALICE))
        fail(connection, said(1, 13, ALICE, reply_to=BOB.id))
        fail(connection, said(2, 10, BOB))
        fail(connection, said(MANAGER_BOT_ID, 10, BOB, private(BOB)))

    await database.write(make)
    return database


async def test_a_bot_that_is_unbound_takes_them_along(world: Database) -> None:
    await world.write(partial(bots.unbind, bot_id=1))
    assert await left(world) == [(0, 10), (2, 10)]


async def test_a_persona_that_is_removed_takes_those_of_its_bot_along(world: Database) -> None:
    await world.write(partial(personas.remove, owner_id=ALICE.id, persona_id=1))
    assert await left(world) == [(0, 10), (2, 10)]


async def test_a_person_who_is_forgotten_is_in_none_of_the_bots(world: Database) -> None:
    await world.write(partial(failed_updates.forget_person, bot_ids=[1, MANAGER_BOT_ID], user_id=BOB.id))
    assert await left(world) == [(1, 12), (2, 10)]


async def test_they_go_after_their_time(world: Database) -> None:
    await world.write(lambda connection: fail(connection, said(2, 20, BOB), now=NOW + 2 * DAY))
    assert await world.write(partial(failed_updates.forget, before=NOW, counted_before=NOW + DAY)) == 1
    assert (1, 11) not in await left(world)
    assert await world.write(partial(failed_updates.forget, before=NOW + DAY, counted_before=NOW + DAY)) == 5
    assert await left(world) == [(2, 20)]
