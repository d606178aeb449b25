"""Judges in a process with the analyser what was stored by one without it. It is counted, stored and acknowledged long
since; what is left is whether it is for the persona."""

from collections.abc import Callable
from functools import partial

from maskarad.db import hearing, unweighed
from maskarad.db.engine import Database
from maskarad.db.hearing import Decide
from maskarad.db.unweighed import Unweighed
from maskarad.errors import NotFound
from maskarad.intake.accept import Ring, RingToWeigh, wake
from maskarad.intake.judging import Judging, let_be
from maskarad.values import Bot

WEIGHING = "weighing"
"""The name under which whoever weighs is rung (`jobs/bells.py`): all that take turns."""

AT_ONCE = 20
"""Messages of one link that are weighed before other links have their turn."""

RING_LOST_AFTER = 2.0
"""Seconds that a message waits for whoever was rung."""

SWEEP_MOST = 200


class Weighing:
    """`judging` is one with an analyser; `find_bot` gives a bot that is served here; `ring` and `gather` are those of
    `Intake`."""

    def __init__(
        self,
        database: Database,
        judging: Judging,
        *,
        find_bot: Callable[[int], Bot | None],
        ring: Ring,
        clock: Callable[[], float],
        gather: float,
    ) -> None:
        self._database = database
        self._judging = judging
        self._find_bot = find_bot
        self._ring = ring
        self._clock = clock
        self._gather = gather

    async def weigh(self, link_id: int, bot_id: int) -> float | None:
        """Weigh what waits in a link, in its order. Returns in how many seconds there is more, None when nothing is
        known to wait. Raises DatabaseUnavailable; then the sweep finds what is left."""
        waiting = await self._database.read(partial(unweighed.waiting, link_id=link_id, most=AT_ONCE))
        settled = 0
        for left in waiting:
            decide = await self._judge(bot_id, left)
            if decide is not None:
                await self._settle(link_id, bot_id, left, decide)
                settled += 1
        return 0.0 if settled == AT_ONCE else None

    async def _judge(self, bot_id: int, left: Unweighed) -> Decide | None:
        """None: not now, its bot is not served here, or its persona is going."""
        if self._judging.is_old(left.message, self._clock()):
            return let_be
        bot = self._find_bot(bot_id)
        try:
            return None if bot is None else await self._judging.weigh(bot, left, self._clock())
        except NotFound:
            return None

    async def _settle(self, link_id: int, bot_id: int, left: Unweighed, decide: Decide) -> None:
        now = self._clock()
        due_at = now + self._gather
        waits = await self._database.write(
            partial(hearing.weigh, link_id=link_id, message=left.message, decide=decide, due_at=due_at, now=now)
        )
        wake(self._ring, waits, link_id, bot_id, gather=self._gather)

    async def sweep(self, ring: RingToWeigh) -> None:
        """Ring for every link in which something waits for whom nobody was rung, or nobody came."""
        now = self._clock()
        overdue = await self._database.read(
            partial(
                unweighed.overdue,
                before=now - RING_LOST_AFTER,
                old=now - self._judging.answer_within,
                most=SWEEP_MOST,
            )
        )
        for link_id, bot_id in overdue:
            ring(link_id, bot_id)
