"""Several processes poll: each has a Telegram of its own, so that who polls for whom is seen there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import pytest
import structlog

from maskarad.db import Connection, bots, processes, registrations
from maskarad.db.engine import Database
from maskarad.jobs.polling import Polling
from maskarad.jobs.presence import PRESUMED_DEAD, Presence
from maskarad.metrics import Metrics
from maskarad.telegram.api import BotApi
from maskarad.telegram.handling import Handle
from maskarad.telegram.pollers import Pollers
from maskarad.telegram.transport import AiohttpRequest
from maskarad.values import MANAGER_BOT_ID, Event
from tests.support import rows
from tests.support.clock import FakeClock
from tests.support.databases import CountStatements, OpenDatabase
from tests.telegram.people import MANAGER_TOKEN, Notices, bot, message, store_nothing, token, webhook
from tests.telegram.stub import Stub, refusal

BOTS = 10
CONFLICT = refusal(409, "Conflict: terminated by other getUpdates request")


class Member:
    """One of the processes. Its `uptime` goes on only when a test says so."""

    def __init__(self, database: Database, clock: FakeClock, stub: Stub, api: BotApi) -> None:
        self.stub = stub
        self.uptime = FakeClock()
        self.notices = Notices()
        self.registry = self.notices.registry()
        for bot_id in range(1, BOTS + 1):
            self.registry.put(bot(bot_id), token(bot_id), webhook(bot_id))
        self.presence = Presence(
            database, role="gateway", polls=True, clock=clock, uptime=self.uptime, place="a test's machine"
        )
        self.polling = Polling(database, self.presence)
        self.handle: Handle = store_nothing
        self._pollers = Pollers(
            api,
            self.registry,
            lambda event: self.handle(event),
            may_poll=self.polling.may_poll,
            conflict_seconds=self.polling.conflict_seconds,
            jitter=lambda: 0.0,
            metrics=Metrics(),
        )
        self._pollers.start(only=frozenset())
        self.polling.serve(self._pollers)

    async def round(self) -> None:
        await self.presence.beat()
        await self.polling.round()

    async def polls(self, count: int) -> frozenset[int]:
        """For whom it polls, once it has so many polls open."""
        await self.stub.until(lambda: self.stub.open_calls == count)
        known = {MANAGER_TOKEN.reveal(): MANAGER_BOT_ID} | {token(each).reveal(): each for each in range(1, BOTS + 1)}
        return frozenset(known[each] for each, open_calls in self.stub.open_tokens.items() if open_calls)

    async def leave(self) -> None:
        await self.polling.leave()
        await self.presence.end()

    async def close(self) -> None:
        await self._pollers.stop(grace=2)


class Company:
    """Opens the processes of a test and closes them at its end."""

    def __init__(self, stack: AsyncExitStack, open_again: OpenDatabase, clock: FakeClock) -> None:
        self._stack = stack
        self._open_again = open_again
        self._clock = clock

    async def member(self) -> Member:
        stub = await self._stack.enter_async_context(Stub().running())
        request = AiohttpRequest(pool_size=0, pool_timeout=5.0, read_timeout=5.0)
        await self._stack.enter_async_context(request)
        made = Member(self._open_again(), self._clock, stub, BotApi(request, request, stub.url, metrics=Metrics()))
        self._stack.push_async_callback(made.close)
        return made


@pytest.fixture
async def company(open_again: OpenDatabase, database: Database, clock: FakeClock) -> AsyncIterator[Company]:
    def store(connection: Connection) -> None:
        for number in range(1, BOTS + 1):
            assert rows.bot(connection, number) == number

    await database.write(store)
    async with AsyncExitStack() as stack:
        yield Company(stack, open_again, clock)


@asynccontextmanager
async def in_work(member: Member) -> AsyncIterator[asyncio.Event]:
    """Inside, a batch of the manager bot's is in work until the event is set."""
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def handle(_event: Event) -> None:
        begun.set()
        await may_end.wait()

    member.handle = handle
    member.stub.script("getUpdates", [message(10)], token=MANAGER_TOKEN)
    await member.round()
    await asyncio.wait_for(begun.wait(), 5)
    yield may_end


async def test_a_single_process_polls_for_all(company: Company) -> None:
    one = await company.member()
    await one.round()
    assert await one.polls(BOTS + 1) == frozenset(range(BOTS + 1))


async def test_bots_are_shared_out_evenly_and_each_is_polled_once(company: Company) -> None:
    members = [await company.member() for _ in range(3)]
    for each in members:
        await each.presence.beat()
    await asyncio.gather(*(each.polling.round() for each in members))
    for each in members:
        await each.polling.round()
    held = [await each.polls(count) for each, count in zip(members, share_sizes(members), strict=True)]
    assert sorted(map(len, held)) == [3, 4, 4]
    assert sorted(bot_id for each in held for bot_id in each) == list(range(BOTS + 1))


def share_sizes(members: list[Member]) -> list[int]:
    """The longest at work has the larger share; those who came at once are told apart by their ids."""
    order = sorted(each.presence.id or "" for each in members)
    return [(4, 4, 3)[order.index(each.presence.id or "")] for each in members]


async def test_one_that_joins_gets_its_share_and_nothing_else_moves(company: Company, clock: FakeClock) -> None:
    one, other = await company.member(), await company.member()
    await one.round()
    await one.polls(BOTS + 1)
    clock.advance(1)
    await other.round()
    assert other.stub.open_calls == 0
    await one.round()
    await other.polling.round()
    kept, taken = await one.polls(6), await other.polls(5)
    assert (kept, taken) == (frozenset(range(6)), frozenset(range(6, 11)))
    assert len(one.stub.calls) == BOTS + 1
    assert one.notices.conflicts == other.notices.conflicts == []


async def test_who_dies_is_followed_after_its_silence(company: Company, clock: FakeClock) -> None:
    one, other = await company.member(), await company.member()
    await one.round()
    await other.round()
    clock.advance(PRESUMED_DEAD - 1)
    await other.round()
    assert other.stub.open_calls == 0
    clock.advance(2)
    await other.round()
    assert await other.polls(BOTS + 1) == frozenset(range(BOTS + 1))


async def test_who_starts_again_on_the_same_machine_waits_for_nobody(
    company: Company, database: Database, clock: FakeClock
) -> None:
    ended = await asyncio.create_subprocess_exec("true")
    await ended.wait()
    dead = processes.Process(
        id="dead", role="run", polls=True, place="a test's machine", pid=ended.pid, started_at=clock(), seen_at=clock()
    )
    await database.write(partial(processes.join, process=dead))
    one = await company.member()
    await one.round()
    await one.polls(BOTS + 1)
    assert [each.id for each in await database.read(processes.everyone)] == [one.presence.id]


async def test_who_leaves_is_followed_at_once(company: Company) -> None:
    one, other = await company.member(), await company.member()
    await one.round()
    await other.round()
    await one.leave()
    assert one.stub.open_calls == 0
    await other.round()
    assert await other.polls(BOTS + 1) == frozenset(range(BOTS + 1))


async def test_a_batch_in_work_is_confirmed_before_another_polls(company: Company) -> None:
    one, other = await company.member(), await company.member()
    async with in_work(one) as may_end:
        await other.presence.beat()
        leaving = asyncio.create_task(one.polling.leave())
        await leaving
        await other.round()
        assert MANAGER_BOT_ID not in await other.polls(BOTS)
        may_end.set()
        await one.stub.until(lambda: one.stub.of("getUpdates", MANAGER_TOKEN)[-1].params["offset"] == 11)
        await one.close()
        await one.polling.leave()
        await other.polling.round()
        assert MANAGER_BOT_ID in await other.polls(BOTS + 1)


async def test_who_was_paused_past_its_lease_polls_no_more(company: Company, clock: FakeClock) -> None:
    one, other = await company.member(), await company.member()
    async with in_work(one) as may_end:
        at_work = [task for task in asyncio.all_tasks() if task.get_name() == f"poller of bot {MANAGER_BOT_ID}"]
        clock.advance(PRESUMED_DEAD + 1)
        one.uptime.advance(PRESUMED_DEAD + 1)
        await other.round()
        await other.polls(BOTS + 1)
        may_end.set()
        await asyncio.wait_for(asyncio.wait(at_work), 5)
        assert len(one.stub.of("getUpdates", MANAGER_TOKEN)) == 1
        earlier = one.presence.id
        clock.advance(1)
        await one.round()
        assert one.presence.id not in (None, earlier)
        await one.polls(0)
        await other.round()
        await one.round()
        held = await other.polls(6), await one.polls(5)
        assert frozenset.union(*held) == frozenset(range(BOTS + 1))


async def test_without_the_database_a_process_gives_up_in_time_and_comes_back(
    company: Company, clock: FakeClock
) -> None:
    one = await company.member()
    await one.round()
    await one.polls(BOTS + 1)
    earlier = one.presence.id
    one.uptime.advance(PRESUMED_DEAD)
    assert not one.polling.may_poll()
    await one.presence.beat()
    assert (one.polling.may_poll(), one.presence.id) == (True, earlier)


async def test_what_is_disabled_or_removed_is_given_back(
    company: Company, database: Database, clock: FakeClock
) -> None:
    one = await company.member()
    await one.round()
    await one.polls(BOTS + 1)
    await database.write(partial(bots.set_enabled, bot_id=3, enabled=False, now=clock()))
    await database.write(partial(bots.unbind, bot_id=4))
    await one.round()
    assert await one.polls(BOTS - 1) == frozenset(range(BOTS + 1)) - {3, 4}
    await database.write(partial(bots.set_enabled, bot_id=3, enabled=True, now=clock()))
    await one.round()
    assert 3 in await one.polls(BOTS)


async def test_a_round_costs_the_same_however_many_bots_there_are(
    company: Company, database: Database, clock: FakeClock, statements: CountStatements
) -> None:
    presence = Presence(database, role="run", polls=True, clock=clock, place="")
    polling = Polling(database, presence)
    polling.serve(NoPollers())
    await presence.beat()
    await polling.round()
    with statements(database) as seen:
        await presence.beat()
        await polling.round()
    assert seen.count == 4
    assert not any(each.startswith(("INSERT", "DELETE FROM polling")) for each in seen.seen)


class NoPollers:
    def hold(self, bot_ids: frozenset[int]) -> None:
        pass

    async def at_work(self, within: float) -> frozenset[int]:
        return frozenset()


async def test_a_conflict_that_passes_is_nobodys_business(company: Company) -> None:
    one = await company.member()
    one.stub.script("getUpdates", CONFLICT, CONFLICT, token=MANAGER_TOKEN)
    await one.round()
    await one.stub.until(lambda: len(one.stub.of("getUpdates", MANAGER_TOKEN)) == 3)
    assert one.notices.conflicts == []


async def test_who_polls_forgets_what_was_registered_of_webhooks(company: Company, database: Database) -> None:
    await database.write(partial(registrations.claim, bot_id=1, fingerprint="f", now=0.0, until=60.0))
    one = await company.member()
    await one.round()
    assert await database.read(registrations.known) == {}


async def test_taken_for_dead_in_the_middle_of_a_round_it_begins_anew(company: Company, database: Database) -> None:
    one = await company.member()
    await one.round()
    assert one.presence.id is not None
    await database.write(partial(processes.leave, process_id=one.presence.id))
    await one.polling.round()
    await one.polls(0)
    await one.round()
    assert await one.polls(BOTS + 1) == frozenset(range(BOTS + 1))


async def test_how_many_bots_are_taken_over_is_logged(company: Company, database: Database) -> None:
    one, other = await company.member(), await company.member()
    await one.round()
    assert one.presence.id is not None
    await database.write(partial(processes.leave, process_id=one.presence.id))
    with structlog.testing.capture_logs() as logs:
        await other.round()
        await other.round()
    assert [each["bots"] for each in logs if each["event"] == "polls_taken"] == [BOTS + 1]
