"""In-process wake-ups: "there is work on this key". They may be lost; rows say what is due, wake-ups only hurry."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from maskarad.errors import DatabaseUnavailable

log = structlog.get_logger()

Work = Callable[[int], Awaitable[float | None]]
"""Does what is due on a key; returns in how many seconds to look again, None: nothing waits."""


class Wakeups:
    """Runs `work` for keys that were rung: for one key never twice at once, for all together at most `most` at once.

    A key rung while its work runs is looked at again afterwards. What `work` raises is logged here and left to the
    sweep: this is an outermost loop.
    """

    def __init__(self, work: Work, *, most: int) -> None:
        self._work = work
        self._places = asyncio.Semaphore(most)
        self._running: dict[int, asyncio.Task[None]] = {}
        self._again: set[int] = set()
        self._later: dict[int, asyncio.TimerHandle] = {}
        self._open = True

    def ring(self, key: int, delay: float = 0.0) -> None:
        """Look at the key in `delay` seconds. Of several rings for a key the earliest counts."""
        if not self._open:
            return
        if delay > 0:
            self._ring_later(key, delay)
        elif key in self._running:
            self._again.add(key)
        else:
            self._running[key] = asyncio.create_task(self._run(key))

    def _ring_later(self, key: int, delay: float) -> None:
        loop = asyncio.get_running_loop()
        waiting = self._later.get(key)
        if waiting is None or loop.time() + delay < waiting.when():
            if waiting is not None:
                waiting.cancel()
            self._later[key] = loop.call_later(delay, self._now, key)

    def _now(self, key: int) -> None:
        del self._later[key]
        self.ring(key)

    async def _run(self, key: int) -> None:
        delay: float | None = None
        try:
            async with self._places:
                self._again.discard(key)
                delay = await self._work(key)
        except DatabaseUnavailable as error:
            log.warning("work_left_to_the_sweep", key=key, error=str(error))
        except Exception:
            log.exception("work_failed", key=key)
        finally:
            del self._running[key]
            if key in self._again:
                self._again.discard(key)
                delay = 0.0
            if delay is not None:
                self.ring(key, delay)

    def __len__(self) -> int:
        """How many keys are being worked on or wait for a place."""
        return len(self._running)

    async def close(self, patience: float) -> None:
        """Take no more rings; let what runs finish for `patience` seconds, then cancel it."""
        self._open = False
        for timer in self._later.values():
            timer.cancel()
        self._later.clear()
        if not self._running:
            return
        _, late = await asyncio.wait(self._running.values(), timeout=patience)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
