"""How long histories are kept: for ever, or as many lines or days as the settings say."""

import asyncio
from collections.abc import Callable
from functools import partial

from maskarad.db import retention
from maskarad.db.engine import Database
from maskarad.db.retention import Keep
from maskarad.db.summaries import FOLD_DOWN_TO
from maskarad.memory.fold import PAUSE, Folder
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
        gone, after = 0, 0
        while not keep.is_all:
            links = await self._database.read(partial(retention.candidates, keep=keep, after=after, most=LINKS_AT_ONCE))
            for link_id in links:
                gone += await self._prune(link_id, keep)
            if len(links) < LINKS_AT_ONCE:
                break
            after = links[-1]
        return gone

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
