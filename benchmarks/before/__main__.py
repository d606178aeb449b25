"""`python -m benchmarks.before`: runs until SIGTERM, then ends with code 0."""

import asyncio
import logging
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import uvloop

from benchmarks.before.database import GetDb, open_engine, sessions
from benchmarks.before.dispatch import Dispatcher, build_application
from benchmarks.before.handlers import Handlers
from benchmarks.before.polling import poll_all
from benchmarks.before.queries import get_running_bots
from benchmarks.before.settings import Settings, from_environment
from benchmarks.before.webhook import Webhooks
from maskarad.texts import load_texts
from maskarad.vault import Vault, open_vault
from maskarad.web.server import HttpServer


async def run(settings: Settings) -> None:
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    engine = open_engine(settings.database_url)
    get_db = sessions(engine)
    vault = open_vault((), settings.data_dir)
    application = build_application(settings)
    Handlers(settings, get_db, load_texts(), time.time).add_to(application)
    dispatcher = Dispatcher(settings, application)
    async with application:
        receiving = _webhooks if settings.webhook else _polls
        async with receiving(settings, get_db, vault, dispatcher):
            await told.wait()
        await dispatcher.finish()
    engine.dispose()


@asynccontextmanager
async def _polls(settings: Settings, get_db: GetDb, vault: Vault, dispatcher: Dispatcher) -> AsyncIterator[None]:
    with get_db() as db:
        tokens = [settings.token, *(vault.open(bot.token).reveal() for bot in get_running_bots(db))]
    polling = asyncio.create_task(poll_all(settings.api_url, tokens, dispatcher.take))
    try:
        yield
    finally:
        polling.cancel()
        with suppress(asyncio.CancelledError):
            await polling


@asynccontextmanager
async def _webhooks(settings: Settings, get_db: GetDb, vault: Vault, dispatcher: Dispatcher) -> AsyncIterator[None]:
    webhooks = Webhooks(settings, get_db, vault, dispatcher)
    server = HttpServer(webhooks.build_app(), "127.0.0.1", settings.port)
    await server.start()
    try:
        await webhooks.register()
        yield
    finally:
        await server.stop()


def main() -> None:
    settings = from_environment()
    logging.basicConfig(level=settings.log_level)
    uvloop.run(run(settings))


if __name__ == "__main__":
    main()
