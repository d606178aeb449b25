"""A scripted server on a free port, and clients of it that are closed at the end."""

from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest
from aiohttp import web

from maskarad.llm.client import ModelClient
from tests.llm.stub import Clock, Connect, Server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", server.chat)
    app.router.add_get("/v1/models", server.list_models)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    server.base_url = f"http://127.0.0.1:{port}/v1"
    yield server
    server.released.set()
    await runner.cleanup()


@pytest.fixture
async def connect(server: Server, clock: Clock) -> AsyncIterator[Connect]:
    clients: list[ModelClient] = []

    def connect(**changes: Any) -> ModelClient:
        arguments: dict[str, Any] = {
            "base_url": server.base_url,
            "keys": ["key-one"],
            "default_model": "first",
            "timeout": 20.0,
            "max_connections": 100,
            "keepalive_expiry": 30.0,
            "clock": clock,
            "random": Random(1),
            "sleep": clock.sleep,
        }
        clients.append(ModelClient(**arguments | changes))
        return clients[-1]

    yield connect
    for client in clients:
        await client.close()
