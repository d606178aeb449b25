"""How much a database does for a query, counted by itself and not by a clock: it is the same on a slow machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from sqlalchemy import Connection

from maskarad.db.engine import Query
from tests.support.plans.explain import Sent, prepared, sent_on


def work_of(connection: Connection, query: Query[Any]) -> int:
    """Steps of SQLite's virtual machine, or pages that PostgreSQL looks at. Nothing of the query stays."""
    with connection.begin_nested() as attempt:
        if connection.dialect.name == "sqlite":
            with _steps(connection) as steps:
                query(connection)
            attempt.rollback()
            return len(steps)
        with sent_on(connection) as sent:
            query(connection)
        attempt.rollback()
    with connection.begin_nested() as attempt:
        pages = sum(_pages(connection, each) for each in sent)
        attempt.rollback()
    return pages


@contextmanager
def _steps(connection: Connection) -> Iterator[list[None]]:
    driver: Any = connection.connection.driver_connection
    steps: list[None] = []
    driver.set_progress_handler(lambda: steps.append(None), 1)
    try:
        yield steps
    finally:
        driver.set_progress_handler(None, 0)


def _pages(connection: Connection, sent: Sent) -> int:
    with prepared(connection, sent) as execute:
        explain = f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF, FORMAT JSON) {execute}"
        told = connection.exec_driver_sql(explain).scalar_one()
    [explained] = msgspec.json.decode(told) if isinstance(told, str) else told
    plan = explained["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
