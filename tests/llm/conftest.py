"""A scripted server on a free port, and clients of it that are closed at the end."""

from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest

from maskarad.llm.client import ModelClient
from tests.llm.stub import Clock, Connect, Server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with Server().running() as server:
        yield server


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
