"""Time and queues of a simulation: what happens next, and servers that serve in order."""

import heapq
from collections import deque
from collections.abc import Callable
from itertools import count

Then = Callable[[], None]


class Timeline:
    """Seconds from the start; what is due at the same time happens in the order in which it was planned."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Then]] = []
        self._number = count()

    def after(self, seconds: float, then: Then) -> None:
        heapq.heappush(self._due, (self.now + seconds, next(self._number), then))

    def run(self) -> None:
        """Until nothing is due any more."""
        while self._due:
            self.now, _, then = heapq.heappop(self._due)
            then()


class Station:
    """So many cores, whoever comes first being served first."""

    def __init__(self, time: Timeline, cores: int) -> None:
        self.busy = 0.0
        """Seconds of all cores."""
        self._time = time
        self._free = cores
        self._waiting: deque[tuple[float, Then]] = deque()

    def serve(self, seconds: float, then: Then) -> None:
        if self._free:
            self._begin(seconds, then)
        else:
            self._waiting.append((seconds, then))

    def _begin(self, seconds: float, then: Then) -> None:
        self._free -= 1
        self.busy += seconds

        def end() -> None:
            self._free += 1
            if self._waiting:
                self._begin(*self._waiting.popleft())
            then()

        self._time.after(seconds, end)
