"""One Application for all bots: each update gets a Bot of its own, which is swapped in while the update is handled."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from telegram import Bot, Update
from telegram.ext import Application as TelegramApplication
from telegram.ext import ApplicationBuilder

from benchmarks.before.settings import Settings

CONNECTION_POOL_SIZE = 50
POOL_TIMEOUT = 20.0
STOP_SECONDS = 20.0

Application = TelegramApplication[Any, Any, Any, Any, Any, Any]


def build_application(settings: Settings) -> Application:
    return (
        ApplicationBuilder()
        .token(settings.token)
        .base_url(f"{settings.api_url}/bot")
        .concurrent_updates(True)
        .connection_pool_size(CONNECTION_POOL_SIZE)
        .pool_timeout(POOL_TIMEOUT)
        .build()
    )


class Dispatcher:
    """Handles updates as they came, JSON and the token that they came for."""

    def __init__(self, settings: Settings, application: Application) -> None:
        self._settings = settings
        self._application = application
        self._own_bot = application.bot
        self._kept: dict[str, Bot] = {}
        self._bot_swap_lock = threading.RLock()
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, token: str, data: dict[str, Any]) -> None:
        """Returns at once; the update is handled beside others."""
        processor = self._application.update_processor
        task = asyncio.create_task(processor.process_update(data, self._process(token, data)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Wait until everything taken is handled, within reason."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_SECONDS)

    def pooled_bot(self, token: str) -> Bot:
        """A bot over the Application's own connections."""
        request = self._own_bot.request
        return Bot(token, base_url=f"{self._settings.api_url}/bot", request=request, get_updates_request=request)

    async def _process(self, token: str, data: dict[str, Any]) -> None:
        async with self._bot(token) as bot:
            update = Update.de_json(data, bot)
            # In one thread this lock keeps nobody out: updates that wait for Telegram lie within each other. All is
            # well because a handler takes its bot before it first waits, and messages know theirs.
            with self._bot_swap_lock:
                self._application.bot = bot
                try:
                    await self._application.process_update(update)
                finally:
                    self._application.bot = self._own_bot

    @asynccontextmanager
    async def _bot(self, token: str) -> AsyncIterator[Bot]:
        if self._settings.keeps_bots:
            yield await self._kept_bot(token)
            return
        async with Bot(token, base_url=f"{self._settings.api_url}/bot") as bot:
            yield bot

    async def _kept_bot(self, token: str) -> Bot:
        if token == self._settings.token:
            own_bot: Bot = self._own_bot
            return own_bot
        if token not in self._kept:
            self._kept[token] = self.pooled_bot(token)
        await self._kept[token].initialize()
        return self._kept[token]
