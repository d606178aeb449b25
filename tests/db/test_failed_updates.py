"""The words in updates that failed go with the bot, with the person, and with time."""

from functools import partial

import pytest
from sqlalchemy import Connection, select

from maskarad.db import bots, failed_updates, personas
from maskarad.db.engine import Database
from maskarad.db.failed_updates import ATTEMPTS, UpdateKey
from maskarad.db.tables import failed_updates as rows_of
from maskarad.jobs.quarantine import author_of, body_of
from maskarad.values import MANAGER_BOT_ID, Chat, Incoming, Sender
from tests.support import rows
from tests.support.people import ALICE, BOB
from tests.support.rows import GROUP, NOW, private

DAY = 86_400.0


def fail(connection: Connection, update: Incoming, times: int = ATTEMPTS, now: float = NOW) -> None:
    for _ in range(times):
        count(connection, update, now=now)


def count(connection: Connection, update: Incoming, now: float = NOW) -> int:
    key = update.bot_id, update.update_id
    values = {"user_id": author_of(update), "body": body_of(update), "error": "ValueError"}
    return failed_updates.count(connection, key, **values, now=now)  # type: ignore[arg-type]


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


async def words(database: Database) -> list[UpdateKey]:
    """Those that have kept what they say."""
    aside = await database.read(partial(failed_updates.put_aside, most=100))
    return sorted((each.bot_id, each.update_id) for each in aside)


async def bodies(database: Database) -> str:
    return "".join(await database.read(lambda connection: connection.execute(select(rows_of.c.body)).scalars().all()))


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
    assert await words(world) == [(1, 12), (2, 10)]
    assert await world.write(failed_updates.requeue_all) == 2


async def test_what_was_erased_stays_so_though_it_comes_again_and_again(world: Database) -> None:
    """One that was put aside (Telegram missed the answer), and one that was counted only."""
    await world.write(partial(failed_updates.forget_person, bot_ids=[1], user_id=BOB.id))

    def come_again(connection: Connection) -> None:
        for update in (said(1, 10, BOB, private(BOB)), said(1, 11, BOB)):
            assert count(connection, update) > ATTEMPTS
            fail(connection, update)

    await world.write(come_again)
    assert await words(world) == [(0, 10), (1, 12), (2, 10)]


async def test_nothing_is_kept_of_what_telegram_still_brings(database: Database) -> None:
    await database.write(lambda connection: fail(connection, said(1, 11, BOB), times=ATTEMPTS - 1))
    assert await bodies(database) == ""
    await database.write(lambda connection: fail(connection, said(1, 11, BOB), times=1))
    assert await bodies(database) == body_of(said(1, 11, BOB))


async def test_when_too_many_are_put_aside_telegram_keeps_what_fails(
    world: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failed_updates, "MOST_ASIDE", 5)
    late = said(2, 30, ALICE)
    assert await world.write(lambda connection: [count(connection, late) for _ in range(7)]) == [1, 2, 3, 4, 4, 4, 4]
    assert (2, 30) not in await words(world)
    await world.write(partial(failed_updates.drop, key=(1, 10)))
    assert await world.write(lambda connection: count(connection, late)) == ATTEMPTS


async def test_they_go_after_their_time(world: Database) -> None:
    await world.write(lambda connection: fail(connection, said(2, 20, BOB), now=NOW + 2 * DAY))
    assert await world.write(partial(failed_updates.forget, before=NOW, counted_before=NOW + DAY)) == 1
    assert (1, 11) not in await left(world)
    assert await world.write(partial(failed_updates.forget, before=NOW + DAY, counted_before=NOW + DAY)) == 5
    assert await left(world) == [(2, 20)]
