"""People who walk through the manager bot with buttons: menu, my personas, a card, edit, back to the card."""

import asyncio
import itertools
import random
import time
from collections.abc import Iterator, Sequence

from benchmarks.people import FIRST_QUERY, person, press
from benchmarks.stage import Stage
from benchmarks.stub import Call, Inbox, Stub
from maskarad.manager.callbacks import encode

PATIENCE = 10.0
"""Seconds after which a press counts as lost. Waits for lost presses are returned as so long."""


class _Press:
    """Over when the circle on the button has ended and the screen has changed."""

    __slots__ = ("over", "put_at", "wanted")

    def __init__(self) -> None:
        self.wanted = {"answerCallbackQuery", "editMessageText"}
        self.put_at = time.perf_counter()
        self.over: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def heard(self, call: Call) -> None:
        self.wanted.discard(call.method)
        if not self.wanted and not self.over.done():
            self.over.set_result((call.at - self.put_at) * 1e3)


class Walkers:
    """Hears everything that the stub hears from now on. The waits returned are milliseconds from a press being there
    for Telegram to hand out to both of its answers having come."""

    def __init__(self, stub: Stub, inbox: Inbox, stage: Stage) -> None:
        self.lost = 0
        self._inbox = inbox
        self._walks = [_walk(owned) for owned in stage.personas]
        self._next_up = itertools.cycle(range(len(stage.personas)))
        self._numbers = itertools.count(1)
        self._waiting: dict[int, _Press] = {}
        """By their numbers."""
        stub.hear = self._heard

    async def together(self, presses: int, people: int) -> list[float]:
        """So many people at any time wait for the screen that they asked for."""
        left = iter(range(presses))
        waits: list[float] = []

        async def one_after_another() -> None:
            for _ in left:
                waits.append(await self._press())

        await asyncio.gather(*(one_after_another() for _ in range(people)))
        return waits

    async def steadily(self, presses: int, a_second: float, chance: random.Random) -> list[float]:
        """So many presses a second, whether those before were answered or not, at moments of chance (Poisson)."""
        loop = asyncio.get_running_loop()
        at, under_way = loop.time(), []
        for _ in range(presses):
            at += chance.expovariate(a_second)
            await asyncio.sleep(at - loop.time())
            under_way.append(asyncio.create_task(self._press()))
        return await asyncio.gather(*under_way)

    async def _press(self) -> float:
        who, number = next(self._next_up), next(self._numbers)
        pressed = self._waiting[number] = _Press()
        self._inbox.put(press(person(who), number, next(self._walks[who])))
        try:
            return await asyncio.wait_for(pressed.over, PATIENCE)
        except TimeoutError:
            self.lost += 1
            return PATIENCE * 1e3
        finally:
            del self._waiting[number]

    def _heard(self, call: Call) -> None:
        """What comes for a press that is lost comes too late."""
        if call.method == "answerCallbackQuery":
            number = int(str(call.params["callback_query_id"])) - FIRST_QUERY
        elif call.method == "editMessageText":
            number = int(str(call.params["message_id"]))
        else:
            return
        if number in self._waiting:
            self._waiting[number].heard(call)


def _walk(owned: Sequence[int]) -> Iterator[str]:
    for persona_id in itertools.cycle(owned):
        card = encode("p", persona_id)
        yield from (encode("m"), encode("ps", 0), card, encode("e", persona_id), card)
