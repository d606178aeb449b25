from collections.abc import AsyncIterator

import pytest

from maskarad.telegram.api import BotApi
from maskarad.telegram.transport import AiohttpRequest
from tests.telegram.stub import Stub


@pytest.fixture
async def stub() -> AsyncIterator[Stub]:
    async with Stub().running() as running:
        yield running


@pytest.fixture
async def api(stub: Stub) -> AsyncIterator[BotApi]:
    async with (
        AiohttpRequest(pool_size=4, pool_timeout=5.0, read_timeout=5.0) as request,
        AiohttpRequest(pool_size=0, pool_timeout=5.0, read_timeout=5.0) as polls,
    ):
        yield BotApi(request, polls, stub.url)
