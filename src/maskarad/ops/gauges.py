"""What is not counted as it happens but looked at every few seconds: bots, tasks, the queue, the disks."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial

from maskarad.db import backlog
from maskarad.db.engine import Database
from maskarad.metrics import BOT_STATES, Metrics
from maskarad.ops.report import Figures, is_deaf
from maskarad.telegram.bots import Served
from maskarad.values import Bot, BotState


class Gauges:
    """`served` gives what this process serves, `figures` what it last reported of itself (None: nothing yet)."""

    def __init__(
        self,
        database: Database,
        served: Iterable[Served],
        metrics: Metrics,
        *,
        figures: Callable[[], Figures | None],
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._served = served
        self._metrics = metrics
        self._figures = figures
        self._clock = clock

    async def look(self) -> None:
        """To be done every few seconds; one statement. Raises DatabaseUnavailable."""
        self._show_bots()
        self._metrics.tasks.set(len(asyncio.all_tasks()))
        self._show_disk()
        now = self._clock()
        oldest = await self._database.read(partial(backlog.oldest, now=now))
        self._metrics.queue_age.set(0.0 if oldest is None else max(now - oldest, 0.0))

    def _show_disk(self) -> None:
        """The fullest: what is wrong with one of them is not to be hidden by another."""
        figures = self._figures()
        disks = [disk for disk in figures.disks if disk.total] if figures is not None else []
        if disks:
            fullest = min(disks, key=lambda disk: disk.free / disk.total)
            self._metrics.disk_free.set(fullest.free)
            self._metrics.disk_total.set(fullest.total)

    def _show_bots(self) -> None:
        count = Counter(state_of(served.bot, served) for served in self._served if served.bot is not None)
        for state in BOT_STATES:
            self._metrics.bots.labels(state).set(count[state])


def state_of(bot: Bot, served: Served) -> str:
    """One of `BOT_STATES`: what has to change first for it to work."""
    if bot.is_stopped:
        return "stopped"
    if not bot.enabled:
        return "resting"
    if bot.state is BotState.INVALID or served.health.token_refused_at is not None:
        return "invalid"
    return "deaf" if is_deaf(served) else "working"
