"""The look at all links that are due: finds what a crash, a lost wake-up or a full queue left behind."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial

from maskarad.db import turns as rows
from maskarad.db.engine import Database
from maskarad.errors import DatabaseUnavailable
from maskarad.jobs.holding import Holding
from maskarad.jobs.wakeup import Wakeups
from maskarad.values import Queue

MOST = 200
"""Links that one round rings for."""

OF_EACH = 20
"""Links of one bot in a round."""

FEW = MOST // 2
"""As long as this process has more under way it waits for the next round's time."""

PATIENCE = 2.0


class Sweep:
    """`wakeups` are of the queues that this process takes from: turns, deliveries or both. It looks so often that it
    is the one that tells `holding` whether the database is there."""

    def __init__(
        self, database: Database, wakeups: Mapping[Queue, Wakeups], *, holding: Holding, clock: Callable[[], float]
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._holding = holding
        self._queues = frozenset(wakeups)
        self._clock = clock
        self._open = True

    async def look(self) -> None:
        """Ring for links that have work and nobody at it. Where they were too many for a round there is another one as
        soon as little is under way. Raises DatabaseUnavailable."""
        with suppress(TimeoutError):
            while self._open and await self._round():
                async with asyncio.timeout(PATIENCE):
                    for wakeups in self._wakeups.values():
                        await wakeups.fewer_than(FEW)

    def close(self) -> None:
        """Look no more: the process ends, and others do."""
        self._open = False

    async def _round(self) -> bool:
        """True: it found something new, and there may be more."""
        due = await self._due()
        new = [each for each in due if not self._wakeups[each.queue].knows(each.link_id, each.bot_id)]
        for each in new:
            self._wakeups[each.queue].ring(each.link_id, each.bot_id)
        return bool(new) and _may_be_cut_short(due)

    async def _due(self) -> list[rows.Due]:
        query = partial(
            rows.due,
            now=self._clock(),
            most=MOST,
            of_each=OF_EACH,
            queues=self._queues,
            takes_over=self._holding.takes_over,
        )
        try:
            due = await self._database.read(query)
        except DatabaseUnavailable:
            self._holding.doubt()
            raise
        self._holding.answered()
        return due


def _may_be_cut_short(due: list[rows.Due]) -> bool:
    of_bots = Counter(each.bot_id for each in due)
    return len(due) >= MOST or max(of_bots.values(), default=0) >= OF_EACH
