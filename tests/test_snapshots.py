"""Snapshots of the hot paths, where several tasks want the same one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy import Engine

from maskarad.db.engine import Database, Query, T
from maskarad.metrics import Metrics
from maskarad.snapshots import Snapshots
from maskarad.values import Link
from tests.support import rows
from tests.support.clock import FakeClock
from tests.telegram.people import bot


class Overtaken:
    """A database in which `somebody` begins to read before each write, and has the answer only after it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asked = asyncio.Event()
        self._written = asyncio.Event()
        self._written.set()
        self.somebody: Callable[[], Awaitable[Link | None]]
        self.reading: asyncio.Future[Link | None]

    @property
    def engines(self) -> Sequence[Engine]:
        return self._database.engines

    async def read(self, query: Query[T]) -> T:
        found = await self._database.read(query)
        self._asked.set()
        await self._written.wait()
        return found

    async def write(self, query: Query[T]) -> T:
        self._asked.clear()
        self._written.clear()
        self.reading = asyncio.ensure_future(self.somebody())
        await self._asked.wait()
        written = await self._database.write(query)
        self._written.set()
        return written

    async def close(self) -> None:
        await self._database.close()


async def test_whoever_makes_a_link_has_it_though_another_looked_for_it_too_early(
    database: Database, clock: FakeClock
) -> None:
    await database.write(rows.bot)
    overtaken = Overtaken(database)
    links = Snapshots(
        overtaken,
        lambda _language, mood: (mood.name, mood.text),
        account_lifetime=300,
        persona_lifetime=600,
        link_lifetime=1800,
        clock=clock,
        metrics=Metrics(),
    ).links
    overtaken.somebody = lambda: links.find(bot(1), rows.GROUP)
    made = await links.ensure(bot(1), rows.GROUP)
    assert made.chat_id == rows.GROUP.id
    assert await overtaken.reading is None
    assert await links.find(bot(1), rows.GROUP) == made
