import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import Connection

from maskarad.db import registrations
from maskarad.db.engine import Database
from maskarad.errors import TokenInvalid
from maskarad.jobs.registrations import CLAIMED, LOOKED_AT_AGAIN, StoredRegistrations
from maskarad.telegram.api import BotApi
from maskarad.telegram.bots import BotRegistry, webhook_identity
from maskarad.telegram.read import ALLOWED_UPDATES
from maskarad.telegram.webhooks import REGISTERED_AT_ONCE, Webhooks
from maskarad.values import MANAGER_BOT_ID, Token
from tests.support import rows
from tests.support.clock import FakeClock
from tests.support.databases import OpenDatabase
from tests.support.until import until
from tests.telegram.people import MANAGER_TOKEN, Notices, bot, token, webhook
from tests.telegram.stub import Cut, Hang, Stub, refusal

BASE = "https://masks.example"


async def test_every_bot_is_registered_and_no_address_holds_a_token(api: BotApi, stub: Stub) -> None:
    registry = Notices().registry()
    for bot_id in range(2, 102):
        registry.put(bot(bot_id), token(bot_id), webhook(bot_id))
    webhooks = Webhooks(api, registry, url_base=BASE)
    webhooks.start()
    await stub.until(lambda: len(stub.calls) == 101)
    await webhooks.stop()
    assert stub.most_open <= REGISTERED_AT_ONCE
    by_token = {call.token: call.params for call in stub.of("setWebhook")}
    assert by_token[token(7).reveal()] == {
        "url": f"{BASE}/telegram/public-7",
        "secret_token": "secret-7",
        "allowed_updates": list(ALLOWED_UPDATES),
        "max_connections": 40,
        "drop_pending_updates": False,
    }
    manager = webhook_identity(MANAGER_TOKEN)
    assert by_token[MANAGER_TOKEN.reveal()]["url"] == f"{BASE}/telegram/{manager.public_id}"
    assert by_token[MANAGER_TOKEN.reveal()]["secret_token"] == manager.secret
    assert manager.public_id != manager.secret


async def test_bots_come_and_go(api: BotApi, stub: Stub) -> None:
    registry = Notices().registry()
    webhooks = Webhooks(api, registry, url_base=BASE)
    webhooks.start()
    await stub.until(lambda: len(stub.calls) == 1)
    registry.put(bot(2), token(2), webhook(2))
    await stub.until(lambda: len(stub.calls) == 2)
    registry.put(bot(2, version=2), token(2), webhook(2))
    registry.put(bot(2), Token("2:AAnew-canary"), webhook(2))
    await stub.until(lambda: len(stub.calls) == 3)
    registry.remove(2)
    await stub.until(lambda: len(stub.calls) == 4)
    await webhooks.stop()
    assert [(call.method, call.token) for call in stub.calls[1:]] == [
        ("setWebhook", token(2).reveal()),
        ("setWebhook", "2:AAnew-canary"),
        ("deleteWebhook", "2:AAnew-canary"),
    ]
    assert stub.calls[3].params == {"drop_pending_updates": False}


async def test_trouble_is_waited_out_and_a_refusal_is_kept_for_the_owner(api: BotApi, stub: Stub) -> None:
    notices = Notices()
    registry = notices.registry()
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    flooded = refusal(429, "Too Many Requests", retry_after=7)
    stub.script("setWebhook", Cut(), flooded, refusal(400, "Bad Request: bad webhook: HTTPS url must be provided"))
    webhooks = Webhooks(api, registry, url_base="http://masks.example", sleep=sleep, jitter=lambda: 1.0)
    webhooks.start()
    await stub.until(lambda: len(stub.calls) == 3)
    stub.script("setWebhook", refusal(401, "Unauthorized"))
    registry.put(bot(2), token(2), webhook(2))
    await notices.until(1)
    await webhooks.stop()
    assert pauses == [0.5, 7.0]
    assert "HTTPS url must be provided" in (registry.health(MANAGER_BOT_ID).last_error or "")
    assert notices.invalid == [2]


async def test_the_manager_is_registered_as_soon_as_its_token_is_accepted(api: BotApi, stub: Stub) -> None:
    notices = Notices()
    registry = notices.registry()
    refused_again, go_on = asyncio.Event(), asyncio.Event()
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 10:
            refused_again.set()
            await go_on.wait()

    stub.script("setWebhook", *[refusal(401, "Unauthorized")] * 10)
    webhooks = Webhooks(api, registry, url_base=BASE, sleep=sleep, jitter=lambda: 1.0)
    webhooks.start()
    await asyncio.wait_for(refused_again.wait(), 5)
    with pytest.raises(TokenInvalid):
        await registry.check_manager()
    go_on.set()
    await registered(registry)
    assert notices.invalid == [MANAGER_BOT_ID]
    assert pauses[-1] == 60.0

    await registry.token_refused(MANAGER_BOT_ID, MANAGER_TOKEN)
    await registered(registry)
    await webhooks.stop()
    assert len(stub.of("setWebhook")) == 12


async def registered(registry: BotRegistry) -> None:
    """Wait until nothing is under way any more, and see that the manager's token is accepted."""
    await settled()
    await registry.check_manager()


async def settled() -> None:
    """What was told is noted as well."""
    tasks = [task for task in asyncio.all_tasks() if task.get_name().startswith("setWebhook")]
    await asyncio.wait_for(asyncio.gather(*tasks), 5)


async def test_a_refusal_that_could_not_be_kept_is_reported_again(api: BotApi, stub: Stub) -> None:
    notices = Notices()
    registry = notices.registry()
    registry.put(bot(2), token(2), webhook(2))

    async def sleep(_seconds: float) -> None:
        notices.database_is_away = False

    notices.database_is_away = True
    stub.script("setWebhook", *[refusal(401, "Unauthorized")] * 2, token=token(2))
    webhooks = Webhooks(api, registry, url_base=BASE, sleep=sleep)
    webhooks.start()
    await notices.until(1)
    await webhooks.stop()
    assert (notices.failed, notices.invalid) == (1, [2])


@asynccontextmanager
async def receiving(
    api: BotApi, registry: BotRegistry, database: Database, clock: FakeClock, url_base: str = BASE
) -> AsyncIterator[Webhooks]:
    """One of several processes; it looks around all the time."""
    stored = StoredRegistrations(database, clock=clock)
    webhooks = Webhooks(api, registry, url_base=url_base, registrations=stored, look_seconds=0.01)
    webhooks.start()
    try:
        yield webhooks
    finally:
        await webhooks.stop()


def with_bots(*bot_ids: int) -> BotRegistry:
    registry = Notices().registry()
    for bot_id in bot_ids:
        registry.put(bot(bot_id), token(bot_id), webhook(bot_id))
    return registry


def told(stub: Stub) -> list[str]:
    """The methods that were called, in order, without those that only look."""
    return [call.method for call in stub.calls if call.method != "getWebhookInfo"]


async def all_done(stub: Stub, clock: FakeClock, looks: int) -> None:
    """What is registered is due, and so many of it were looked at since."""
    await settled()
    before = len(stub.of("getWebhookInfo"))
    clock.advance(LOOKED_AT_AGAIN + 1)
    await stub.until(lambda: len(stub.of("getWebhookInfo")) >= before + looks)


def as_registered(stub: Stub) -> None:
    """When Telegram is asked next, it says of each bot what it was told last."""

    def answer_for(bot_token: str) -> dict[str, object]:
        params = [call.params for call in stub.of("setWebhook") if call.token == bot_token][-1]
        return {"url": params["url"], "allowed_updates": params["allowed_updates"]}

    for bot_token in {call.token for call in stub.of("setWebhook")}:
        stub.script("getWebhookInfo", answer_for(bot_token), token=Token(bot_token))


async def test_of_many_processes_one_tells_telegram_once(
    api: BotApi, stub: Stub, open_again: OpenDatabase, clock: FakeClock
) -> None:
    await bots_are_stored(open_again(), 4)
    one, other = with_bots(2, 3), with_bots(2, 3)
    async with receiving(api, one, open_again(), clock), receiving(api, other, open_again(), clock):
        await stub.until(lambda: len(told(stub)) == 3)
        for registry in (one, other):
            registry.put(bot(2), Token("2:AAnew-canary"), webhook(2))
            registry.put(bot(4), token(4), webhook(4))
        await stub.until(lambda: len(told(stub)) == 5)
        for registry in (one, other):
            registry.remove(3)
        await stub.until(lambda: len(told(stub)) == 6)
    async with receiving(api, one, open_again(), clock), receiving(api, other, open_again(), clock):
        as_registered(stub)
        await all_done(stub, clock, looks=3)
    changes = [(call.method, call.token) for call in stub.calls if call.method != "getWebhookInfo"]
    assert sorted(changes[:3]) == [("setWebhook", each) for each in (MANAGER_TOKEN.reveal(), *tokens(2, 3))]
    assert sorted(changes[3:5]) == [("setWebhook", "2:AAnew-canary"), ("setWebhook", token(4).reveal())]
    assert changes[5] == ("deleteWebhook", token(3).reveal())


def tokens(*bot_ids: int) -> list[str]:
    return [token(bot_id).reveal() for bot_id in bot_ids]


async def test_another_address_is_told(api: BotApi, stub: Stub, database: Database, clock: FakeClock) -> None:
    async with receiving(api, with_bots(), database, clock):
        await stub.until(lambda: len(told(stub)) == 1)
    async with receiving(api, with_bots(), database, clock, "https://elsewhere.example"):
        await stub.until(lambda: len(told(stub)) == 2)
    assert stub.calls[-1].params["url"].startswith("https://elsewhere.example/telegram/")


async def test_what_telegram_has_lost_is_told_again(
    api: BotApi, stub: Stub, database: Database, clock: FakeClock
) -> None:
    async with receiving(api, with_bots(), database, clock):
        await stub.until(lambda: len(told(stub)) == 1)
        as_registered(stub)
        await all_done(stub, clock, looks=1)
        stub.script("getWebhookInfo", {"url": ""})
        await all_done(stub, clock, looks=1)
        await stub.until(lambda: len(told(stub)) == 2)
    assert told(stub) == ["setWebhook", "setWebhook"]


async def test_a_webhook_that_telegram_has_by_now_ends_the_trouble(
    api: BotApi, stub: Stub, database: Database, clock: FakeClock
) -> None:
    """Somebody else has told Telegram."""
    registry = with_bots()
    stub.script("setWebhook", refusal(400, "Bad Request: bad webhook: Failed to resolve host"))
    async with receiving(api, registry, database, clock):
        await stub.until(lambda: len(told(stub)) == 1)
        await settled()
        assert registry.health(MANAGER_BOT_ID).last_error is not None
        as_registered(stub)
        await all_done(stub, clock, looks=1)
        await until_registered(database, MANAGER_BOT_ID)
    assert registry.health(MANAGER_BOT_ID).last_error is None
    assert told(stub) == ["setWebhook"]


async def test_a_removal_that_was_left_undone_another_process_does(
    api: BotApi, stub: Stub, open_again: OpenDatabase, clock: FakeClock
) -> None:
    await bots_are_stored(open_again(), 2)
    one, other = with_bots(2), with_bots(2)
    async with receiving(api, one, open_again(), clock):
        await stub.until(lambda: len(told(stub)) == 2)
        await settled()
        async with receiving(api, other, open_again(), clock):
            stub.script("deleteWebhook", Hang())
            one.remove(2)
            await stub.until(lambda: len(told(stub)) == 3)
            other.remove(2)
            clock.advance(CLAIMED + 1)
            await stub.until(lambda: len(told(stub)) == 4)
            await until_registered(open_again(), MANAGER_BOT_ID)
    assert told(stub)[2:] == ["deleteWebhook"] * 2


@pytest.mark.parametrize("answer", [True, Cut()], ids=["done", "cut"])
async def test_a_bot_that_is_bound_again_keeps_its_webhook(
    api: BotApi, stub: Stub, open_again: OpenDatabase, clock: FakeClock, answer: object
) -> None:
    """While one process deletes the webhook another registers the same bot of Telegram's anew."""
    late, other = with_bots(2), with_bots(2)

    def meanwhile(_params: object) -> object:
        other.put(bot(3), token(2), webhook(3))
        return answer

    async with receiving(api, late, open_again(), clock), receiving(api, other, open_again(), clock):
        await stub.until(lambda: len(told(stub)) == 2)
        await settled()
        stub.script("deleteWebhook", meanwhile)
        late.remove(2)
        await stub.until(lambda: told(stub).count("setWebhook") == 3)
        late.put(bot(3), token(2), webhook(3))
        await stub.until(lambda: told(stub).count("setWebhook") >= 4)
        await until_registered(open_again(), MANAGER_BOT_ID, 3)
    assert told(stub).count("deleteWebhook") == 1
    assert stub.of("setWebhook")[-1].params["url"] == f"{BASE}/telegram/public-3"


async def test_rows_of_bots_that_are_no_more_go(
    api: BotApi, stub: Stub, open_again: OpenDatabase, clock: FakeClock
) -> None:
    async with receiving(api, with_bots(2), open_again(), clock):
        await stub.until(lambda: len(told(stub)) == 2)
        await settled()
    assert await registered_bots(open_again()) == {MANAGER_BOT_ID, 2}
    async with receiving(api, with_bots(), open_again(), clock):
        await all_done(stub, clock, looks=1)
        await settled()
        await all_done(stub, clock, looks=1)
        await settled()
    assert await registered_bots(open_again()) == {MANAGER_BOT_ID}


async def test_a_claim_is_not_made_before_there_is_a_place(
    api: BotApi, stub: Stub, open_again: OpenDatabase, clock: FakeClock
) -> None:
    stub.script("setWebhook", *[Hang()] * 41)
    async with receiving(api, with_bots(*range(2, 42)), open_again(), clock):
        await stub.until(lambda: len(told(stub)) >= 3)
        assert len(await registered_bots(open_again())) <= REGISTERED_AT_ONCE


async def registered_bots(database: Database) -> set[int]:
    return {*await database.read(registrations.known)}


async def bots_are_stored(database: Database, count: int) -> None:
    """Bots 1 and on, of which only those in a registry are served."""

    def store(connection: Connection) -> None:
        for number in range(1, count + 1):
            rows.bot(connection, number)

    await database.write(store)


async def until_registered(database: Database, *bot_ids: int) -> None:
    async def are_registered() -> bool:
        return await registered_bots(database) == {*bot_ids}

    await until(are_registered, 10)


async def test_what_a_process_left_undone_another_does(
    api: BotApi, stub: Stub, open_again: OpenDatabase, clock: FakeClock
) -> None:
    stub.script("setWebhook", Hang())
    async with receiving(api, with_bots(), open_again(), clock):
        await stub.until(lambda: len(told(stub)) == 1)
    async with receiving(api, with_bots(), open_again(), clock):
        clock.advance(CLAIMED + 1)
        await stub.until(lambda: len(told(stub)) == 2)
    assert stub.calls[-1].method == "setWebhook"
