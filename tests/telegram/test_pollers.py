"""Polling as a bot's owner and Telegram see it: a stub of Telegram on one side, what was stored on the other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog

from maskarad.errors import DatabaseUnavailable, TokenInvalid
from maskarad.metrics import Metrics
from maskarad.telegram.api import BotApi
from maskarad.telegram.bots import BotRegistry
from maskarad.telegram.handling import Handle, bounded
from maskarad.telegram.pollers import Pollers
from maskarad.telegram.read import ALLOWED_UPDATES
from maskarad.values import MANAGER_BOT_ID, BotState, Event, Incoming, Token
from tests.telegram.people import MANAGER_TOKEN, Notices, bot, message, store_nothing, token, webhook
from tests.telegram.stub import Cut, Hang, Raw, Stub, refusal


class Store:
    """Stands for the database: what is in `texts` is committed."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.changed = asyncio.Event()

    async def handle(self, event: Event) -> None:
        assert isinstance(event, Incoming)
        self.texts.append(event.text)
        self.changed.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.texts) < count:
                self.changed.clear()
                await self.changed.wait()


@asynccontextmanager
async def polling(api: BotApi, registry: BotRegistry, handle: Handle, **options: Any) -> AsyncIterator[Pollers]:
    pollers = Pollers(api, registry, handle, **{"poll_seconds": 20.0, **options}, jitter=lambda: 0.0, metrics=Metrics())
    pollers.start()
    try:
        yield pollers
    finally:
        await pollers.stop(grace=2)


def offsets(stub: Stub) -> list[int]:
    return [call.params["offset"] for call in stub.of("getUpdates")]


async def test_the_offset_moves_only_after_the_commit(api: BotApi, stub: Stub) -> None:
    committing, committed = asyncio.Event(), asyncio.Event()

    async def handle(_event: Event) -> None:
        committing.set()
        await committed.wait()

    stub.script("getUpdates", [message(10)])
    async with polling(api, Notices().registry(), handle):
        await asyncio.wait_for(committing.wait(), 5)
        assert offsets(stub) == [0]
        committed.set()
        await stub.until(lambda: len(stub.calls) == 2)
    assert offsets(stub) == [0, 11]
    assert stub.calls[0].params["allowed_updates"] == list(ALLOWED_UPDATES)


async def test_a_database_that_is_away_makes_telegram_keep_the_update(api: BotApi, stub: Stub) -> None:
    store = Store()
    away = [True] * 3

    async def handle(event: Event) -> None:
        if away:
            away.pop()
            raise DatabaseUnavailable("gone")
        await store.handle(event)

    stub.script("getUpdates", *([[message(10, text="kept")]] * 4))
    async with polling(api, Notices().registry(), handle):
        await store.until(1)
        await stub.until(lambda: len(stub.calls) == 5)
    assert offsets(stub) == [0] * 4 + [11]
    assert store.texts == ["kept"]


async def test_hostile_updates_are_skipped_and_never_stop_a_poller(api: BotApi, stub: Stub) -> None:
    store = Store()
    hostile: list[Any] = ["text", None, {"update_id": 7}, {"update_id": 8, "message": {"chat": []}}, message(9)]
    stub.script("getUpdates", hostile)
    async with polling(api, Notices().registry(), store.handle):
        await stub.until(lambda: len(stub.calls) == 2)
    assert store.texts == ["hi"]
    assert offsets(stub) == [0, 10]


async def test_a_chat_keeps_its_order_and_holds_up_no_other(api: BotApi, stub: Stub) -> None:
    store = Store()
    others_are_done = asyncio.Event()

    async def handle(event: Event) -> None:
        assert isinstance(event, Incoming)
        if event.text == "slow 1":
            await others_are_done.wait()
        await store.handle(event)
        if len(store.texts) == 2:
            others_are_done.set()

    batch = [message(1, 5, "slow 1"), message(2, 5, "slow 2"), message(3, 6, "a"), message(4, 7, "b")]
    stub.script("getUpdates", batch)
    async with polling(api, Notices().registry(), handle):
        await store.until(4)
    assert store.texts == ["a", "b", "slow 1", "slow 2"]


async def test_no_more_updates_are_in_work_than_allowed(api: BotApi, stub: Stub) -> None:
    store = Store()
    now, most = 0, 0

    async def handle(event: Event) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        await store.handle(event)
        now -= 1

    stub.script("getUpdates", [message(number, chat_id=number) for number in range(1, 51)])
    async with polling(api, Notices().registry(), bounded(handle, 3)):
        await store.until(50)
    assert most == 3


async def test_a_batch_waits_where_too_many_do(api: BotApi, stub: Stub) -> None:
    store = Store()
    stub.script("getUpdates", [message(number, chat_id=number) for number in range(1, 4)])
    async with polling(api, Notices().registry(), bounded(store.handle, 1, most_waiting=1)):
        await store.until(3)
        await stub.until(lambda: len(stub.of("getUpdates")) == 2)
    assert offsets(stub)[:2] == [0, 4]


async def test_a_refused_token_ends_the_poller_and_is_told_once(api: BotApi, stub: Stub) -> None:
    notices = Notices()
    registry = notices.registry()
    registry.put(bot(2), token(2), webhook(2))
    stub.script("getUpdates", refusal(401, "Unauthorized"), token=token(2))
    async with polling(api, registry, store_nothing):
        await notices.until(1)
        registry.put(bot(2, version=2), token(2), webhook(2))
        assert registry.health(2).token_refused_at == 1_000.0
        registry.put(bot(2), Token("2:AAnew-canary"), webhook(2))
        await stub.until(lambda: len(stub.of("getUpdates", Token("2:AAnew-canary"))) == 1)
    assert notices.invalid == [2]
    assert len(stub.of("getUpdates", token(2))) == 1


async def test_a_refusal_that_could_not_be_kept_is_reported_again(api: BotApi, stub: Stub) -> None:
    notices = Notices()
    registry = notices.registry()
    registry.put(bot(2), token(2), webhook(2))

    def refused(_params: object) -> Raw:
        notices.database_is_away = notices.failed < 2
        return refusal(401, "Unauthorized")

    stub.script("getUpdates", *[refused] * 3, token=token(2))
    async with polling(api, registry, store_nothing):
        await notices.until(1)
        assert registry.health(2).token_refused_at == 1_000.0
    assert (notices.failed, notices.invalid) == (2, [2])
    polls = stub.of("getUpdates", token(2))
    assert len(polls) == 3
    assert polls[1].at - polls[0].at >= 0.2


async def test_the_managers_poller_outlives_a_refused_token(api: BotApi, stub: Stub) -> None:
    notices = Notices()
    registry = notices.registry()
    refused = refusal(401, "Unauthorized")
    stub.script("getUpdates", refused, refused, [], refused)
    with structlog.testing.capture_logs() as logs:
        async with polling(api, registry, store_nothing):
            await notices.until(1)
            assert registry.health(MANAGER_BOT_ID).token_refused_at == 1_000.0
            with pytest.raises(TokenInvalid):
                await registry.check_manager()
            await stub.until(lambda: len(stub.calls) == 3)
            assert notices.invalid == [MANAGER_BOT_ID]
            assert [each["event"] for each in logs if each["log_level"] != "debug"] == ["bot_token_refused"]
            await notices.until(2)
    assert stub.calls[1].at - stub.calls[0].at >= 0.2
    assert notices.invalid == [MANAGER_BOT_ID] * 2


async def test_the_manager_is_well_again_when_telegram_accepts_its_token(api: BotApi, stub: Stub) -> None:
    registry = Notices().registry()
    store = Store()
    stub.script("getUpdates", refusal(401, "Unauthorized"), [message(10)])
    async with polling(api, registry, store.handle):
        await store.until(1)
        await registry.check_manager()
    assert registry.health(MANAGER_BOT_ID).token_refused_at is None


async def test_a_conflict_is_told_once_until_it_worked_again(api: BotApi, stub: Stub) -> None:
    notices = Notices()
    registry = notices.registry()
    conflict = refusal(409, "Conflict: terminated by other getUpdates request")
    stub.script("getUpdates", conflict, conflict, [], conflict)
    async with polling(api, registry, store_nothing):
        await stub.until(lambda: len(stub.calls) == 2)
        assert registry.health(MANAGER_BOT_ID).conflict_since == 1_000.0
        await stub.until(lambda: len(stub.calls) == 5)
    assert notices.conflicts == [MANAGER_BOT_ID, MANAGER_BOT_ID]


async def test_among_many_processes_a_conflict_counts_when_it_lasts(api: BotApi, stub: Stub) -> None:
    notices = Notices()
    registry = notices.registry()
    conflict = refusal(409, "Conflict: terminated by other getUpdates request")
    stub.script("getUpdates", conflict, [], *[conflict] * 10)
    async with polling(api, registry, store_nothing, conflict_seconds=1.0):
        await notices.until(1)
    assert notices.conflicts == [MANAGER_BOT_ID]
    first, *_, last = stub.of("getUpdates")
    assert last.at - first.at >= 1.0


async def test_whoever_may_not_poll_any_more_asks_and_confirms_nothing(api: BotApi, stub: Stub) -> None:
    store = Store()
    may_poll = [True, False]
    stub.script("getUpdates", [message(10)])
    pollers = Pollers(
        api,
        Notices().registry(),
        store.handle,
        may_poll=lambda: may_poll.pop(0) if may_poll else False,
        metrics=Metrics(),
    )
    pollers.start()
    [poll] = [task for task in asyncio.all_tasks() if task.get_name().startswith("poller")]
    await asyncio.wait_for(poll, 5)
    assert store.texts == ["hi"]
    assert offsets(stub) == [0]


async def test_a_webhook_in_the_way_is_deleted_with_nothing_dropped(api: BotApi, stub: Stub) -> None:
    notices = Notices()
    stub.script("getUpdates", refusal(409, "Conflict: can't use getUpdates method while webhook is active"))
    async with polling(api, notices.registry(), store_nothing):
        await stub.until(lambda: len(stub.calls) == 3)
    assert [call.method for call in stub.calls] == ["getUpdates", "deleteWebhook", "getUpdates"]
    assert stub.calls[1].params == {"drop_pending_updates": False}
    assert notices.conflicts == []


async def test_a_webhook_that_comes_back_is_a_conflict(api: BotApi, stub: Stub) -> None:
    notices = Notices()
    active = refusal(409, "Conflict: can't use getUpdates method while webhook is active")
    stub.script("getUpdates", active, active)
    async with polling(api, notices.registry(), store_nothing):
        await stub.until(lambda: len(stub.of("getUpdates")) == 3)
    assert len(stub.of("deleteWebhook")) == 1
    assert notices.conflicts == [MANAGER_BOT_ID]


async def test_trouble_of_every_kind_passes(api: BotApi, stub: Stub) -> None:
    store = Store()
    trouble = [Cut(), Raw(502, b"<html>", "text/html"), Raw(200, b"nonsense"), {"not": "a list"}]
    stub.script("getUpdates", *trouble, [message(10)])
    async with polling(api, Notices().registry(), store.handle):
        await store.until(1)
        await stub.until(lambda: len(stub.calls) == 6)
    assert offsets(stub) == [0] * 5 + [11]


async def test_429_is_waited_out(api: BotApi, stub: Stub) -> None:
    stub.script("getUpdates", refusal(429, "Too Many Requests: retry after 1", retry_after=1))
    async with polling(api, Notices().registry(), store_nothing):
        await stub.until(lambda: len(stub.calls) == 2)
    assert stub.calls[1].at - stub.calls[0].at >= 1.0


async def test_a_silent_poll_is_restarted_on_a_new_connection(api: BotApi, stub: Stub) -> None:
    registry = Notices().registry()
    stub.script("getUpdates", Hang())
    async with polling(api, registry, store_nothing, poll_seconds=0.2, silence_seconds=0.2):
        await stub.until(lambda: len(stub.calls) == 2)
        assert registry.health(MANAGER_BOT_ID).poll_restarts == 1
    assert stub.calls[0].connection != stub.calls[1].connection


async def test_a_batch_that_does_not_end_is_seen(api: BotApi, stub: Stub) -> None:
    registry = Notices().registry()
    may_finish, seen = asyncio.Event(), asyncio.Event()
    lines: list[Any] = []

    async def handle(_event: Event) -> None:
        await may_finish.wait()

    def note(_logger: object, _method: str, line: Any) -> Any:
        if line["event"] == "batch_stuck":
            lines.append(line)
            seen.set()
        raise structlog.DropEvent

    structlog.configure(processors=[note])
    stub.script("getUpdates", [message(10), message(11)])
    try:
        async with polling(api, registry, handle, stuck_seconds=0.05):
            await asyncio.wait_for(seen.wait(), 5)
            assert registry.health(MANAGER_BOT_ID).stuck_since == 1_000.0
            may_finish.set()
            await stub.until(lambda: len(stub.calls) == 2)
            assert registry.health(MANAGER_BOT_ID).stuck_since is None
    finally:
        structlog.reset_defaults()
    assert [(line["bot_id"], line["updates"]) for line in lines] == [(MANAGER_BOT_ID, 2)]


async def test_bots_come_and_go_while_running(api: BotApi, stub: Stub) -> None:
    registry = Notices().registry()
    registry.put(bot(2, enabled=False), token(2), webhook(2))
    registry.put(bot(3, state=BotState.INVALID), token(3), webhook(3))
    async with polling(api, registry, store_nothing):
        registry.put(bot(4), token(4), webhook(4))
        await stub.until(lambda: len(stub.calls) == 2)
        registry.put(bot(4, version=2), token(4), webhook(4))
        registry.put(bot(2), token(2), webhook(2))
        await stub.until(lambda: len(stub.calls) == 3)
        assert stub.open_calls == 3
        registry.remove(4)
        registry.put(bot(2, enabled=False), token(2), webhook(2))
        await stub.until(lambda: stub.open_calls == 1)
    assert [call.token for call in stub.calls] == [MANAGER_TOKEN.reveal(), token(4).reveal(), token(2).reveal()]


async def test_stopping_finishes_the_batch_and_confirms_it(api: BotApi, stub: Stub) -> None:
    store = Store()
    in_work, may_finish = asyncio.Event(), asyncio.Event()

    async def handle(event: Event) -> None:
        in_work.set()
        await may_finish.wait()
        await store.handle(event)

    stub.script("getUpdates", [message(10)])
    pollers = Pollers(api, Notices().registry(), handle, poll_seconds=20, metrics=Metrics())
    pollers.start()
    await asyncio.wait_for(in_work.wait(), 5)
    stopping = asyncio.create_task(pollers.stop())
    await asyncio.sleep(0)
    may_finish.set()
    await stopping
    assert store.texts == ["hi"]
    assert offsets(stub) == [0, 11]
    assert stub.calls[-1].params["timeout"] == 0


async def test_a_handler_that_never_ends_does_not_hold_up_the_stop(api: BotApi, stub: Stub) -> None:
    in_work = asyncio.Event()

    async def handle(_event: Event) -> None:
        in_work.set()
        await asyncio.Event().wait()

    stub.script("getUpdates", [message(10)])
    pollers = Pollers(api, Notices().registry(), handle, poll_seconds=20, metrics=Metrics())
    pollers.start()
    await asyncio.wait_for(in_work.wait(), 5)
    async with asyncio.timeout(3):
        await pollers.stop(grace=0.1)
    assert offsets(stub) == [0]


async def test_a_cancelled_poller_ends_even_in_a_pause(api: BotApi, stub: Stub) -> None:
    stub.script("getUpdates", refusal(429, "Too Many Requests", retry_after=60))
    pollers = Pollers(api, Notices().registry(), store_nothing, metrics=Metrics())
    pollers.start()
    await stub.until(lambda: len(stub.calls) == 1)
    polls = [task for task in asyncio.all_tasks() if task.get_name().startswith("poller")]
    for _ in range(3):
        await asyncio.sleep(0.05)
        for task in polls:
            task.cancel()
    async with asyncio.timeout(5):
        await asyncio.wait(polls)
    assert all(task.cancelled() for task in polls)


async def test_a_thousand_pollers_hold_one_connection_each(api: BotApi, stub: Stub) -> None:
    registry = Notices().registry()
    for bot_id in range(2, 1_001):
        registry.put(bot(bot_id), token(bot_id), webhook(bot_id))
    async with polling(api, registry, store_nothing):
        await stub.until(lambda: len(stub.calls) == 1_000, seconds=20)
        assert stub.calls[0].token == MANAGER_TOKEN.reveal()
        async with asyncio.timeout(2):
            await api.call(MANAGER_TOKEN, "sendMessage", {"chat_id": 1, "text": "still served"})
        assert stub.most_open <= 1_001
        assert len({call.connection for call in stub.calls}) <= 1_001
