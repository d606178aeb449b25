"""Files of what is kept of somebody: nobody waits for them, and each person has one at a time."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest
from sqlalchemy import select

from maskarad.controls.exporting import KIND, MOST_WAITING, Exporting
from maskarad.controls.handing_over import HandingOver
from maskarad.db import errands, tables
from maskarad.db.engine import Database
from maskarad.errors import DatabaseUnavailable, NotFound
from maskarad.jobs.errands import DATABASE_PAUSE, Errands
from maskarad.jobs.held import MOST_ATTEMPTS, Lane
from maskarad.memory.dossier import File
from maskarad.texts import load_texts
from maskarad.values import Bot, Screen, Sender
from tests.support import rows
from tests.support.clock import FakeClock
from tests.support.people import ALICE, BOB
from tests.support.remarks import USTYM
from tests.support.until import until

TEXTS = load_texts()


class Telegram:
    def __init__(self) -> None:
        self.said: list[tuple[int, str]] = []

    async def send_text(self, bot_id: int, chat_id: int, content: Screen) -> None:
        self.said.append((chat_id, content.html))

    async def send_document(self, bot_id: int, chat_id: int, data: bytes, name: str, *, caption: Screen) -> None:
        self.said.append((chat_id, f"{name}: {caption.html}"))


class Clerk:
    """Makes files when told to; `failure` comes in place of them."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.failure: Exception | None = None
        self.asked = 0

    async def make(self, bot: Bot, person: Sender) -> File:
        self.asked += 1
        await self.go_on.wait()
        if self.failure is not None:
            raise self.failure
        return File(data=b"{}", messages=2, is_whole=False)


class Office:
    """Where files are ordered, and made."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.database = database
        self.telegram = Telegram()
        self.clerk = Clerk()
        self.errands = Errands(
            database,
            [Lane({KIND: HandingOver(database, self.clerk.make, self.telegram, TEXTS)}, most=1)],
            clock=clock,
        )
        self.exporting = Exporting(database, ring=self.errands.ring, clock=clock)

    async def has_tried(self, times: int) -> bool:
        return self.clerk.asked == times and await self.rests()

    async def rests(self) -> bool:
        """Nobody is at anything."""
        at_work = select(tables.errands.c.id).where(tables.errands.c.claim.is_not(None))
        return await self.database.read(lambda c: c.execute(at_work).first()) is None


@pytest.fixture
async def office(database: Database, clock: FakeClock) -> AsyncIterator[Office]:
    await database.write(rows.bot)
    made = Office(database, clock)
    yield made
    await made.errands.close()


async def test_one_at_a_time_for_each_person_and_a_new_one_after_that(office: Office) -> None:
    clerk, telegram, exporting = office.clerk, office.telegram, office.exporting
    assert [await exporting.take(USTYM, person, "en") for person in (BOB, BOB, ALICE)] == [True, False, True]
    assert telegram.said == []
    clerk.go_on.set()
    await until(lambda: len(telegram.said) == 2)
    told = "mira1_bot.json: All I keep about you, and 2 messages.\nOlder messages did not fit."
    assert telegram.said == [(BOB.id, told), (ALICE.id, told)]
    await until(lambda: exporting.take(USTYM, BOB, "en"))


async def test_only_so_many_wait_on_the_whole_platform(office: Office) -> None:
    people = [Sender(id=number, name="somebody") for number in range(1, MOST_WAITING + 2)]
    taken = [await office.exporting.take(USTYM, person, "en") for person in people]
    assert taken == MOST_WAITING * [True] + [False]


async def test_what_the_end_of_a_process_interrupts_another_makes(
    office: Office, database: Database, clock: FakeClock
) -> None:
    assert await office.exporting.take(USTYM, BOB, "uk")
    await until(lambda: office.clerk.asked == 1)
    await office.errands.close()
    assert office.telegram.said == []
    other = Office(database, clock)
    other.clerk.go_on.set()
    await other.errands.sweep()
    await until(lambda: [chat for chat, _ in other.telegram.said] == [BOB.id])
    await other.errands.close()


async def test_who_is_forgotten_meanwhile_gets_no_file(office: Office) -> None:
    assert await office.exporting.take(USTYM, BOB, "en")
    await until(lambda: office.clerk.asked == 1)
    await office.database.write(partial(errands.drop, places=[errands.in_chat(USTYM.id, BOB.id)]))
    office.clerk.go_on.set()
    await until(lambda: office.errands.under_way == 0)
    assert office.telegram.said == []


async def test_while_the_database_is_away_the_file_waits(office: Office, clock: FakeClock) -> None:
    office.clerk.failure = DatabaseUnavailable("gone")
    office.clerk.go_on.set()
    for attempt in range(1, MOST_ATTEMPTS + 2):
        if attempt == 1:
            assert await office.exporting.take(USTYM, BOB, "en")
        else:
            clock.advance(DATABASE_PAUSE)
            await office.errands.sweep()
        await until(partial(office.has_tried, attempt))
    assert office.telegram.said == []
    office.clerk.failure = None
    clock.advance(DATABASE_PAUSE)
    await office.errands.sweep()
    await until(lambda: len(office.telegram.said) == 1)


async def test_whoever_gets_no_file_is_told_so(office: Office, clock: FakeClock) -> None:
    office.clerk.failure = NotFound("the bot is gone")
    office.clerk.go_on.set()
    assert await office.exporting.take(USTYM, BOB, "en")
    for attempt in range(1, MOST_ATTEMPTS):
        await until(partial(office.has_tried, attempt))
        assert office.telegram.said == []
        clock.advance(2.0**attempt)
        await office.errands.sweep()
    await until(lambda: office.telegram.said != [])
    assert office.telegram.said == [(BOB.id, TEXTS.html("en", "me.file_failed"))]
    await until(office.rests)
    [failed] = await office.database.read(lambda c: errands.failed(c, most=10))
    assert (failed.kind, failed.error) == (KIND, "NotFound: the bot is gone")


async def test_a_file_ordered_by_an_older_version_is_made(office: Office) -> None:
    stored = '{"bot_id":1,"person_id":1002,"language":"en","name":"Боб","username":"bob"}'
    await ordered(office, stored)
    office.clerk.go_on.set()
    await until(lambda: [chat for chat, _ in office.telegram.said] == [BOB.id])
    assert "2 messages" in office.telegram.said[0][1]


async def test_what_cannot_be_read_is_said_to_whoever_ordered_it(office: Office) -> None:
    await ordered(office, '{"bot_id":1,"person_id":1002,"language":"en","name":7}')
    await until(lambda: office.telegram.said == [(BOB.id, TEXTS.html("en", "me.file_failed"))])
    await until(office.rests)
    [failed] = await office.database.read(lambda c: errands.failed(c, most=10))
    assert (failed.attempts, office.clerk.asked) == (1, 0)


async def ordered(office: Office, payload: str) -> None:
    new = errands.NewErrand(kind=KIND, place=errands.in_chat(1, BOB.id), owner_id=ALICE.id, payload=payload)
    errand_id = await office.database.write(partial(errands.order, new=new, most=9, now=1.0))
    assert errand_id is not None
    office.errands.ring(errand_id)
