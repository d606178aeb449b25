"""Judges in a process with the analyser what was stored by one without it. It is counted, stored and acknowledged long
since; what is left is whether it is for the persona."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import structlog

from maskarad.db import hearing, unweighed
from maskarad.db.engine import Database
from maskarad.db.hearing import Decide
from maskarad.db.unweighed import Unweighed
from maskarad.errors import DatabaseUnavailable, NotFound
from maskarad.intake.accept import wake
from maskarad.intake.judging import FAILED, OLD, Judging, let_be
from maskarad.jobs.bells import RingQueue
from maskarad.jobs.quarantine import fault
from maskarad.jobs.sweep import FEW, MOST, OF_EACH, PATIENCE
from maskarad.jobs.wakeup import Wakeups
from maskarad.values import Bot, Decision

log = structlog.get_logger()

WEIGHING = "weighing"
"""The name under which whoever weighs is rung (`jobs/bells.py`): all that take turns."""

AT_ONCE = 20
"""Messages of one link that are weighed before other links have their turn."""

RING_LOST_AFTER = 2.0
"""Seconds that a message waits for whoever was rung."""


class Weighing:
    """`judging` is one with an analyser; `find_bot` gives a bot that is served here; `ring` and `gather` are those of
    `Intake`."""

    def __init__(
        self,
        database: Database,
        judging: Judging,
        *,
        find_bot: Callable[[int], Bot | None],
        ring: RingQueue,
        clock: Callable[[], float],
        gather: float,
        failed: Callable[[Exception], None] = lambda _error: None,
    ) -> None:
        """`failed` hears of messages that are let be for a fault of ours."""
        self._database = database
        self._judging = judging
        self._find_bot = find_bot
        self._ring = ring
        self._clock = clock
        self._gather = gather
        self._failed = failed

    async def weigh(self, link_id: int, bot_id: int) -> float | None:
        """Weigh what waits in a link, in its order. Returns in how many seconds there is more, None when nothing is
        known to wait. Raises DatabaseUnavailable; then the sweep finds what is left."""
        waiting = await self._database.read(partial(unweighed.waiting, link_id=link_id, most=AT_ONCE))
        settled = 0
        for message_id, left in waiting:
            try:
                settled += await self._weigh_one(link_id, bot_id, message_id, left)
            except DatabaseUnavailable:
                raise
            except Exception as error:  # noqa: BLE001  # a message's outermost step: the others of its link go on
                self._failed(error)
                log.error("weighing_failed", link_id=link_id, message_id=message_id, error=fault(error))
                await self._let_be(link_id, message_id, FAILED)
                settled += 1
        return 0.0 if settled == AT_ONCE else None

    async def _weigh_one(self, link_id: int, bot_id: int, message_id: int, left: Unweighed | None) -> bool:
        """False: not now."""
        if left is None:
            log.warning("unweighed_unreadable", link_id=link_id, message_id=message_id)
            await self._let_be(link_id, message_id, OLD)
            return True
        decide = await self._judge(bot_id, left)
        if decide is None:
            return False
        await self._settle(link_id, bot_id, left, decide)
        return True

    async def _let_be(self, link_id: int, message_id: int, decision: Decision) -> None:
        await self._database.write(partial(hearing.let_be, link_id=link_id, message_id=message_id, decision=decision))

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

    async def sweep(self, wakeups: Wakeups) -> None:
        """Ring for every link in which something waits for whom nobody was rung, or nobody came: so many at once, of
        each bot its share, and more as soon as few of them are under way. Raises DatabaseUnavailable."""
        rung: set[int] = set()
        with suppress(TimeoutError):
            while await self._round(wakeups, rung):
                async with asyncio.timeout(PATIENCE):
                    await wakeups.fewer_than(FEW)

    async def _round(self, wakeups: Wakeups, rung: set[int]) -> bool:
        """True: it found something new, and there may be more. What is rung once and left is not for now."""
        now = self._clock()
        # What is under way has its rows still; it takes no place of what is not.
        under_way = min(len(wakeups), FEW)
        overdue = await self._database.read(
            partial(
                unweighed.overdue,
                before=now - RING_LOST_AFTER,
                old=now - self._judging.answer_within,
                most=MOST + under_way,
                of_each=OF_EACH + under_way,
            )
        )
        new = [each for each in overdue if each[0] not in rung and not wakeups.knows(*each)]
        for link_id, bot_id in new:
            rung.add(link_id)
            wakeups.ring(link_id, bot_id)
        return bool(new)
