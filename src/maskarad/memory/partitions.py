"""Partitions of the history (`db/partitions.py`) are made before they are needed, and dropped when nothing in them is
needed any more. On SQLite there are none, and nothing happens."""

from collections.abc import AsyncIterator
from functools import partial

import structlog

from maskarad.db import partitions
from maskarad.db.engine import Database
from maskarad.db.partitions import Partition
from maskarad.errors import DatabaseUnavailable

log = structlog.get_logger()

LINES_AT_ONCE = 20_000


async def make_ahead(database: Database) -> None:
    """What cannot be made now, as the history is in use for too long, is for another time: there is room for hours."""
    try:
        made = await database.write(partitions.make_ahead)
    except DatabaseUnavailable:
        log.warning("partition_in_use")
        return
    if made is None:
        log.warning("too_many_lines_beyond", then="stop every process, then `maskarad db partition`")
    elif made:
        log.info("partition_made")


async def drop_past(database: Database, *, before: float) -> int:
    """Drop what holds only lines that were said before then and are summed up and learned; returns how many lines went.
    Only the dropping itself keeps others from the history, for moments; when that is not possible, as others are at it
    for too long, it is for another time. Raises DatabaseUnavailable."""
    gone = 0
    for each in await database.read(partial(partitions.past, before=before)):
        if not await _is_needed(database, each):
            gone += await _drop(database, each, before=before)
    return gone


async def _drop(database: Database, partition: Partition, *, before: float) -> int:
    lines = 0
    async for step in _steps(database, partition):
        lines += await database.write(partial(partitions.clear, lines=step))
    try:
        is_gone = await database.write(partial(partitions.drop, partition=partition, before=before))
    except DatabaseUnavailable:
        log.warning("partition_in_use", partition=partition.name)
        return 0
    if not is_gone:
        return 0
    await database.write(partial(partitions.forget_words, partition=partition))
    log.info("partition_dropped", partition=partition.name, lines=lines)
    return lines


async def _is_needed(database: Database, partition: Partition) -> bool:
    async for step in _steps(database, partition):
        if await database.read(partial(partitions.is_needed, lines=step)):
            return True
    return False


async def _steps(database: Database, partition: Partition) -> AsyncIterator[Partition]:
    left = partition
    while left.lower < left.upper:
        step = await database.read(partial(partitions.step, partition=left, most=LINES_AT_ONCE))
        yield step
        left = partitions.rest(left, step)
