"""A change of tables on PostgreSQL beside a platform at work: each try keeps others waiting for a moment only, and the
next comes after a pause in which they go on."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from maskarad.db.engine import Database, Query
from maskarad.errors import BadInput, TablesInUse

PAUSE = 5.0
WITHIN = 300.0
"""Seconds; an operator stands by."""


async def insist(
    database: Database,
    change: Query[None],
    *,
    tell: Callable[[str], None],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Write until nobody's use of the tables is in the way. `tell` hears once, in a sentence, that this waits. Raises
    BadInput after some minutes, and what the change raises."""
    ends_at = clock() + WITHIN
    is_told = False
    while True:
        try:
            return await database.write(change)
        except TablesInUse:
            if clock() + PAUSE >= ends_at:
                raise BadInput(
                    f"others have used the tables for {WITHIN / 60:.0f} minutes (a backup with pg_dump, or a long "
                    "query), and the platform would stand still behind a change: the schema stays as it is; run this "
                    "again when they are done"
                ) from None
        if not is_told:
            tell(f"others use the tables (a backup, perhaps): tried again for {WITHIN / 60:.0f} minutes …")
            is_told = True
        await sleep(PAUSE)
