"""Snapshots in process memory: read once, kept for their lifetime, dropped when what they show is written.

A hundred tasks that miss the same value make one read. A drop during a read wins: the value read before the write is
handed to those who waited for it and not kept. With Redis the processes share what they have read, and hear of each
other's drops (`redis_cache.py`).
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from maskarad.values import Value

V = TypeVar("V")

Ids = tuple[int, ...]
"""What a snapshot is of: a user's id, or a bot's and a chat's."""


class Fetched(Value, frozen=True):
    """What the processes share of a snapshot: what it was read under, and its bytes if there are any."""

    fence: bytes
    read_at: float
    body: bytes | None


class Shared(Protocol):
    """What several processes keep together. Everything it cannot do at the moment it leaves undone, in little time."""

    def follow(self, name: str, forget: Callable[[Ids], None], clear: Callable[[], None]) -> None:
        """Be told of what other processes drop of this cache."""

    async def fetch(self, name: str, ids: Ids) -> Fetched | None:
        """None: nothing is shared now, and nothing that is read now is to be shared."""

    async def keep(self, name: str, ids: Ids, body: bytes, *, fence: bytes, read_at: float, lifetime: float) -> None:
        """Share what was read at `read_at` after `fence` was fetched."""

    def drop(self, name: str, ids: Ids) -> None:
        """Tell the others; returns at once."""


class Meter(Protocol):
    def hit(self) -> None: ...

    def miss(self) -> None: ...


class _Kept(NamedTuple, Generic[V]):
    value: V
    expires_at: float
    size: int


class Cache(Generic[V]):
    """Values of one kind, each for `lifetime` seconds. Together they take `room` bytes at most, counted as MessagePack
    (as objects they are some four times that); the longest unused goes first."""

    def __init__(
        self,
        name: str,
        load: Callable[..., Awaitable[V]],
        shape: type[V],
        *,
        lifetime: float,
        room: int,
        clock: Callable[[], float],
        meter: Meter,
        shared: Shared | None = None,
    ) -> None:
        """`load` is called with the ids and may raise; `clock` gives Unix seconds. A `name` is for ever: where the ids
        change their meaning, the cache takes another, for two releases may run side by side."""
        self._name = name
        self._load = load
        self._encode: Callable[[V], bytes] = msgspec.msgpack.Encoder().encode
        self._decode: Callable[[bytes], V] = msgspec.msgpack.Decoder(shape).decode
        self._lifetime = lifetime
        self._room = room
        self._clock = clock
        self._meter = meter
        self._shared = shared
        self._size = 0
        self._kept: OrderedDict[Ids, _Kept[V]] = OrderedDict()
        self._reading: dict[Ids, asyncio.Task[V]] = {}
        if shared is not None:
            shared.follow(name, self._forget, self.clear)

    async def get(self, *ids: int) -> V:
        """The value, read when it is not in memory. An error of the read reaches everybody who waits for it."""
        kept = self._kept.get(ids)
        if kept is not None and kept.expires_at > self._clock():
            self._meter.hit()
            self._kept.move_to_end(ids)
            return kept.value
        self._meter.miss()
        reading = self._reading.get(ids)
        if reading is None:
            reading = asyncio.ensure_future(self._read(ids))
            self._reading[ids] = reading
        return await asyncio.shield(reading)

    def drop(self, *ids: int) -> None:
        """Forget a value, here at once and in every other process as soon as it hears; to be called right after the
        commit that changed what the value shows."""
        self._forget(ids)
        if self._shared is not None:
            self._shared.drop(self._name, ids)

    def clear(self) -> None:
        """Forget everything, in this process only."""
        self._kept.clear()
        self._reading.clear()
        self._size = 0

    async def _read(self, ids: Ids) -> V:
        this: asyncio.Task[Any] | None = asyncio.current_task()
        try:
            value, read_at, size = await self._obtain(ids)
            if self._reading.get(ids) is this:
                self._keep(ids, _Kept(value, read_at + self._lifetime, size))
            return value
        finally:
            if self._reading.get(ids) is this:
                del self._reading[ids]

    async def _obtain(self, ids: Ids) -> tuple[V, float, int]:
        """The value, when it was read, and its size in bytes."""
        fetched = await self._shared.fetch(self._name, ids) if self._shared is not None else None
        if fetched is not None and fetched.body is not None:
            # What does not fit was written by another version of the code.
            with suppress(msgspec.MsgspecError):
                return self._decode(fetched.body), fetched.read_at, len(fetched.body)
        read_at = self._clock()
        value = await self._load(*ids)
        body = self._encode(value)
        if fetched is not None and self._shared is not None:
            await self._shared.keep(
                self._name, ids, body, fence=fetched.fence, read_at=read_at, lifetime=self._lifetime
            )
        return value, read_at, len(body)

    def _keep(self, ids: Ids, kept: _Kept[V]) -> None:
        self._forget_value(ids)
        self._kept[ids] = kept
        self._size += kept.size
        while self._size > self._room:
            _, oldest = self._kept.popitem(last=False)
            self._size -= oldest.size

    def _forget(self, ids: Ids) -> None:
        self._forget_value(ids)
        self._reading.pop(ids, None)

    def _forget_value(self, ids: Ids) -> None:
        forgotten = self._kept.pop(ids, None)
        if forgotten is not None:
            self._size -= forgotten.size
