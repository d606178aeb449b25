""" "There is work in a queue": told to whoever takes from it, this process or others."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

RingQueue = Callable[[str, int, int, float], None]
"""As `Bells.ring`; losing it costs a sweep's interval, never a message."""

Room = Callable[[], Awaitable[None]]
"""Returns when more may be taken."""


class Ring(Protocol):
    """What of the queue is to be looked at (a link's id, an errand's), whose bot's it is, in how many seconds. Returns
    at once and may be lost."""

    def __call__(self, key: int, bot_id: int, delay: float = 0.0, /) -> None: ...


class Others(Protocol):
    """The way to other processes (`jobs/redis_bells.py`)."""

    def ring(self, queue: str, key: int, bot_id: int, delay: float = 0.0) -> None:
        """Returns at once and never raises; may be lost."""

    def listen(self, queue: str, on_ring: Callable[[int, int], None], room: Room | None = None) -> None: ...

    async def run(self, identity: str) -> None: ...

    async def stop_listening(self) -> None: ...

    async def close(self) -> None: ...


class Bells:
    """Work that this process takes stays here; of the rest the others are told, or (without `others`) find it by their
    sweeps."""

    def __init__(self, others: Others | None = None) -> None:
        self._others = others
        self._here: dict[str, Ring] = {}

    def answer(self, queue: str, ring: Ring, room: Room | None = None) -> None:
        """This process takes from the queue: `ring` wakes it, also for what others ring, no faster than `room` lets.
        To be called before `run`."""
        self._here[queue] = ring
        if self._others is not None:
            self._others.listen(queue, partial(self.ring, queue), room)

    def ring(self, queue: str, key: int, bot_id: int, delay: float = 0.0) -> None:
        here = self._here.get(queue)
        if here is not None:
            here(key, bot_id, delay)
        else:
            self.tell(queue, key, bot_id, delay)

    def tell(self, queue: str, key: int, bot_id: int, delay: float = 0.0) -> None:
        """Ring others only: this process does it no more."""
        if self._others is not None:
            self._others.ring(queue, key, bot_id, delay)

    async def run(self, identity: str) -> None:
        """Tell the other processes of this platform and hear of them, until cancelled."""
        if self._others is not None:
            await self._others.run(identity)

    async def stop_listening(self) -> None:
        """This process takes no more work: of all that comes from now on the others are told, also of what they have
        just told it. Returns when that was handed on."""
        self._here.clear()
        if self._others is not None:
            await self._others.stop_listening()

    async def close(self) -> None:
        """To be called before `run` is cancelled: tells what there is to tell."""
        if self._others is not None:
            await self._others.close()
