"""`python -m benchmarks.partitions [LINES]`: what a history on PostgreSQL costs as one table and in partitions.

Prints, for each layout, how long the server plans and runs what the hot paths ask of it, once its plans are settled,
and how many pages it looks at; then how long it takes to divide one table, and to drop a partition or delete as many
lines.
"""

import random
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from typing import Any

import msgspec
import uvloop
from sqlalchemy import Connection, text

from benchmarks import machine
from maskarad.db import hearing, history, migrate, partitioning, partitions, recall
from maskarad.db.engine import Database
from maskarad.db.opening import open_database
from maskarad.values import Decision, Verdict
from tests.support import rows
from tests.support.millions import LINKS, fill, make_room
from tests.support.plans.explain import prepared, sent_on
from tests.support.plans.partitions import analyze
from tests.support.plans.work import work_of
from tests.support.rows import NOW, said
from tests.support.servers import PostgresServer

LINES = 5_000_000
FEW = 50_000
CALLS = 60
LISTENED = Decision(verdict=Verdict.LISTEN, reason="quiet")

Call = Callable[[Connection], Any]


@asynccontextmanager
async def emptied(server: PostgresServer, width: int | None) -> AsyncIterator[Database]:
    """A database with links; its history is one table, or in partitions of so many lines."""
    server.execute("CREATE DATABASE lines")
    database = open_database(server.url("lines"), pool_size=1, max_overflow=0, patient=True)

    def make(connection: Connection) -> None:
        migrate.upgrade(connection)
        partitioning.unite(connection)
        if width is not None:
            partitioning.partition(connection, width=width)
        bot_id = rows.bot(connection)
        links = (
            "INSERT INTO chat_bot_instances (chat_id, bot_instance_id, chat_type, title, active, created_at) "
            "SELECT -n, :bot_id, 'group', 'Kitchen', true, 0 FROM generate_series(1, :links) AS n"
        )
        connection.execute(text(links), {"bot_id": bot_id, "links": LINKS})

    await database.write(make)
    yield database
    await database.close()
    server.execute("DROP DATABASE lines WITH (FORCE)")


async def fill_up(database: Database, lines: int, width: int | None) -> None:
    if width is not None:
        await database.write(partial(make_room, lines=lines, width=width))
    await database.write(partial(fill, first=0, last=lines - 1))
    await database.write(analyze)


def calls(lines: int) -> dict[str, Iterator[Call]]:
    """Endlessly many of each, of links and times in turn."""
    orders, chance = count(10**7), random.Random(5)
    links = (chance.randrange(LINKS) + 1 for _ in count())

    def listen() -> Call:
        message = said(next(orders))
        return lambda c: hearing.hear(c, next(links), message, lambda _state: LISTENED, due_at=NOW, now=NOW)

    def remember() -> Call:
        link_id, place = next(links), chance.randrange(max(lines // LINKS // 16, 1))
        return lambda c: recall.find(c, link_id, [f"l{link_id}xword{place}", f"l{link_id}xword{place // 2}"])

    return {
        "read 80 lines": (partial(history.latest, link_id=next(links), most=80, answered=0) for _ in count()),
        "group message, no reply": (listen() for _ in count()),
        "recall by two words": (remember() for _ in count()),
    }


async def measured(database: Database, lines: int) -> str:
    """The cells of a row."""
    cells = []
    for of_call in calls(lines).values():
        times = [await database.write(partial(server_times, call=next(of_call))) for _ in range(CALLS)]
        plans, runs = (statistics.median(each) for each in zip(*times, strict=True))
        pages = await database.write(partial(work_of, query=next(of_call)))
        cells.append(f"{plans:.2f} + {runs:.2f} ms, {pages} pages")
    return " | ".join(cells)


def server_times(connection: Connection, call: Call) -> tuple[float, float]:
    """Milliseconds of planning and of running, of all its statements. Nothing of it stays."""
    with connection.begin_nested() as attempt:
        with sent_on(connection) as sent:
            call(connection)
        attempt.rollback()
    plans = runs = 0.0
    with connection.begin_nested() as attempt:
        for each in sent:
            with prepared(connection, each) as execute:
                explain = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {execute}"
                told = connection.exec_driver_sql(explain).scalar_one()
            [explained] = msgspec.json.decode(told) if isinstance(told, str) else told
            plans += explained["Planning Time"]
            runs += explained["Execution Time"]
        attempt.rollback()
    return plans, runs


async def timed(database: Database, work: Call) -> float:
    began = time.perf_counter()
    await database.write(work)
    return time.perf_counter() - began


async def table(server: PostgresServer, lines: int) -> None:
    print(f"| lines | layout | {' | '.join(calls(lines))} |\n|---|---|{'---|' * len(calls(lines))}")
    for number, width in ((FEW, None), (lines, None), (lines, lines // 10), (lines, lines // 36)):
        async with emptied(server, width) as database:
            await fill_up(database, number, width)
            there = len(await database.read(partitions.every))
            layout = f"{there} partitions" if there else "one table"
            print(f"| {number:,} | {layout} | {await measured(database, number)} |", flush=True)
            if width == lines // 10:
                await drop_a_tenth(database)
            elif number == lines and width is None:
                await divide(database, lines)


async def divide(database: Database, lines: int) -> None:
    took = await timed(database, partitioning.partition)
    print(f"<!-- dividing one table: {took:.2f} s, {1_000_000 * took / lines:.2f} s a million lines -->", flush=True)
    tenth = await timed(database, lambda c: c.execute(text(f"DELETE FROM chat_contexts WHERE id <= {lines // 10}")))
    print(f"<!-- deleting a tenth line by line: {tenth:.2f} s -->", flush=True)


async def drop_a_tenth(database: Database) -> None:
    [oldest, *_] = await database.read(partial(partitions.past, before=NOW))
    took = await timed(database, partial(partitions.drop, partition=oldest, before=NOW))
    print(f"<!-- dropping a partition of ten: {1000 * took:.1f} ms -->", flush=True)


def main() -> None:
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else LINES
    print(f"a fixed loop of Python takes {machine.calibrate():.2f} ms here\n", flush=True)
    server = PostgresServer()
    try:
        server.start()
        uvloop.run(table(server, lines))
    finally:
        server.close()


if __name__ == "__main__":
    main()
