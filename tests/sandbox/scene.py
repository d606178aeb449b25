"""What every scene in the sandbox needs: a bot that speaks the raw Bot API, and a server beside the test."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import msgspec
import uvloop

from maskarad.sandbox.person import Sandbox
from maskarad.sandbox.server import Options, make_server

MANAGER_TOKEN = "123456:manager-token-for-tests"


@contextmanager
def served(options: Options) -> Iterator[str]:
    """A sandbox on a loop and thread of its own; yields its address."""
    server = make_server(options)
    thread = threading.Thread(target=uvloop.run, args=(server.run_until_stopped(),))
    thread.start()
    try:
        yield server.address
    finally:
        server.stop()
        thread.join()


class Telegram(msgspec.Struct, frozen=True):
    """A bot's raw view of the Bot API."""

    address: str
    session: aiohttp.ClientSession
    token: str
    id: int
    username: str = ""

    async def answer(self, method: str, **params: Any) -> dict[str, Any]:
        """The whole envelope of a call made with a JSON body."""
        async with self.session.post(f"{self.address}/bot{self.token}/{method}", json=params) as response:
            envelope: dict[str, Any] = await response.json()
            assert response.status == (200 if envelope["ok"] else envelope["error_code"])
            return envelope

    async def call(self, method: str, **params: Any) -> Any:
        """The result of a call that must succeed."""
        envelope = await self.answer(method, **params)
        assert envelope["ok"], envelope
        return envelope["result"]

    async def refused(self, method: str, **params: Any) -> str:
        """The description of a call that must fail."""
        envelope = await self.answer(method, **params)
        assert not envelope["ok"], envelope
        return str(envelope["description"])

    async def updates(self, **params: Any) -> list[dict[str, Any]]:
        """All that waits for this bot, confirmed by being read."""
        found: list[dict[str, Any]] = await self.call("getUpdates", **params)
        if found:
            await self.call("getUpdates", offset=found[-1]["update_id"] + 1, limit=1)
        return found

    async def texts(self) -> list[str]:
        """Texts of the messages that wait for this bot."""
        return [update["message"]["text"] for update in await self.updates() if "text" in update.get("message", {})]


async def make_bot(sandbox: Sandbox, session: aiohttp.ClientSession, name: str, **more: Any) -> Telegram:
    made = await sandbox.add_bot(name, f"{name.lower()}_test_bot", **more)
    return Telegram(sandbox.address, session, made["token"], made["id"], made["username"])
