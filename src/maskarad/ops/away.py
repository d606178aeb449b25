"""A database that is away is told of by whoever notices, straight to Telegram: no row can decide who tells.

Of several processes the one that was the longest at work when all was well tells, and it alone.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

import structlog

from maskarad.db import Connection, alerts, processes, watching
from maskarad.db.alerts import Alert
from maskarad.db.engine import Database
from maskarad.errors import DatabaseUnavailable
from maskarad.metrics import Metrics
from maskarad.ops.alert_texts import duration
from maskarad.ops.alerts import show
from maskarad.ops.operators import Post
from maskarad.texts import Words
from maskarad.values import Value

log = structlog.get_logger()

HOLDS = 30.0
CALM = 60.0
"""Seconds that it is away before operators hear of it, and that it is there again."""

AGAIN_AFTER = 600.0
"""Seconds between two messages that it is away."""


class _Standing(Value, frozen=True):
    """What has to be known when nothing can be asked any more."""

    eldest: str | None
    languages: Mapping[int, str]
    alerts: Sequence[Alert]


class Away:
    """`process_id` gives this process's, None for one that works alone."""

    def __init__(
        self,
        database: Database,
        post: Post,
        *,
        process_id: Callable[[], str | None],
        metrics: Metrics,
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._post = post
        self._process_id = process_id
        self._metrics = metrics
        self._clock = clock
        self._own: str | None = None
        self._eldest: str | None = None
        self._languages: Mapping[int, str] = {}
        self._broken: dict[str, float] = {}
        self._well_since: float | None = None
        self._began_at = 0.0
        self._told_at: float | None = None
        self._is_told = False

    async def look(self) -> None:
        """Ask the database for something. Raises DatabaseUnavailable, once what is to be told is told."""
        await self.watched("read", self._read)

    async def watched(self, kind: str, job: Callable[[], Awaitable[object]]) -> None:
        """Run a job that shows by what it raises whether the database is there. Raises what the job raises."""
        try:
            await job()
        except DatabaseUnavailable:
            self._broken.setdefault(kind, self._clock())
            self._well_since = None
            await self._is_away()
            raise
        self._broken.pop(kind, None)
        if not self._broken:
            await self._is_there()

    async def _read(self) -> None:
        standing = await self._database.read(partial(_standing, operators=self._post.operators))
        self._own, self._eldest = self._process_id(), standing.eldest
        self._languages = standing.languages
        show(self._metrics, standing.alerts)

    async def _is_away(self) -> None:
        now, began_at = self._clock(), min(self._broken.values())
        is_again = self._told_at is not None and now - self._told_at < AGAIN_AFTER
        if self._is_told or now - began_at < HOLDS or is_again or not self._is_to_tell:
            return
        log.error("alert", alert="database", seconds=round(now - began_at))
        if await self._post.send(_away, self._languages):
            self._is_told, self._told_at, self._began_at = True, now, began_at

    async def _is_there(self) -> None:
        now = self._clock()
        self._well_since = now if self._well_since is None else self._well_since
        if not self._is_told or now - self._well_since < CALM:
            return
        lasted = self._well_since - self._began_at
        log.info("alert_over", alert="database", seconds=round(lasted))
        if await self._post.send(partial(_there, lasted=lasted), self._languages):
            self._is_told = False

    @property
    def _is_to_tell(self) -> bool:
        return self._eldest is None or self._eldest == self._own


def _standing(connection: Connection, *, operators: Sequence[int]) -> _Standing:
    everyone = processes.everyone(connection)
    return _Standing(
        eldest=everyone[0].id if everyone else None,
        languages=watching.languages(connection, operators),
        alerts=alerts.everything(connection),
    )


def _away(words: Words) -> str:
    return f"🔴 {words.html('alert.database.began')}\n{words.html('alert.database.todo')}"


def _there(words: Words, *, lasted: float) -> str:
    return f"🟢 {words.html('alert.database.over')} {words.html('alert.lasted', duration=duration(words, lasted))}"
