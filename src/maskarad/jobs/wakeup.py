"""In-process wake-ups: "there is work on this link". They may be lost; rows say what is due, wake-ups only hurry."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from functools import partial

import structlog

from maskarad.errors import DatabaseUnavailable
from maskarad.jobs.fairness import FairQueue
from maskarad.jobs.timers import Timers

log = structlog.get_logger()

ROOM = 10_000
"""Rings that wait for a place, and as many that wait for their time; the sweep finds what is turned away."""

Work = Callable[[int, int], Awaitable[float | None]]
"""Does what is due on a link (its id, its bot's); returns in how many seconds to look again, None: nothing waits."""


class Wakeups:
    """Runs `work` for links that were rung: for one link never twice at once, for all together at most `most` at once,
    in turn over bots. `dropped` is called for each ring that is turned away, `failed` for what `work` raises.

    A link rung while its work runs is looked at again afterwards. What is rung after `close`, or waits for a place
    then, goes `elsewhere`, which rings others. What `work` raises is logged here and left to the sweep: this is an
    outermost loop.
    """

    def __init__(
        self,
        work: Work,
        *,
        most: int,
        room: int = ROOM,
        dropped: Callable[[], None] = lambda: None,
        failed: Callable[[Exception], None] = lambda _error: None,
        elsewhere: Callable[[int, int, float], None] = lambda _link_id, _bot_id, _delay: None,
    ) -> None:
        self._work = work
        self._waiting: FairQueue[int] = FairQueue(most, room=room)
        self._dropped = dropped
        self._failed = failed
        self._elsewhere = elsewhere
        self._running: dict[int, asyncio.Task[None]] = {}
        self._again: set[int] = set()
        self._later: Timers[int] = Timers(room)
        self._ended = asyncio.Event()
        self._open = True

    def ring(self, link_id: int, bot_id: int, delay: float = 0.0) -> None:
        """Look at the link in `delay` seconds. Of several rings for one the earliest counts."""
        if not self._open:
            self._elsewhere(link_id, bot_id, delay)
        elif delay > 0:
            if not self._later.call(link_id, delay, partial(self.ring, link_id, bot_id)):
                self._dropped()
        elif link_id in self._running:
            self._again.add(link_id)
        else:
            if not self._waiting.put(bot_id, link_id):
                self._dropped()
            self._start()

    def knows(self, link_id: int, bot_id: int) -> bool:
        """Whether it is being worked on or waits for a place."""
        return link_id in self._running or (bot_id, link_id) in self._waiting

    def __len__(self) -> int:
        """How many links are being worked on or wait for a place."""
        return len(self._running) + len(self._waiting)

    async def fewer_than(self, most: int) -> None:
        """Returns when fewer are being worked on or wait."""
        while len(self) >= most:
            self._ended.clear()
            await self._ended.wait()

    def _start(self) -> None:
        while (taken := self._waiting.take()) is not None:
            bot_id, link_id = taken
            # Whoever is at work when a place gets free has nothing to do with this link: nor have its log lines.
            self._running[link_id] = asyncio.create_task(self._run(link_id, bot_id), context=Context())

    async def _run(self, link_id: int, bot_id: int) -> None:
        delay: float | None = None
        try:
            delay = await self._work(link_id, bot_id)
        except DatabaseUnavailable as error:
            self._failed(error)
            log.warning("work_left_to_the_sweep", link_id=link_id, error=str(error))
        except Exception as error:
            self._failed(error)
            log.exception("work_failed", link_id=link_id)
        finally:
            del self._running[link_id]
            self._waiting.give_back(bot_id)
            if link_id in self._again:
                self._again.discard(link_id)
                delay = 0.0
            if delay is not None:
                self.ring(link_id, bot_id, delay)
            self._start()
            self._ended.set()

    async def close(self, patience: float) -> None:
        """Begin nothing more; let what runs finish for `patience` seconds, then cancel it."""
        self._open = False
        for bot_id, link_id in self._waiting.clear():
            self._elsewhere(link_id, bot_id, 0.0)
        self._later.clear()
        if not self._running:
            return
        _, late = await asyncio.wait(self._running.values(), timeout=patience)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
