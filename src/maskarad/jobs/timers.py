"""What is to be done in a while, once for each key."""

import asyncio
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Timers(Generic[K]):
    """At most `room` wait."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._waiting: dict[K, asyncio.TimerHandle] = {}

    def call(self, key: K, delay: float, do: Callable[[], None]) -> bool:
        """Do it in `delay` seconds; of several for a key the earliest counts. False: there is no room."""
        loop = asyncio.get_running_loop()
        waiting = self._waiting.get(key)
        if waiting is None and len(self._waiting) >= self._room:
            return False
        if waiting is None or loop.time() + delay < waiting.when():
            if waiting is not None:
                waiting.cancel()
            self._waiting[key] = loop.call_later(delay, self._now, key, do)
        return True

    def _now(self, key: K, do: Callable[[], None]) -> None:
        del self._waiting[key]
        do()

    def clear(self) -> None:
        for timer in self._waiting.values():
            timer.cancel()
        self._waiting.clear()
