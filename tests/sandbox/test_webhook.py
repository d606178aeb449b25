"""Webhooks, against a real HTTP server: the secret, order within a chat, retries, answering with a method."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from maskarad.sandbox.person import Object, Sandbox
from tests.sandbox.scene import Telegram


class Listener:
    """Takes updates; `statuses` are answered first, one each, then 200 with `reply`."""

    def __init__(self) -> None:
        self.url = ""
        self.statuses: list[int] = []
        self.reply: dict[str, Any] | None = None
        self.got: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.secrets: list[str | None] = []

    async def take(self, request: web.Request) -> web.Response:
        self.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        if self.statuses:
            return web.Response(status=self.statuses.pop(0))
        await self.got.put(await request.json())
        return web.Response() if self.reply is None else web.json_response(self.reply)

    async def next_text(self) -> str:
        async with asyncio.timeout(10):
            return str((await self.got.get())["message"]["text"])


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    listening = Listener()
    app = web.Application()
    app.router.add_post("/hook", listening.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    listening.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield listening
    await runner.cleanup()


async def test_updates_come_in_order_with_the_secret_until_taken(
    sandbox: Sandbox, alice: int, luna: Telegram, private: str, listener: Listener
) -> None:
    await sandbox.say(private, alice, "waiting")
    listener.statuses = [500, 404]
    assert (await luna.answer("setWebhook", url=listener.url, secret_token="s3cret"))[
        "description"
    ] == "Webhook was set"
    for number in range(10):
        await sandbox.say(private, alice, str(number))
    texts = [await listener.next_text() for _ in range(11)]
    assert texts == ["waiting", *map(str, range(10))]
    assert set(listener.secrets) == {"s3cret"}

    info = await luna.call("getWebhookInfo")
    assert info["last_error_message"] == "Wrong response from the webhook: 404 Not Found"
    await luna.call("deleteWebhook")
    assert await luna.call("getUpdates") == []


async def test_a_webhook_may_answer_with_a_method(
    sandbox: Sandbox, alice: int, luna: Telegram, private: str, listener: Listener
) -> None:
    listener.reply = {"method": "sendMessage", "chat_id": alice, "text": "at once"}
    await luna.call("setWebhook", url=listener.url)
    heard = await sandbox.ask(private, alice, "quick?")
    assert heard.text == "at once"


async def test_dropping_what_waits_and_bad_parameters(
    sandbox: Sandbox, alice: int, luna: Telegram, private: str, listener: Listener
) -> None:
    await sandbox.say(private, alice, "never seen")
    await luna.call("setWebhook", url=listener.url, drop_pending_updates=True)
    assert (await luna.answer("setWebhook", url=listener.url))["description"] == "Webhook is already set"
    await sandbox.say(private, alice, "seen")
    assert await listener.next_text() == "seen"
    bad = await luna.refused("setWebhook", url=listener.url, secret_token="not allowed")
    assert bad == "Bad Request: secret token contains unallowed characters"
    assert (await luna.refused("setWebhook", url="ftp://x")).startswith("Bad Request: bad webhook: ")


async def test_disorder_brings_updates_twice_and_past_each_other_for_a_while(
    sandbox: Sandbox, alice: int, luna: Telegram, private: str, listener: Listener
) -> None:
    await luna.call("setWebhook", url=listener.url)
    await sandbox.order_disorder(60, twice=0.5, late=0.5, within=0.3, seed=3)
    for number in range(20):
        await sandbox.say(private, alice, str(number))
    await sandbox.order_disorder(0)
    await sandbox.say(private, alice, "in its turn")
    texts: list[str] = []
    while set(texts) != {*map(str, range(20)), "in its turn"}:
        texts.append(await listener.next_text())
    first_comings = list(dict.fromkeys(texts))
    assert first_comings != [*map(str, range(20)), "in its turn"]


async def test_every_delivery_is_recorded(
    sandbox: Sandbox, alice: int, luna: Telegram, private: str, listener: Listener
) -> None:
    listener.statuses = [503]
    await luna.call("setWebhook", url=listener.url)
    said = await sandbox.say(private, alice, "hello")
    assert await listener.next_text() == "hello"
    refused, taken = await deliveries(sandbox, 2)
    assert (refused["status"], taken["status"]) == (503, 200)
    assert {each["message_id"] for each in (refused, taken)} == {said["message_id"]}
    assert {(each["bot_id"], each["chat_id"]) for each in (refused, taken)} == {(luna.id, alice)}


async def deliveries(sandbox: Sandbox, count: int) -> list[Object]:
    """As soon as there are so many: an answer reaches the listener's side first."""
    async with asyncio.timeout(10):
        while len(found := await sandbox.deliveries()) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return found
