"""Updates that fail by a fault of ours, whichever way they come: what Telegram is told, and what stands in the rows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import structlog

from maskarad.db import failed_updates
from maskarad.db.engine import Database
from maskarad.db.failed_updates import FailedUpdate, UpdateKey
from maskarad.errors import DatabaseUnavailable, NotFound, NotServed, StatementTimedOut, TelegramError
from maskarad.jobs.quarantine import Quarantine, body_of, event_of
from maskarad.jobs.requeued import LEASE, Requeued
from maskarad.metrics import Metrics
from maskarad.telegram.api import BotApi
from maskarad.telegram.handling import UpdateFailed
from maskarad.telegram.pollers import Pollers
from maskarad.values import Chat, ChatType, Event, Incoming, Membership, Migration, Press, ReactionChange, Sender
from maskarad.web.app import build_app
from maskarad.web.server import HttpServer
from tests.support.clock import FakeClock
from tests.telegram.people import Notices, bot, message, token, webhook
from tests.telegram.stub import Stub

SECRET = {"X-Telegram-Bot-Api-Secret-Token": "secret-2"}
ALICE = Sender(id=1001, name="Аліса")
KITCHEN = Chat(id=-1001, type=ChatType.GROUP, title="Kitchen")


class Platform:
    """The inner half of one process: what is in `stored` was handled. It fails as long as `broken`; when it is asked
    whether it is, with `trouble`."""

    def __init__(self, database: Database, clock: FakeClock, *, broken: bool = True) -> None:
        self.broken = broken
        self.trouble: Exception | None = None
        self.stored: list[Event] = []
        self.handling = asyncio.Event()
        self.quarantine = Quarantine(self._handle, database, clock=clock, metrics=Metrics())
        self.requeued = Requeued(database, self.quarantine, self._act_on, clock=clock)

    async def _handle(self, event: Event) -> None:
        self.handling.set()
        await asyncio.sleep(0)
        if self.broken and event.update_id < 100:
            raise ZeroDivisionError("words of people, 7001:AAtoken-canary")
        self.stored.append(event)

    async def _act_on(self, event: Event) -> None:
        if self.trouble is not None:
            raise self.trouble
        await self._handle(event)


@pytest.fixture(autouse=True)
def quiet() -> Any:
    with structlog.testing.capture_logs() as logs:
        yield logs


@pytest.fixture
def first(database: Database, clock: FakeClock) -> Platform:
    return Platform(database, clock)


@pytest.fixture
def second(database: Database, clock: FakeClock) -> Platform:
    return Platform(database, clock)


@asynccontextmanager
async def gateway(platform: Platform) -> AsyncIterator[str]:
    """Where Telegram delivers bot 2's updates."""
    registry = Notices().registry()
    registry.put(bot(2), token(2), webhook(2))
    server = HttpServer(build_app(registry, platform.quarantine.handle, looks={}, metrics=Metrics()), "127.0.0.1", 0)
    await server.start()
    yield f"http://127.0.0.1:{server.port}/telegram/public-2"
    await server.stop()


async def post(address: str, update: Any) -> int:
    async with aiohttp.ClientSession(headers=SECRET) as client, client.post(address, json=update) as answer:
        return answer.status


async def put_aside(database: Database) -> list[FailedUpdate]:
    return await database.read(lambda connection: failed_updates.put_aside(connection, most=10))


async def known(database: Database) -> list[UpdateKey]:
    return await database.read(lambda connection: failed_updates.latest(connection, most=10))


async def fail(platform: Platform, event: Event, times: int = failed_updates.ATTEMPTS) -> None:
    for _ in range(times - 1):
        with pytest.raises(UpdateFailed):
            await platform.quarantine.handle(event)
    await platform.quarantine.handle(event)


def said(text: str = "hi", update_id: int = 10, sender: Sender = ALICE, bot_id: int = 2) -> Incoming:
    chat = Chat(id=sender.id, type=ChatType.PRIVATE)
    return Incoming(
        bot_id=bot_id, update_id=update_id, chat=chat, message_id=5, sender=sender, text=text, sent_at=1_700_000_000.0
    )


async def test_webhooks_of_several_gateways_count_together(
    database: Database, first: Platform, second: Platform, clock: FakeClock, quiet: list[dict[str, Any]]
) -> None:
    began_at = clock()
    async with gateway(first) as one, gateway(second) as other:
        answers = []
        for address in (one, other, other, one, other):
            answers.append(await post(address, message(10, text="поламане")))
            clock.advance(10)
        assert answers == [500, 500, 500, 500, 200]
        assert await post(one, message(100, text="ціле")) == 200
    [aside] = await put_aside(database)
    assert (aside.bot_id, aside.update_id, aside.attempts) == (2, 10, 5)
    assert (aside.first_at, aside.last_at, aside.requeued_at) == (began_at, began_at + 40, None)
    assert [each["put_aside"] for each in quiet if each["event"] == "update_failed"] == [False] * 4 + [True]
    assert first.stored[0].update_id == 100


async def test_a_poll_goes_on_after_five_attempts(
    database: Database, first: Platform, clock: FakeClock, api: BotApi, stub: Stub
) -> None:
    stub.script("getUpdates", *([[message(10), message(101, chat_id=6), message(102)]] * 5))
    registry = Notices().registry()
    pollers = Pollers(api, registry, first.quarantine.handle, poll_seconds=20.0, jitter=lambda: 0.0, metrics=Metrics())
    pollers.start()
    async with asyncio.timeout(20):
        await stub.until(lambda: len(stub.of("getUpdates")) == 6)
    await pollers.stop(grace=2)
    assert [call.params["offset"] for call in stub.of("getUpdates")] == [0] * 5 + [103]
    # The other chat goes on at once, the rest of its own once it is out of the way.
    assert [event.update_id for event in first.stored] == [101] * 5 + [102]
    assert [each.attempts for each in await put_aside(database)] == [5]


async def test_what_works_in_the_end_leaves_nothing(database: Database, first: Platform, second: Platform) -> None:
    event = said()
    with pytest.raises(UpdateFailed):
        await first.quarantine.handle(event)
    assert await known(database) == [(2, 10)]
    assert await put_aside(database) == []
    second.broken = False
    await second.requeued.look()
    await second.quarantine.handle(event)
    assert await known(database) == []


async def test_a_database_that_is_away_is_no_failure_of_the_update(database: Database, clock: FakeClock) -> None:
    async def handle(_event: Event) -> None:
        raise DatabaseUnavailable("gone")

    quarantine = Quarantine(handle, database, clock=clock, metrics=Metrics())
    for _ in range(6):
        with pytest.raises(DatabaseUnavailable):
            await quarantine.handle(said())
    assert await known(database) == []


async def test_neither_the_fault_nor_the_body_holds_a_token(database: Database, first: Platform) -> None:
    await fail(first, said("ось: 7001:AAtoken-canary-of-a-bot"))
    [aside] = await put_aside(database)
    assert aside.error.startswith("ZeroDivisionError in ")
    assert "canary" not in aside.error
    found = await database.read(lambda connection: failed_updates.find(connection, (2, 10)))
    assert found is not None
    assert "canary" not in found[1]
    assert event_of(found[1]) == said("ось: …")


async def test_a_fault_is_named_by_its_place_in_our_code(database: Database, clock: FakeClock) -> None:
    async def handle(_event: Event) -> None:
        event_of("{}")

    quarantine = Quarantine(handle, database, clock=clock, metrics=Metrics())
    for _ in range(4):
        with pytest.raises(UpdateFailed):
            await quarantine.handle(said())
    await quarantine.handle(said())
    [aside] = await put_aside(database)
    assert aside.error.startswith("ValueError in jobs/quarantine.py:")
    assert aside.error.endswith("(event_of)")


async def test_once_mended_it_is_handled_again_by_one_process(
    database: Database, first: Platform, second: Platform
) -> None:
    await fail(first, said())
    await first.requeued.look()
    assert first.stored == []
    first.broken = second.broken = False
    assert await database.write(lambda connection: failed_updates.requeue(connection, (2, 10)))
    await asyncio.gather(first.requeued.look(), second.requeued.look())
    assert first.stored + second.stored == [said()]
    assert await known(database) == []


async def test_what_fails_again_is_put_aside_again(database: Database, first: Platform) -> None:
    await fail(first, said())
    assert await database.write(failed_updates.requeue_all) == 1
    await first.requeued.look()
    await first.requeued.look()
    [aside] = await put_aside(database)
    assert (aside.attempts, aside.requeued_at) == (6, None)


async def test_it_waits_for_a_bot_that_is_at_rest(database: Database, first: Platform, clock: FakeClock) -> None:
    await fail(first, said())
    first.broken, first.trouble = False, NotServed("at rest")
    await database.write(failed_updates.requeue_all)
    for _ in range(3):
        await first.requeued.look()
        clock.advance(LEASE + 1)
    [aside] = await put_aside(database)
    assert aside.attempts == 5
    assert aside.requeued_at is not None
    first.trouble = None
    await first.requeued.look()
    assert first.stored == [said()]
    assert await known(database) == []


@pytest.mark.parametrize("trouble", [NotFound("gone"), TelegramError("no"), StatementTimedOut("late")], ids=repr)
async def test_what_nothing_came_of_is_put_aside_again(database: Database, first: Platform, trouble: Exception) -> None:
    await fail(first, said())
    first.trouble = trouble
    await database.write(failed_updates.requeue_all)
    await first.requeued.look()
    [aside] = await put_aside(database)
    assert (aside.attempts, aside.requeued_at, aside.error.split()[0]) == (6, None, type(trouble).__name__)


async def test_one_that_is_erased_while_it_is_retried_stays_so(database: Database, first: Platform) -> None:
    await fail(first, said())
    await database.write(failed_updates.requeue_all)
    first.handling.clear()
    retrying = asyncio.create_task(first.requeued.look())
    await first.handling.wait()
    await database.write(lambda connection: failed_updates.forget_person(connection, [2], ALICE.id))
    await retrying
    assert await put_aside(database) == []


async def test_what_always_takes_too_long_comes_to_an_end(database: Database, clock: FakeClock) -> None:
    async def handle(_event: Event) -> None:
        raise StatementTimedOut("the statement took too long")

    quarantine = Quarantine(handle, database, clock=clock, metrics=Metrics())
    for _ in range(4):
        with pytest.raises(UpdateFailed):
            await quarantine.handle(said())
    await quarantine.handle(said())
    assert [each.error.split()[0] for each in await put_aside(database)] == ["StatementTimedOut"]


async def test_a_process_that_dies_over_it_leaves_it_to_another(
    database: Database, first: Platform, second: Platform, clock: FakeClock
) -> None:
    await fail(first, said())
    first.broken = second.broken = False
    first.handling.clear()
    await database.write(failed_updates.requeue_all)
    dying = asyncio.create_task(first.requeued.look())
    await first.handling.wait()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    await second.requeued.look()
    assert second.stored == []
    clock.advance(LEASE + 1)
    await second.requeued.look()
    assert second.stored == [said()]


async def test_one_in_a_form_that_is_not_known_stays_aside(database: Database, first: Platform) -> None:
    for _ in range(failed_updates.ATTEMPTS):
        await database.write(
            lambda connection: failed_updates.count(
                connection, (2, 10), user_id=0, body='{"kind":"Poll"}', error="x", now=1.0
            )
        )
    await database.write(failed_updates.requeue_all)
    await first.requeued.look()
    [aside] = await put_aside(database)
    assert (aside.attempts, aside.requeued_at) == (6, None)
    assert aside.error.startswith("ValueError in jobs/quarantine.py")


@pytest.mark.parametrize(
    "event",
    [
        Incoming(
            bot_id=0,
            update_id=1,
            chat=KITCHEN,
            message_id=2,
            sender=ALICE,
            text="\0 ще 👀 \u2028?",
            sent_at=3.5,
            mentions=frozenset({"a_bot", "b_bot"}),
            mentioned_ids=frozenset({5}),
            forwarded_from=Sender(id=0, name="хтось"),
        ),
        Press(bot_id=2, update_id=1, callback_query_id="9", sender=ALICE, chat=KITCHEN, message_id=2, data="bu|1"),
        Membership(bot_id=2, update_id=1, chat=KITCHEN, is_member=True, may_write=False),
        Migration(bot_id=2, update_id=1, old_chat_id=-5, new_chat_id=-1005),
        ReactionChange(bot_id=2, update_id=1, chat=KITCHEN, message_id=2, sender=ALICE, emoji=("👍",)),
    ],
    ids=lambda event: type(event).__name__,
)
async def test_every_event_comes_back_as_it_was(database: Database, first: Platform, event: Event) -> None:
    await fail(first, event)
    found = await database.read(lambda connection: failed_updates.find(connection, (event.bot_id, event.update_id)))
    assert found is not None
    assert found[1] == body_of(event)
    assert found[1].isascii()
    assert event_of(found[1]) == event
