"""A poller for each bot that the registry wants to receive, started and stopped as the registry changes."""

import asyncio
import random
from collections.abc import Iterable

import structlog

from maskarad.backoff import Jitter
from maskarad.metrics import Metrics
from maskarad.telegram.api import BotApi
from maskarad.telegram.bots import BotRegistry, Served
from maskarad.telegram.handling import Handle
from maskarad.telegram.poll import SILENCE_SECONDS, STUCK_SECONDS, MayPoll, Poller

log = structlog.get_logger()

POLL_SECONDS = 30.0

STAGGER_SECONDS = 0.002
"""Between the first polls of two bots: 1,000 are all there after two seconds, and the first one at once."""


class Pollers:
    """All pollers of this process. `handle` sees the updates of one chat in order, those of different chats at
    once: bound it (`handling.bounded`).

    Where other processes poll too, `may_poll` is asked before each poll, and a conflict with another program counts
    only once it has lasted for `conflict_seconds`.
    """

    def __init__(
        self,
        api: BotApi,
        registry: BotRegistry,
        handle: Handle,
        *,
        metrics: Metrics,
        may_poll: MayPoll = lambda: True,
        conflict_seconds: float = 0.0,
        poll_seconds: float = POLL_SECONDS,
        silence_seconds: float = SILENCE_SECONDS,
        stuck_seconds: float = STUCK_SECONDS,
        jitter: Jitter = random.random,
    ) -> None:
        self._api = api
        self._registry = registry
        self._handle = handle
        self._may_poll = may_poll
        self._conflict_seconds = conflict_seconds
        self._poll_seconds = poll_seconds
        self._silence_seconds = silence_seconds
        self._stuck_seconds = stuck_seconds
        self._jitter = jitter
        self._metrics = metrics
        self._held: frozenset[int] | None = None
        self._pollers: dict[int, Poller] = {}
        self._tasks: dict[asyncio.Task[None], Poller] = {}
        self._running = False

    def start(self, only: frozenset[int] | None = None) -> None:
        """Start polling for every bot of the registry, or `only` for these until `hold` names others, and follow its
        changes. Asks Telegram nothing else."""
        self._running = True
        self._held = only
        self._registry.watch(self._changed)
        self._start_missing([served.bot_id for served in self._registry])

    def hold(self, bot_ids: frozenset[int]) -> None:
        """Poll for these and no others from now on. One whose earlier poll is just coming to its end is left for the
        next call."""
        self._held = bot_ids
        for bot_id in self._pollers.keys() - bot_ids:
            self._pollers.pop(bot_id).stop()
        if self._running:
            self._start_missing(sorted(bot_ids.difference(poller.bot_id for poller in self._tasks.values())))

    async def at_work(self, within: float) -> frozenset[int]:
        """Wait at most so many seconds for the polls that were ended; returns the bots that still have a batch in
        work."""
        if ending := [task for task, poller in self._tasks.items() if poller.stopping]:
            _, unfinished = await asyncio.wait(ending, timeout=within)
            return frozenset(self._tasks[task].bot_id for task in unfinished if task in self._tasks)
        return frozenset()

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
        wanted = served is not None and self._wants(served)
        if old is not None and wanted and served is not None and old.token == served.token and not old.stopping:
            return
        if old is not None:
            old.stop()
            del self._pollers[bot_id]
        if served is not None and wanted:
            self._start(served, 0.0)

    def _wants(self, served: Served) -> bool:
        return served.receives and (self._held is None or served.bot_id in self._held)

    def _start_missing(self, bot_ids: Iterable[int]) -> None:
        found = (self._registry.find(bot_id) for bot_id in bot_ids)
        for place, served in enumerate(each for each in found if each is not None and self._wants(each)):
            self._start(served, place * STAGGER_SECONDS)

    def _start(self, served: Served, first_after: float) -> None:
        poller = Poller(
            served.bot_id,
            served.token,
            self._api,
            self._registry,
            self._handle,
            may_poll=self._may_poll,
            conflict_seconds=self._conflict_seconds,
            poll_seconds=self._poll_seconds,
            silence_seconds=self._silence_seconds,
            stuck_seconds=self._stuck_seconds,
            jitter=self._jitter,
            metrics=self._metrics,
        )
        self._pollers[served.bot_id] = poller
        task = asyncio.create_task(poller.run(first_after), name=f"poller of bot {served.bot_id}")
        self._tasks[task] = poller
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        poller = self._tasks.pop(task)
        if self._pollers.get(poller.bot_id) is poller:
            del self._pollers[poller.bot_id]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("poller_crashed", poller=task.get_name(), exc_info=error)
