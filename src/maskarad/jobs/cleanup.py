"""What is kept only for a while: analyses (and which were erased), updates seen, updates that could not be handled,
wizards left open, decisions, numbers of forgotten messages, slots of jobs, errands given up, calls to the model, purses
of the past; and, on each machine, files of imports."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import structlog

from maskarad.db import (
    Connection,
    analyses,
    decisions,
    errands,
    failed_updates,
    history,
    purses,
    seen,
    slots,
    usage,
    wizards,
)
from maskarad.db.batches import end_of_batch
from maskarad.db.engine import Database
from maskarad.db.tables import analysis_cache, job_slots, limit_notices, seen_updates
from maskarad.db.tables import failed_updates as failed_updates_table
from maskarad.errors import DatabaseUnavailable
from maskarad.memory.partitions import make_ahead
from maskarad.purse.limits import period_of
from maskarad.values import Scope

log = structlog.get_logger()

DAY = 86_400.0

SEEN_UPDATES_KEPT = 2 * DAY
"""Telegram keeps an update for 24 hours (Bot API, "Getting updates")."""
WIZARDS_KEPT = 30 * DAY
FILES_KEPT = DAY
SLOTS_KEPT = DAY
FAILED_KEPT = 7 * DAY
COUNTED_KEPT = DAY
"""Of those that Telegram still brings again, for 24 hours at most."""
ERRANDS_KEPT = 30 * DAY
DAYS_OF_PURSES = 40
MONTHS_OF_PURSES = 13
NOTICES_KEPT = 40 * DAY
"""Of an empty purse; longer than its period."""

AT_ONCE = 1_000
"""Rows that go in one transaction: others write between two of them."""

Step = Callable[[Connection, float, int], int]
"""Forgets at most about so many rows that are too old by now; returns how many."""


async def memory_cleanup_task(
    database: Database,
    *,
    prune: Callable[[], Awaitable[int]],
    clock: Callable[[], float],
) -> int:
    """Make room for the history, then forget what is too old; returns how many rows went. `prune` takes old lines out
    of histories. Each is tried whatever becomes of the others; raises what the first that failed raised."""
    forgetting = (partial(_all_of, database, step, clock) for step in STEPS)
    cleaning: list[Callable[[], Awaitable[int | None]]] = [partial(make_ahead, database), *forgetting, prune]
    faults: list[Exception] = []
    gone = 0
    for clean in cleaning:
        try:
            gone += await clean() or 0
        except DatabaseUnavailable as error:
            faults.append(error)
        except Exception as error:
            log.exception("clean_up_failed_in_part")
            faults.append(error)
    log.info("cleaned_up", gone=gone, failed=len(faults))
    if faults:
        raise faults[0]
    return gone


async def forget_left_files(folder: Path, *, clock: Callable[[], float]) -> int:
    """Take away what imports that died left on this machine; returns how many files."""
    return await asyncio.to_thread(forget_files, folder, before=clock() - FILES_KEPT)


async def _all_of(database: Database, step: Step, clock: Callable[[], float]) -> int:
    gone, forgotten = 0, AT_ONCE
    while forgotten >= AT_ONCE:
        forgotten = await database.write(partial(_run, step, clock()))
        gone += forgotten
    return gone


def _run(step: Step, now: float, connection: Connection) -> int:
    return step(connection, now, AT_ONCE)


def forget_analyses(connection: Connection, now: float, most: int) -> int:
    before = now - analyses.KEPT
    return analyses.forget(
        connection, before=end_of_batch(connection, analysis_cache.c.created_at, before=before, most=most)
    )


def forget_updates(connection: Connection, now: float, most: int) -> int:
    before = now - SEEN_UPDATES_KEPT
    return seen.forget(connection, before=end_of_batch(connection, seen_updates.c.seen_at, before=before, most=most))


def forget_wizards(connection: Connection, now: float, most: int) -> int:
    return wizards.forget(connection, before=now - WIZARDS_KEPT, most=most)


def forget_decisions(connection: Connection, now: float, most: int) -> int:
    return decisions.forget(connection, before=now - decisions.KEPT, most=most)


def forget_numbers(connection: Connection, now: float, most: int) -> int:
    """Of messages that are forgotten and that Telegram does not bring again."""
    return history.tidy(connection, now=now, most=most)


def forget_slots(connection: Connection, now: float, most: int) -> int:
    before = now - SLOTS_KEPT
    return slots.forget(connection, before=end_of_batch(connection, job_slots.c.taken_at, before=before, most=most))


def forget_errands(connection: Connection, now: float, most: int) -> int:
    return errands.forget(connection, before=now - ERRANDS_KEPT, most=most)


def forget_failed_updates(connection: Connection, now: float, most: int) -> int:
    before = end_of_batch(connection, failed_updates_table.c.last_at, before=now - FAILED_KEPT, most=most)
    return failed_updates.forget(connection, before=before, counted_before=now - COUNTED_KEPT)


def forget_purses(connection: Connection, now: float, _most: int) -> int:
    return purses.forget(
        connection,
        before_day=period_of(Scope.BOT, now) - DAYS_OF_PURSES,
        before_month=period_of(Scope.OWNER, now) - MONTHS_OF_PURSES,
    )


def forget_limit_notices(connection: Connection, now: float, most: int) -> int:
    before = end_of_batch(connection, limit_notices.c.told_at, before=now - NOTICES_KEPT, most=most)
    return purses.forget_notices(connection, before=before)


def forget_usage(connection: Connection, now: float, most: int) -> int:
    return usage.forget(connection, before=now - usage.KEPT, most=most)


STEPS: Sequence[Step] = (
    forget_failed_updates,
    forget_analyses,
    forget_updates,
    forget_wizards,
    forget_decisions,
    forget_numbers,
    forget_slots,
    forget_errands,
    forget_purses,
    forget_limit_notices,
    forget_usage,
)


def forget_files(folder: Path, *, before: float) -> int:
    """Delete files in a folder that nobody has written to since; returns how many. None where there is no folder."""
    gone = 0
    for file in folder.glob("*"):
        # An import that has just come to its end takes its file away itself.
        with suppress(FileNotFoundError):
            if file.is_file() and file.stat().st_mtime < before:
                file.unlink()
                gone += 1
    return gone
