"""Time that passes only when it is told to, so that three weeks of a chat take a minute."""

import asyncio
import heapq
from itertools import count
from typing import Any


class SimulatedTime:
    """`clock` and `sleep` are handed to what is to live in this time. Nothing passes by itself."""

    def __init__(self, now: float) -> None:
        self._now = now
        self._numbers = count()
        self._sleeping: list[tuple[float, int, asyncio.Task[Any], asyncio.Future[None]]] = []
        self._awake: set[asyncio.Task[Any]] = set()
        self._all_asleep = asyncio.Event()

    def clock(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._fall_asleep(task)
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleeping, (self._now + seconds, next(self._numbers), task, woken))
        await woken

    def _fall_asleep(self, task: asyncio.Task[Any]) -> None:
        self._awake.discard(task)
        if not self._awake:
            self._all_asleep.set()

    async def pass_until(self, moment: float) -> None:
        """Returns when everything that slept no longer than that has done what it woke for. Each is woken once, however
        often it would have been."""
        self._now = max(self._now, moment)
        while self._sleeping and self._sleeping[0][0] <= self._now:
            _, _, task, woken = heapq.heappop(self._sleeping)
            if not woken.done():
                woken.set_result(None)
                self._awake.add(task)
        if self._awake:
            self._all_asleep.clear()
            await self._all_asleep.wait()
