"""A database that is away is told of by whoever notices, straight to Telegram: no row can decide who tells.

Of several processes the one that was the longest at work when all was well tells first. It may be gone with the
database's machine, so the others do too, one after the other, unless they share DATA_DIR and see that it was told:
better a second message than none.
"""

import asyncio
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
from maskarad.ops.post import Post
from maskarad.ops.told_file import Told, ToldFile
from maskarad.texts import Words
from maskarad.values import Value

log = structlog.get_logger()

HOLDS = 30.0
CALM = 60.0
"""Seconds that it is away before operators hear of it, and that it is there again."""

FOR_ANOTHER = 60.0
"""Seconds that each process leaves to the one before it in line."""

AGAIN_AFTER = 600.0
"""Seconds between two messages that it is away."""


class _Standing(Value, frozen=True):
    """What has to be known when nothing can be asked any more."""

    line: Sequence[str]
    languages: Mapping[int, str]
    alerts: Sequence[Alert]


class Away:
    """`process_id` gives this process's, None for one that works alone. `told` says what operators know."""

    def __init__(
        self,
        database: Database,
        post: Post,
        told: ToldFile,
        *,
        process_id: Callable[[], str | None],
        metrics: Metrics,
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._post = post
        self._told = told
        self._process_id = process_id
        self._metrics = metrics
        self._clock = clock
        self._place = 0
        self._languages: Mapping[int, str] = {}
        self._broken: dict[str, float] = {}
        self._well_since: float | None = None
        self._told_at: float | None = None

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
        self._place = _place_in(standing.line, self._process_id())
        self._languages = standing.languages
        show(self._metrics, standing.alerts)

    async def _is_away(self) -> None:
        now, began_at = self._clock(), min(self._broken.values())
        if (told := await asyncio.to_thread(self._told.read)) is not None:
            self._told_at = told.told_at
            return
        is_again = self._told_at is not None and now - self._told_at < AGAIN_AFTER
        if now - began_at < HOLDS + self._place * FOR_ANOTHER or is_again:
            return
        log.error("alert", alert="database", seconds=round(now - began_at))
        if await self._post.send(_away, self._languages):
            self._told_at = now
            await asyncio.to_thread(self._told.write, Told(began_at=began_at, told_at=now))

    async def _is_there(self) -> None:
        now = self._clock()
        self._well_since = now if self._well_since is None else self._well_since
        if now - self._well_since < CALM:
            return
        told = await asyncio.to_thread(self._told.read)
        # Whoever had it all the time cannot say that it is there again for another.
        if told is None or self._well_since < told.told_at or not await asyncio.to_thread(self._told.take):
            return
        lasted = self._well_since - told.began_at
        log.info("alert_over", alert="database", seconds=round(lasted))
        if not await self._post.send(partial(_there, lasted=lasted), self._languages):
            await asyncio.to_thread(self._told.write, told)


def _standing(connection: Connection, *, operators: Sequence[int]) -> _Standing:
    return _Standing(
        line=[each.id for each in processes.everyone(connection)],
        languages=watching.languages(connection, operators),
        alerts=alerts.everything(connection),
    )


def _place_in(line: Sequence[str], process_id: str | None) -> int:
    """How many are to tell before. One that has no row yet is the last."""
    if process_id is None:
        return 0
    return line.index(process_id) if process_id in line else len(line)


def _away(words: Words) -> str:
    return f"🔴 {words.html('alert.database.began')}\n{words.html('alert.database.todo')}"


def _there(words: Words, *, lasted: float) -> str:
    return f"🟢 {words.html('alert.database.over')} {words.html('alert.lasted', duration=duration(words, lasted))}"
