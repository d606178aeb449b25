"""Asking and answering at the same time, from several processes' connections, in orders nobody chose."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from functools import partial

import pytest

from maskarad.db import hearing, turns
from maskarad.db.engine import Database
from maskarad.errors import AlreadySeen, ClaimLost
from maskarad.values import TurnOutcome
from tests.support import rows
from tests.support.databases import OpenDatabase
from tests.support.rows import NOW, said

LINKS = (1, 2, 3)
LEASE = 30.0


class Scene:
    """Askers and answerers on a few links; a turn that holds its claim to its end has answered what was unread."""

    def __init__(self, databases: Sequence[Database], seed: int) -> None:
        self._databases = databases
        self._random = random.Random(seed)
        self._asking = True
        self._time = NOW
        self.asked: set[tuple[int, int]] = set()
        self.answered: Counter[tuple[int, int]] = Counter()
        self.lost = 0

    async def play(self, messages: int) -> None:
        answering = [asyncio.ensure_future(self._answer(f"worker {number}")) for number in range(5)]
        numbers = list(range(1, messages + 1))
        await asyncio.gather(*(self._ask(numbers[first::4]) for first in range(4)))
        self._asking = False
        await asyncio.gather(*answering)

    async def _ask(self, messages: Sequence[int]) -> None:
        for message_id in messages:
            link_id = self._random.choice(LINKS)
            query = partial(hearing.ask, link_id=link_id, message=said(message_id), due_at=self._time)
            await self._any().write(query)
            self.asked.add((link_id, message_id))
            if self._random.random() < 0.3:
                with pytest.raises(AlreadySeen):
                    await self._any().write(query)
            await self._dawdle()

    async def _answer(self, name: str) -> None:
        number = 0
        while self._asking or await self._due():
            for link_id in LINKS:
                number += 1
                await self._turn(link_id, f"{name}, turn {number}")

    async def _turn(self, link_id: int, token: str) -> None:
        claim = partial(turns.claim, link_id=link_id, token=token, lease=LEASE, history_lines=1_000, now=self._later())
        claimed = await self._any().write(claim)
        if claimed is None:
            return
        await self._dawdle()
        if self._random.random() < 0.1:
            self._time += 2 * LEASE
        outcome = TurnOutcome(answered=claimed.asked)
        try:
            await self._any().write(partial(turns.finish, claim=claimed.claim, outcome=outcome, bill=None))
        except ClaimLost:
            self.lost += 1
            return
        self.answered.update((link_id, line.message_order) for line in claimed.history if line.unread)

    async def _due(self) -> list[turns.Due]:
        return await self._any().read(partial(turns.due, now=self._later(), most=10, of_each=10))

    def _later(self) -> float:
        self._time += 0.001
        return self._time

    def _any(self) -> Database:
        return self._random.choice(self._databases)

    async def _dawdle(self) -> None:
        for _ in range(self._random.randrange(4)):
            await asyncio.sleep(0)


@pytest.mark.parametrize("seed", range(4))
async def test_every_asked_message_is_unread_in_exactly_one_finished_turn(
    database: Database, open_again: OpenDatabase, seed: int
) -> None:
    for number in LINKS:
        assert await database.write(partial(rows.link, number=number)) == number
    scene = Scene([database, open_again(), open_again()], seed)
    await scene.play(messages=120)
    assert len(scene.asked) == 120
    assert scene.answered == Counter(scene.asked)
