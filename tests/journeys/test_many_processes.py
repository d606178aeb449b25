"""Two processes on one PostgreSQL and one Redis: what one of them changes, the other shows at once."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis

from maskarad.app import Platform
from maskarad.db import bots
from maskarad.manager.callbacks import encode
from maskarad.telegram.bots import webhook_identity
from maskarad.values import Token
from tests.journeys.stage import FRIEND, MANAGER_ID, OWNER, Actor, Stage
from tests.sandbox.scene import MANAGER_TOKEN
from tests.support.servers import RedisServer, free_port
from tests.support.statements import counted
from tests.support.until import until

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

LOOK = 6.0
"""Seconds within which a process notices what no other told it of."""

AT_ONCE = 1.0
"""Seconds; without Redis a process looks for changes every two, and keeps an account for five minutes."""


class Process:
    def __init__(self, platform: Platform, stage: Stage) -> None:
        self.platform = platform
        self._stage = stage

    async def receives(self, actor: Actor | None = None) -> None:
        """From now on Telegram sends the updates of the actor, or of the manager bot, here."""
        telegram_id = MANAGER_ID if actor is None else actor.telegram_id
        registered = await self._stage.sandbox.calls(bot=telegram_id, method="setWebhook")
        [params, *_] = [each["params"] for each in registered if f":{self.platform.port}/" in each["params"]["url"]]
        tokens = {each["id"]: each["token"] for each in await self._stage.sandbox.bots()}
        address = f"{self._stage.sandbox.address}/bot{tokens[telegram_id]}/setWebhook"
        values = {name: params[name] for name in ("url", "secret_token", "allowed_updates")}
        async with aiohttp.request("POST", address, json=values) as answer:
            assert (await answer.json())["ok"]

    async def says(self, command: str) -> str:
        await self.receives()
        return (await self._stage.sandbox.ask(self._stage.sandbox.private(OWNER, MANAGER_ID), OWNER, command)).text


@asynccontextmanager
async def process(stage: Stage, redis: str) -> AsyncIterator[Process]:
    port = free_port()
    settings = stage.settings.model_copy(
        update={
            "run_mode": "webhook",
            "webhook_url_base": f"http://127.0.0.1:{port}",
            "port": port,
            "redis_url": redis,
        }
    )
    platform = Platform(settings)
    await platform.start(alone=False)

    async def is_registered() -> bool:
        calls = await stage.sandbox.calls(method="setWebhook")
        return sum(f":{port}/" in each["params"]["url"] for each in calls) == len(await stage.sandbox.bots())

    try:
        await until(is_registered)
        yield Process(platform, stage)
    finally:
        await platform.stop()


@pytest.fixture
async def actor(stage: Stage) -> Actor:
    return await stage.actor()


@pytest.fixture
async def pair(stage: Stage, actor: Actor, redis_url: str) -> AsyncIterator[tuple[Process, Process]]:
    async with process(stage, redis_url) as one, process(stage, redis_url) as other:
        yield one, other


async def press(stage: Stage, *button: int | str) -> str:
    """The screen that the last menu turns into."""
    manager = stage.sandbox.private(OWNER, MANAGER_ID)
    menu = (await stage.sandbox.chat(manager))["messages"][-1]
    edits = await edits_of_manager(stage)
    await stage.sandbox.press(manager, OWNER, menu["message_id"], data=encode(*map(str, button)))

    async def is_shown() -> bool:
        return await edits_of_manager(stage) > edits

    await until(is_shown)
    return str((await stage.sandbox.chat(manager))["messages"][-1]["text"])


async def edits_of_manager(stage: Stage) -> int:
    """How often it has turned a message into another screen, also into the same one."""
    return len(await stage.sandbox.calls(bot=MANAGER_ID, method="editMessageText"))


async def test_a_language_chosen_in_one_process_is_spoken_by_the_other(
    stage: Stage, pair: tuple[Process, Process]
) -> None:
    one, other = pair
    greeting = await other.says("/start")
    assert greeting == await one.says("/start")
    await press(stage, "lc", "en")

    async def speaks_otherwise() -> bool:
        return await other.says("/start") != greeting

    await until(speaks_otherwise, AT_ONCE)


async def test_an_account_is_read_once_for_both(stage: Stage, pair: tuple[Process, Process]) -> None:
    one, other = pair
    await one.says("/help")
    with counted(other.platform.database) as seen:
        await other.says("/help")
    assert [each for each in seen.seen if "FROM users" in each] == []


async def test_whom_one_process_shuts_out_the_other_does_not_hear(
    stage: Stage, actor: Actor, pair: tuple[Process, Process]
) -> None:
    one, other = pair
    await other.receives(actor)
    assert "invited" not in (await stage.ask(actor, "hello", FRIEND)).text
    await one.says("/start")
    await press(stage, "bs", actor.persona_id, "owner_only")

    async def turns_away() -> bool:
        return "invited" in (await stage.ask(actor, "hello again", FRIEND)).text

    await until(turns_away, AT_ONCE)


async def test_a_bot_removed_by_the_command_line_is_gone_in_both(
    stage: Stage, actor: Actor, pair: tuple[Process, Process]
) -> None:
    for each in pair:
        await each.says("/start")
        assert actor.username in await press(stage, "b", actor.persona_id)
    await stage.database.write(lambda connection: bots.unbind(connection, actor.bot_id))
    for each in pair:
        await each.says("/start")

        async def is_gone() -> bool:
            return actor.username not in await press(stage, "p", actor.persona_id)

        await until(is_gone, LOOK)


async def test_nothing_secret_goes_to_redis(
    redis: RedisServer, stage: Stage, actor: Actor, pair: tuple[Process, Process]
) -> None:
    one, _ = pair
    await one.says("/start")
    await press(stage, "p", actor.persona_id)
    await stage.ask(actor, "привіт")
    kept = await everything_in(redis)
    assert repr("Устим".encode())[2:-1] in kept
    (token,) = [bot["token"] for bot in await stage.sandbox.bots() if bot["id"] == actor.telegram_id]
    for secret in (token, "secret-1", "sandbox-key", MANAGER_TOKEN, webhook_identity(Token(MANAGER_TOKEN)).secret):
        assert secret not in kept
    assert repr("привіт".encode())[2:-1] not in kept


async def everything_in(redis: RedisServer) -> str:
    """Keys and values, whatever is not text in them spelt out."""
    async with Redis.from_url(redis.url) as client:
        read: dict[object, Callable[[Any], Awaitable[Any]]] = {
            b"string": client.get,
            b"stream": client.xrange,
            b"list": lambda key: client.lrange(key, 0, -1),
            b"zset": lambda key: client.zrange(key, 0, -1),
        }
        return repr([(key, await read[await client.type(key)](key)) for key in await client.keys("*")])
