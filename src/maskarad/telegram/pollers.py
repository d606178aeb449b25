"""A poller for each bot that the registry wants to receive, started and stopped as the registry changes."""

import asyncio
import random

import structlog

from maskarad.backoff import Jitter
from maskarad.telegram.api import BotApi
from maskarad.telegram.bots import BotRegistry, Served
from maskarad.telegram.handling import Handle
from maskarad.telegram.poll import SILENCE_SECONDS, STUCK_SECONDS, Poller

log = structlog.get_logger()

POLL_SECONDS = 30.0

STAGGER_SECONDS = 0.002
"""Between the first polls of two bots: 1,000 are all there after two seconds, and the first one at once."""


class Pollers:
    """All pollers of this process. `handle` sees the updates of one chat in order, those of different chats at
    once: bound it (`handling.bounded`)."""

    def __init__(
        self,
        api: BotApi,
        registry: BotRegistry,
        handle: Handle,
        *,
        poll_seconds: float = POLL_SECONDS,
        silence_seconds: float = SILENCE_SECONDS,
        stuck_seconds: float = STUCK_SECONDS,
        jitter: Jitter = random.random,
    ) -> None:
        self._api = api
        self._registry = registry
        self._handle = handle
        self._poll_seconds = poll_seconds
        self._silence_seconds = silence_seconds
        self._stuck_seconds = stuck_seconds
        self._jitter = jitter
        self._pollers: dict[int, Poller] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._running = False

    def start(self) -> None:
        """Start polling for every bot of the registry and follow its changes. Asks Telegram nothing else."""
        self._running = True
        self._registry.watch(self._changed)
        for place, served in enumerate(self._registry):
            if served.receives:
                self._start(served, place * STAGGER_SECONDS)

    async def stop(self, grace: float = 15.0) -> None:
        """End all polls. Batches in work have `grace` seconds to be finished; what is not will come again."""
        self._running = False
        for poller in self._pollers.values():
            poller.stop()
        if self._tasks:
            _, unfinished = await asyncio.wait(self._tasks, timeout=grace)
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)

    def _changed(self, bot_id: int, served: Served | None) -> None:
        if not self._running:
            return
        old = self._pollers.get(bot_id)
        wanted = served is not None and served.receives
        if old is not None and wanted and served is not None and old.token == served.token and not old.stopping:
            return
        if old is not None:
            old.stop()
            del self._pollers[bot_id]
        if served is not None and wanted:
            self._start(served, 0.0)

    def _start(self, served: Served, first_after: float) -> None:
        poller = Poller(
            served.bot_id,
            served.token,
            self._api,
            self._registry,
            self._handle,
            poll_seconds=self._poll_seconds,
            silence_seconds=self._silence_seconds,
            stuck_seconds=self._stuck_seconds,
            jitter=self._jitter,
        )
        self._pollers[served.bot_id] = poller
        task = asyncio.create_task(poller.run(first_after), name=f"poller of bot {served.bot_id}")
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("poller_crashed", poller=task.get_name(), exc_info=error)
