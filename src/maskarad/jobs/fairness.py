"""Places given out in turn over bots: one bot's crowd holds up nobody else's message."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

SHARE = 9
"""A bot may take another place while it holds fewer than so many times what is free: alone it fills nine tenths of
them, and whoever comes next finds one free without waiting (docs/decisions/dispatch.md)."""


class FairQueue(Generic[K]):
    """What waits for a place, by bot; each thing waits once. At most `room` of them wait."""

    def __init__(self, places: int, *, room: int) -> None:
        self._free = places
        self._room = room
        self._held: dict[int, int] = {}
        self._waiting: OrderedDict[int, OrderedDict[K, None]] = OrderedDict()
        self._count = 0

    def put(self, bot_id: int, thing: K) -> bool:
        """Let it wait for its turn. False: something was turned away for want of room, the newest of the bot that has
        the most waiting."""
        line = self._waiting.setdefault(bot_id, OrderedDict())
        if thing not in line:
            line[thing] = None
            self._count += 1
        if self._count <= self._room:
            return True
        longest = max(self._waiting, key=lambda each: len(self._waiting[each]))
        self.remove(longest, next(reversed(self._waiting[longest])))
        return False

    def take(self) -> tuple[int, K] | None:
        """Whose turn it is, with a place for it; None: nobody waits who may have one. Who has taken goes to the end."""
        bot_id = next(filter(self.may_take, self._waiting), None)
        if bot_id is None:
            return None
        thing = next(iter(self._waiting[bot_id]))
        self._waiting.move_to_end(bot_id)
        self.remove(bot_id, thing)
        self._free -= 1
        self._held[bot_id] = self._held.get(bot_id, 0) + 1
        return bot_id, thing

    def may_take(self, bot_id: int) -> bool:
        return self._held.get(bot_id, 0) < SHARE * self._free

    def give_back(self, bot_id: int) -> None:
        self._free += 1
        self._held[bot_id] -= 1
        if not self._held[bot_id]:
            del self._held[bot_id]

    def remove(self, bot_id: int, thing: K) -> None:
        """It waits no longer, if it did."""
        line = self._waiting.get(bot_id)
        if line is not None and thing in line:
            del line[thing]
            self._count -= 1
            if not line:
                del self._waiting[bot_id]

    def clear(self) -> list[tuple[int, K]]:
        """Nothing waits any longer; returns what did."""
        waited = [(bot_id, thing) for bot_id, line in self._waiting.items() for thing in line]
        self._waiting.clear()
        self._count = 0
        return waited

    def __contains__(self, of: tuple[int, K]) -> bool:
        bot_id, thing = of
        return thing in self._waiting.get(bot_id, ())

    def __len__(self) -> int:
        """How many wait."""
        return self._count


class Place:
    """One that is held; giving it back twice is giving it back."""

    def __init__(self, places: "FairPlaces", bot_id: int) -> None:
        self._places = places
        self._bot_id = bot_id
        self._is_held = True

    def give_back(self) -> None:
        if self._is_held:
            self._is_held = False
            self._places.give_back(self._bot_id)


class FairPlaces:
    """So many things at once, the others wait; whoever waits holds memory of its own, so how many do is its callers'
    to bound."""

    def __init__(self, places: int) -> None:
        self._queue: FairQueue[asyncio.Future[None]] = FairQueue(places, room=1_000_000)
        self._waiting: set[asyncio.Future[None]] = set()
        self._open = True

    @asynccontextmanager
    async def taken(self, bot_id: int) -> AsyncIterator[Place]:
        """Waits for a place; it is given back when the block ends, or before. After `close` whoever waits is
        cancelled."""
        granted = asyncio.get_running_loop().create_future()
        self._waiting.add(granted)
        granted.add_done_callback(self._waiting.discard)
        if not self._open:
            granted.cancel()
        self._queue.put(bot_id, granted)
        self._grant()
        try:
            await granted
        except BaseException:
            if granted.cancelled():
                self._queue.remove(bot_id, granted)
            else:  # it came as its taker was being cancelled
                self.give_back(bot_id)
            raise
        place = Place(self, bot_id)
        try:
            yield place
        finally:
            place.give_back()

    def give_back(self, bot_id: int) -> None:
        self._queue.give_back(bot_id)
        self._grant()

    def close(self) -> None:
        """Give out no more."""
        self._open = False
        for granted in list(self._waiting):
            granted.cancel()

    def _grant(self) -> None:
        while (taken := self._queue.take()) is not None:
            bot_id, granted = taken
            if granted.cancelled():
                self._queue.give_back(bot_id)
            else:
                granted.set_result(None)
