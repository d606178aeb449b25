"""A database whose transactions and statements are counted."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, event

from maskarad.db.engine import READS, Database, Query, T
from maskarad.metrics import Metrics, timed


class MeteredDatabase:
    """`database`, counted from now on."""

    def __init__(self, database: Database, metrics: Metrics) -> None:
        self._database = database
        self._reading, self._writing = metrics.reading, metrics.writing
        for engine in database.engines:
            event.listen(engine, "before_cursor_execute", self._note)

    def _note(self, connection: Connection, *_: Any) -> None:
        reads = READS in connection.get_execution_options()
        (self._reading if reads else self._writing).statement()

    @property
    def engines(self) -> Sequence[Engine]:
        return self._database.engines

    async def read(self, query: Query[T]) -> T:
        with timed(self._reading.transaction):
            return await self._database.read(query)

    async def write(self, query: Query[T]) -> T:
        with timed(self._writing.transaction):
            return await self._database.write(query)

    async def close(self) -> None:
        await self._database.close()
