"""How late the event loop comes: what holds it up holds up every bot, button and answer of the process."""

import asyncio
from collections import deque
from collections.abc import Callable

from maskarad.jobs.periodic import Sleep

BEAT = 0.5
"""Seconds between two looks."""

WINDOW = 15.0
"""Seconds for which the longest is remembered, so that a scrape every 15 seconds misses none."""


class LoopLag:
    """`shown` hears, at each look, of the longest lateness of the last `WINDOW` seconds. `clock` never goes back."""

    def __init__(
        self, shown: Callable[[float], None], *, clock: Callable[[], float], sleep: Sleep = asyncio.sleep
    ) -> None:
        self._shown = shown
        self._clock = clock
        self._sleep = sleep
        self._seen: deque[tuple[float, float]] = deque()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            began = self._clock()
            await self._sleep(BEAT)
            self._note(max(self._clock() - began - BEAT, 0.0))

    def _note(self, late: float) -> None:
        now = self._clock()
        # What is as late as this one has nothing to tell any more.
        while self._seen and self._seen[-1][1] <= late:
            self._seen.pop()
        self._seen.append((now, late))
        while now - self._seen[0][0] > WINDOW:
            self._seen.popleft()
        self._shown(self._seen[0][1])
