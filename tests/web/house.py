"""The platform's own HTTP on a port of this machine, with one bot behind it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson

from maskarad.metrics import Metrics
from maskarad.ops.readiness import PATIENCE, Look
from maskarad.telegram.handling import Handle
from maskarad.values import Event
from maskarad.web.app import build_app
from maskarad.web.server import HttpServer
from tests.telegram.people import Notices, bot, token, webhook


class House:
    """A running server with bot 2 and what was stored through it."""

    def __init__(self) -> None:
        self.registry = Notices().registry()
        self.registry.put(bot(2), token(2), webhook(2))
        self.metrics = Metrics()
        self.events: list[Event] = []
        self.url = ""
        self.client: aiohttp.ClientSession

    async def store(self, event: Event) -> None:
        self.events.append(event)

    async def post(self, body: Any, *, path: str = "/telegram/public-2", secret: str | None = "secret-2") -> int:
        headers = {} if secret is None else {"X-Telegram-Bot-Api-Secret-Token": secret}
        data = orjson.dumps(body) if isinstance(body, dict | list) else body
        async with self.client.post(self.url + path, data=data, headers=headers) as answer:
            return answer.status

    @asynccontextmanager
    async def open(
        self,
        handle: Handle | None = None,
        looks: Mapping[str, Look] | None = None,
        metrics_token: str | None = None,
        *,
        behind_proxy: bool = False,
        patience: float = PATIENCE,
    ) -> AsyncIterator["House"]:
        app = build_app(
            self.registry,
            handle or self.store,
            looks=looks or {},
            metrics=self.metrics,
            metrics_token=metrics_token,
            behind_proxy=behind_proxy,
            patience=patience,
        )
        server = HttpServer(app, "127.0.0.1", 0)
        await server.start()
        self.url = f"http://127.0.0.1:{server.port}"
        async with aiohttp.ClientSession() as self.client:
            yield self
        await server.stop()
