"""The sending half of the edge for a short while: for commands that ask Telegram something and end."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from maskarad.settings import Settings
from maskarad.telegram.api import BotApi
from maskarad.telegram.bots import BotRegistry
from maskarad.telegram.limits import limits_from
from maskarad.telegram.send import Sender
from maskarad.telegram.transport import AiohttpRequest
from maskarad.values import Token


async def _ignore(_bot_id: int) -> None:
    """Nobody is told of trouble: the command itself says it."""


@asynccontextmanager
async def open_sender(settings: Settings) -> AsyncIterator[Sender]:
    request = AiohttpRequest(pool_size=4, pool_timeout=settings.telegram_pool_timeout, read_timeout=10.0)
    await request.initialize()
    manager = settings.telegram_bot_token
    registry = BotRegistry(
        Token(manager.get_secret_value() if manager else ""), on_invalid=_ignore, on_conflict=_ignore, clock=time.time
    )
    try:
        yield Sender(
            BotApi(request, request, settings.telegram_api_base_url), limits_from(settings, time.monotonic), registry
        )
    finally:
        await request.shutdown()
