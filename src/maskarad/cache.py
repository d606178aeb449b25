"""Snapshots in process memory: read once, kept for their lifetime, dropped when what they show is written.

A hundred tasks that miss the same key make one read. A drop during a read wins: the value read before the write is
handed to those who waited for it and not kept.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Cache(Generic[K, V]):
    """At most `most` values, each for `lifetime` seconds; the longest unused goes first."""

    def __init__(
        self,
        load: Callable[[K], Awaitable[V]],
        *,
        lifetime: float,
        clock: Callable[[], float],
        most: int = 10_000,
    ) -> None:
        self._load = load
        self._lifetime = lifetime
        self._clock = clock
        self._most = most
        self._values: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._loading: dict[K, asyncio.Task[V]] = {}

    async def get(self, key: K) -> V:
        """The value, read when it is not in memory. An error of the read reaches everybody who waits for it."""
        kept = self._values.get(key)
        if kept is not None and kept[0] > self._clock():
            self._values.move_to_end(key)
            return kept[1]
        loading = self._loading.get(key)
        if loading is None:
            loading = asyncio.ensure_future(self._read(key))
            self._loading[key] = loading
        return await asyncio.shield(loading)

    async def _read(self, key: K) -> V:
        this = asyncio.current_task()
        try:
            value = await self._load(key)
            if self._loading.get(key) is this:
                self.put(key, value)
            return value
        finally:
            if self._loading.get(key) is this:
                del self._loading[key]

    def put(self, key: K, value: V) -> None:
        """Keep a value; a read under way is older and will not replace it."""
        self._loading.pop(key, None)
        self._values[key] = (self._clock() + self._lifetime, value)
        self._values.move_to_end(key)
        while len(self._values) > self._most:
            self._values.popitem(last=False)

    def drop(self, key: K) -> None:
        """Forget a value; to be called right after the commit that changed what it shows."""
        self._values.pop(key, None)
        self._loading.pop(key, None)

    def clear(self) -> None:
        self._values.clear()
        self._loading.clear()
