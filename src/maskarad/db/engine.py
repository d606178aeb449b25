"""One interface over both databases: `read` and `write` run plain functions of a `Connection` in one transaction."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Engine

from maskarad.errors import DatabaseUnavailable

T = TypeVar("T")
Query = Callable[[Connection], T]

READS = "maskarad_reads"
"""The execution option of connections that only read."""

PATIENCE = 60.0
LONGEST_PAUSE = 2.0


class Database(Protocol):
    """Both methods raise DatabaseUnavailable when the database does not answer; then nothing was committed, or (a
    connection lost during the commit itself) it is unknown whether it was, which every write must survive."""

    @property
    def engines(self) -> Sequence[Engine]:
        """For counting statements; nothing else."""

    async def read(self, query: Query[T]) -> T:
        """Run a query that changes nothing, on one snapshot."""

    async def write(self, query: Query[T]) -> T:
        """Run a query in a transaction; it is durable when this returns. An exception of the query rolls it back."""

    async def close(self) -> None: ...


async def write_patiently(database: Database, query: Query[T], *, patience: float = PATIENCE) -> T:
    """Write what cannot be found out again (what was sent, what was paid for): while the database is away, try again
    for `patience` seconds. The query must bear being run again after a commit whose answer was lost."""
    loop = asyncio.get_running_loop()
    ends_at, pause = loop.time() + patience, 0.1
    while True:
        try:
            return await database.write(query)
        except DatabaseUnavailable:
            if loop.time() + pause > ends_at:
                raise
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
