import time
from collections.abc import AsyncIterator

import pytest

from maskarad.metrics import Metrics
from maskarad.telegram.api import BotApi
from maskarad.telegram.bots import BotRegistry
from maskarad.telegram.limits import FloodLimits
from maskarad.telegram.send import Sender
from maskarad.telegram.transport import AiohttpRequest
from tests.telegram.people import Notices, bot, token, webhook
from tests.telegram.stub import Stub


@pytest.fixture
async def stub() -> AsyncIterator[Stub]:
    async with Stub().running() as running:
        yield running


@pytest.fixture
async def request_pool() -> AsyncIterator[AiohttpRequest]:
    async with AiohttpRequest(pool_size=4, pool_timeout=5.0, read_timeout=5.0) as opened:
        yield opened


@pytest.fixture
async def api(stub: Stub, request_pool: AiohttpRequest) -> AsyncIterator[BotApi]:
    async with AiohttpRequest(pool_size=0, pool_timeout=5.0, read_timeout=5.0) as polls:
        yield BotApi(request_pool, polls, stub.url, metrics=Metrics())


@pytest.fixture
def notices() -> Notices:
    return Notices()


@pytest.fixture
def registry(notices: Notices) -> BotRegistry:
    """It serves bot 2."""
    made = notices.registry()
    made.put(bot(2), token(2), webhook(2))
    return made


@pytest.fixture
def limits() -> FloodLimits:
    return FloodLimits(per_bot_second=0, per_chat_second=0, per_group_minute=0, clock=time.monotonic, patience=5)


@pytest.fixture
def pauses() -> list[float]:
    """What was slept, without having been."""
    return []


@pytest.fixture
def sender(api: BotApi, registry: BotRegistry, limits: FloodLimits, pauses: list[float]) -> Sender:
    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    return Sender(api, limits, registry, sleep=sleep)
