"""How long histories are kept: for ever, or as many lines or days as the settings say."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from math import inf

from maskarad.db import partitions, retention
from maskarad.db.engine import Database
from maskarad.db.history import FORGOTTEN_KEPT
from maskarad.db.retention import Keep
from maskarad.db.summaries import FOLD_DOWN_TO
from maskarad.memory.fold import PAUSE, Folder
from maskarad.memory.partitions import drop_past
from maskarad.memory.stats import SECONDS_A_DAY

LINKS_AT_ONCE = 100
LINES_AT_ONCE = 500


class Retention:
    """`messages` and `days` are how many of a link's newest are kept; 0: all. Of `messages` there are at least those
    that are never folded for their number."""

    def __init__(
        self, database: Database, folder: Folder, *, messages: int, days: int, clock: Callable[[], float]
    ) -> None:
        self._database = database
        self._folder = folder
        self._messages = max(messages, FOLD_DOWN_TO) if messages else None
        self._days = days or None
        self._clock = clock

    async def prune(self) -> int:
        """Take what is too old out of every link, folded first; returns how many lines went. In small steps, so that
        nobody waits for it. Raises DatabaseUnavailable."""
        since = None if self._days is None else self._clock() - self._days * SECONDS_A_DAY
        keep = Keep(messages=self._messages, since=since)
        if keep.is_all:
            return 0
        gone = await self._drop_past(keep)
        async for link_id in self._candidates(keep):
            gone += await self._prune(link_id, keep)
        return gone

    async def _drop_past(self, keep: Keep) -> int:
        """What can go with a whole partition need not go line by line."""
        before = -inf if keep.since is None else min(keep.since, self._clock() - FORGOTTEN_KEPT)
        past = await self._database.read(partial(partitions.past, before=before))
        if past and keep.since is not None:
            async for link_id in self._candidates(Keep(since=keep.since)):
                await self._folder.fold(link_id, said_before=keep.since)
        return await drop_past(self._database, before=before) if past else 0

    async def _candidates(self, keep: Keep) -> AsyncIterator[int]:
        after: int | None = 0
        while after is not None:
            found = await self._database.read(partial(retention.candidates, keep=keep, after=after, most=LINKS_AT_ONCE))
            for link_id in found:
                yield link_id
            after = found[-1] if len(found) == LINKS_AT_ONCE else None

    async def _prune(self, link_id: int, keep: Keep) -> int:
        if keep.since is not None:
            await self._folder.fold(link_id, said_before=keep.since)
        gone, pruned = 0, LINES_AT_ONCE
        while pruned == LINES_AT_ONCE:
            pruned = await self._database.write(
                partial(retention.prune, link_id=link_id, keep=keep, most=LINES_AT_ONCE, now=self._clock())
            )
            gone += pruned
            await asyncio.sleep(PAUSE)
        return gone
