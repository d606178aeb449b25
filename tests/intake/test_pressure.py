"""More questions than answers: Telegram keeps what a crowded bot is told, and nobody else notices."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import Connection, insert, update

from maskarad.db import backlog
from maskarad.db.engine import Database
from maskarad.db.tables import bot_instances
from maskarad.db.tables import chat_bot_instances as links
from maskarad.errors import IntakeFull
from maskarad.intake.pressure import HOLD, LET_IN, MOST_HELD, Pressure
from maskarad.metrics import Metrics
from maskarad.values import Chat, ChatType, Event, Incoming, Press
from tests.support import rows
from tests.support.clock import FakeClock
from tests.support.counts import sample
from tests.support.people import BOB
from tests.support.rows import NOW

CROWDED, OTHER = 1, 2


def add_link(connection: Connection, bot_id: int, chat_id: int, **more: Any) -> None:
    given = {"asked": 1, "answered": 0, "due_at": NOW - 1, "active": True, **more}
    connection.execute(
        insert(links).values(
            bot_instance_id=bot_id, chat_id=chat_id, chat_type="private", title="", created_at=NOW, **given
        )
    )


def fill(connection: Connection) -> None:
    """Three links of the first bot wait, one of the second, and many that are not to be counted."""
    first, second, resting, refused = (rows.bot(connection, number) for number in range(1, 5))
    connection.execute(update(bot_instances).where(bot_instances.c.id == resting).values(enabled=False))
    connection.execute(update(bot_instances).where(bot_instances.c.id == refused).values(state="invalid"))
    add_link(connection, first, 1)
    add_link(connection, first, 2, asked=0, parts=2)
    add_link(connection, first, 3, claim="of a dead process", lease_until=NOW - 1)
    add_link(connection, first, 4, claim="at work", lease_until=NOW + 60)
    add_link(connection, first, 5, due_at=NOW + 1)
    add_link(connection, first, 6, answered=1)
    add_link(connection, first, 7, active=False)
    add_link(connection, second, 1)
    add_link(connection, resting, 1)
    add_link(connection, refused, 1)


async def test_what_waits_is_counted_by_bot_and_no_further_than_asked(database: Database) -> None:
    await database.write(fill)
    counted = await database.read(lambda connection: backlog.waiting(connection, now=NOW, most=100))
    assert sorted(counted.values()) == [1, 3]
    counted = await database.read(lambda connection: backlog.waiting(connection, now=NOW, most=2))
    assert sum(counted.values()) == 2


class Door:
    """Pressure in front of a platform that stores at once; `stored` are the events it has."""

    def __init__(self, waiting: Mapping[int, int], *, most: int = 100, most_per_bot: int = 10) -> None:
        self.waiting = waiting
        self.stored: list[Event] = []
        self.may_store = asyncio.Event()
        """Without it what is to be stored waits."""
        self.may_store.set()
        self.metrics = Metrics()
        self.clock = FakeClock(0.0)
        self._sleeping: list[tuple[float, asyncio.Event]] = []
        self.pressure = Pressure(
            self._count,
            most=most,
            most_per_bot=most_per_bot,
            metrics=self.metrics,
            sleep=self._sleep,
            clock=self.clock,
        )
        self.handle = self.pressure.slowed(self._store)

    async def _count(self, most: int) -> Mapping[int, int]:
        return self.waiting

    async def _store(self, event: Event) -> None:
        await self.may_store.wait()
        self.stored.append(event)

    async def _sleep(self, seconds: float) -> None:
        awake = asyncio.Event()
        self._sleeping.append((self.clock() + seconds, awake))
        await awake.wait()

    async def pass_by(self, seconds: float) -> None:
        """So much time goes by, and what is due then is done."""
        self.clock.advance(seconds)
        for at, awake in self._sleeping:
            if at <= self.clock():
                awake.set()
        await _settled()

    async def comes(self, *events: Event) -> list[asyncio.Task[None]]:
        """They come at the same time, as over webhooks."""
        tasks = [asyncio.create_task(_awaited(self, event)) for event in events]
        await _settled()
        return tasks


async def _awaited(door: Door, event: Event) -> None:
    await door.handle(event)


async def _settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def said(bot_id: int = CROWDED, chat_id: int = 1, message_id: int = 1, **more: Any) -> Incoming:
    chat = Chat(id=chat_id, type=ChatType.PRIVATE)
    return Incoming(
        bot_id=bot_id,
        update_id=message_id,
        chat=chat,
        message_id=message_id,
        sender=BOB,
        text="hello",
        sent_at=NOW,
        **more,
    )


PRESS = Press(
    bot_id=CROWDED,
    update_id=7,
    callback_query_id="7",
    sender=BOB,
    chat=Chat(id=1, type=ChatType.PRIVATE),
    message_id=1,
    data="1:menu",
)


async def test_what_a_crowded_bot_is_told_waits_a_while_and_is_stored_then() -> None:
    door = Door({CROWDED: 11, OTHER: 10})
    await door.pressure.look()
    [held, free] = await door.comes(said(CROWDED), said(OTHER))
    assert free.done()
    assert door.stored == [said(OTHER)]
    await door.pass_by(HOLD - 0.1)
    assert not held.done()
    await door.pass_by(0.1)
    assert held.done()
    assert door.stored == [said(OTHER), said(CROWDED)]
    assert sample(door.metrics, "maskarad_slowed_updates_total") == 1
    assert sample(door.metrics, "maskarad_backlog_links") == 21
    assert sample(door.metrics, "maskarad_crowded_bots") == 1


@pytest.mark.parametrize(
    "event",
    [PRESS, said(command="mute"), said(edited_at=NOW), said(OTHER)],
    ids=["button", "command", "edit", "another bot"],
)
async def test_all_else_goes_on_at_once(event: Event) -> None:
    door = Door({CROWDED: 11})
    await door.pressure.look()
    await door.comes(event)
    assert door.stored == [event]


async def test_a_chats_messages_wait_once_together_and_stay_in_order() -> None:
    door = Door({CROWDED: 11})
    await door.pressure.look()
    await door.comes(said(message_id=1))
    await door.pass_by(HOLD - 0.5)
    await door.comes(said(message_id=2))
    await door.pass_by(0.5)
    await door.comes(said(message_id=3))
    assert [event.update_id for event in door.stored] == [1, 2, 3]
    await door.pass_by(LET_IN + 1)
    await door.comes(said(message_id=4))
    assert len(door.stored) == 3


@pytest.mark.parametrize(
    "event",
    [PRESS, said(command="reset"), said(edited_at=NOW)],
    ids=["button", "command", "edit"],
)
async def test_nothing_overtakes_what_a_chat_has_said_before(event: Event) -> None:
    """Else "forget me" would be done before the words are stored that it is to forget."""
    door = Door({CROWDED: 11})
    await door.pressure.look()
    await door.comes(said())
    await door.pass_by(HOLD - 0.5)
    await door.comes(event)
    assert door.stored == []
    door.may_store.clear()
    await door.pass_by(0.5)
    assert door.stored == []
    door.may_store.set()
    await door.pass_by(0.0)
    assert door.stored == [said(), event]


async def test_when_the_pressure_ends_a_chats_messages_stay_in_order() -> None:
    door = Door({CROWDED: 11})
    await door.pressure.look()
    await door.comes(said(message_id=1))
    door.waiting = {}
    await door.pressure.look()
    await door.comes(said(message_id=2), said(chat_id=2, message_id=3))
    assert [event.update_id for event in door.stored] == [3]
    await door.pass_by(HOLD)
    assert [event.update_id for event in door.stored] == [3, 1, 2]


async def test_nobody_waits_any_more_when_the_backlog_has_shrunk() -> None:
    door = Door({CROWDED: 11})
    await door.pressure.look()
    await door.comes(said(chat_id=1))
    door.waiting = {CROWDED: 10}
    await door.pressure.look()
    await door.comes(said(chat_id=2))
    assert door.stored == [said(chat_id=2)]
    door.waiting = {}
    await door.pressure.look()
    assert sample(door.metrics, "maskarad_crowded_bots") == 0


async def test_too_much_of_all_slows_those_who_have_more_than_their_share() -> None:
    door = Door({CROWDED: 95, OTHER: 6, 3: 2}, most=100, most_per_bot=1_000)
    await door.pressure.look()
    await door.comes(said(CROWDED), said(OTHER), said(3), said(4))
    assert {event.bot_id for event in door.stored} == {OTHER, 3, 4}


async def test_so_many_bots_with_a_little_each_are_all_slowed() -> None:
    door = Door(dict.fromkeys(range(1, 102), 1), most=100, most_per_bot=1_000)
    await door.pressure.look()
    await door.comes(said(CROWDED), said(500))
    assert [event.bot_id for event in door.stored] == [500]


async def test_no_more_wait_in_memory_than_are_bearable_and_telegram_keeps_the_others() -> None:
    door = Door({CROWDED: 11})
    await door.pressure.look()
    waiting = await door.comes(*(said(chat_id=number) for number in range(1, MOST_HELD + 1)))
    with pytest.raises(IntakeFull):
        await door.handle(said(chat_id=MOST_HELD + 1))
    await door.pass_by(HOLD)
    assert all(task.done() for task in waiting)
    assert len(door.stored) == MOST_HELD


async def test_who_is_stopped_while_waiting_holds_no_place() -> None:
    door = Door({CROWDED: 11})
    await door.pressure.look()
    for number in range(1, MOST_HELD + 2):
        [task] = await door.comes(said(chat_id=number))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert door.stored == []
