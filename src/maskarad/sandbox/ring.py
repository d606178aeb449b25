"""Bounded, numbered records that readers follow by sequence number, and the bell that wakes the readers."""

import asyncio
from typing import Generic, TypeVar

T = TypeVar("T")


class Bell:
    """Wakes everyone who waits. A waiter looks at the state first and waits second, on one loop, so that no ring
    is missed."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def wait(self, seconds: float) -> bool:
        """True when rung, False when `seconds` passed first."""
        if seconds <= 0:
            return False
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            async with asyncio.timeout(seconds):
                await future
        except TimeoutError:
            return False
        finally:
            self._waiting.discard(future)
        return True


class Ring(Generic[T]):
    """The last `capacity` items, numbered from 1 (or from `start` + 1); reading from a number costs nothing but
    the items read."""

    def __init__(self, capacity: int, start: int = 0) -> None:
        self._slots: list[T | None] = [None] * capacity
        self._oldest = start + 1
        self.last = start
        self.bell = Bell()

    @property
    def next_seq(self) -> int:
        return self.last + 1

    def append(self, item: T) -> int:
        self.last += 1
        self._slots[self.last % len(self._slots)] = item
        self._oldest = max(self._oldest, self.last - len(self._slots) + 1)
        self.bell.ring()
        return self.last

    def after(self, seq: int, limit: int | None = None) -> list[T]:
        """Items numbered above `seq`, oldest first, at most `limit`. A number beyond the end means "from now on"."""
        first = max(seq + 1, self._oldest)
        end = self.last if limit is None else min(self.last, first + limit - 1)
        found = (self._slots[number % len(self._slots)] for number in range(first, end + 1))
        return [item for item in found if item is not None]

    async def wait_after(self, seq: int, seconds: float, limit: int | None = None) -> list[T]:
        """Like `after`, waiting up to `seconds` for the first item."""
        if seq >= self.last:
            await self.bell.wait(seconds)
        return self.after(seq, limit)

    def clear(self) -> None:
        """Forgets the items; the numbering goes on, so that readers need not start over."""
        self._slots = [None] * len(self._slots)
        self._oldest = self.last + 1
