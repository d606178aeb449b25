"""The look at all links that are due: finds what a crash, a lost wake-up or a full queue left behind."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress

from maskarad.db import turns as rows
from maskarad.db.engine import Database
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
    """`wakeups` are of the queues that this process takes from: turns, deliveries or both."""

    def __init__(self, database: Database, wakeups: Mapping[Queue, Wakeups], *, clock: Callable[[], float]) -> None:
        self._database = database
        self._wakeups = wakeups
        self._queues = frozenset(wakeups)
        self._clock = clock

    async def look(self) -> None:
        """Ring for links that have work and nobody at it. Where they were too many for a round there is another one as
        soon as little is under way. Raises DatabaseUnavailable."""
        with suppress(TimeoutError):
            while await self._round():
                async with asyncio.timeout(PATIENCE):
                    for wakeups in self._wakeups.values():
                        await wakeups.fewer_than(FEW)

    async def _round(self) -> bool:
        """True: it found something new, and there may be more."""
        now, queues = self._clock(), self._queues
        due = await self._database.read(
            lambda connection: rows.due(connection, now=now, most=MOST, of_each=OF_EACH, queues=queues)
        )
        new = [each for each in due if not self._wakeups[each.queue].knows(each.link_id, each.bot_id)]
        for each in new:
            self._wakeups[each.queue].ring(each.link_id, each.bot_id)
        return bool(new) and _may_be_cut_short(due)


def _may_be_cut_short(due: list[rows.Due]) -> bool:
    of_bots = Counter(each.bot_id for each in due)
    return len(due) >= MOST or max(of_bots.values(), default=0) >= OF_EACH
