"""What a database means to do for each statement of a query, and the part of it that does not vary."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event

from maskarad.db.engine import Database, Query
from maskarad.values import Value
from tests.support.plans.partitions import parts, shown_once

SETTLED_AFTER = 6
"""Runs. PostgreSQL plans a prepared statement for its values five times, then keeps the general plan unless that is
dearer than the five were."""


class Planned(Value, frozen=True):
    """A statement as the driver was given it, and the database's words for how it would run it."""

    statement: str
    plan: str


class Sent(Value, frozen=True):
    statement: str
    values: Any


class _Enough(Exception):
    """Rolls back what was only tried."""


@contextmanager
def sent_on(connection: Connection) -> Iterator[list[Sent]]:
    """What is sent over a connection while the block runs."""
    sent: list[Sent] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        sent.append(Sent(statement=statement, values=values))

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(connection, "before_cursor_execute", note)


async def plans_of(database: Database, query: Query[Any]) -> list[Planned]:
    """The plans of all that a query sends, in order. The query runs, for what it sends may depend on what it finds;
    nothing of it stays."""
    found: list[Planned] = []

    def attempt(connection: Connection) -> None:
        with sent_on(connection) as sent:
            query(connection)
        explain = _explain_on_sqlite if connection.dialect.name == "sqlite" else _explain_on_postgresql
        found.extend(Planned(statement=each.statement, plan=explain(connection, each)) for each in sent)
        raise _Enough

    try:
        await database.write(attempt)
    except _Enough:
        return found
    raise AssertionError("unreachable: the attempt always raises")


def _explain_on_sqlite(connection: Connection, sent: Sent) -> str:
    depth = {0: -1}
    lines = []
    for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sent.statement}", sent.values):
        depth[row.id] = depth[row.parent] + 1
        lines.append("  " * depth[row.id] + row.detail)
    return "\n".join(lines)


def _explain_on_postgresql(connection: Connection, sent: Sent) -> str:
    with prepared(connection, sent) as execute:
        plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN (COSTS OFF) {execute}").scalars())
    return shown_once(plan, parts(connection))


@contextmanager
def prepared(connection: Connection, sent: Sent) -> Iterator[str]:
    """The words that run a statement, prepared on PostgreSQL and run so often that its plan is settled."""
    connection.exec_driver_sql(f"PREPARE planned AS {sent.statement}")
    execute = "EXECUTE planned"
    if sent.values:
        execute += f"({', '.join(_literal(value) for value in sent.values)})"
    for _ in range(SETTLED_AFTER):
        connection.exec_driver_sql(f"EXPLAIN {execute}")
    try:
        yield execute
    finally:
        connection.exec_driver_sql("DEALLOCATE planned")


def _literal(value: object) -> str:
    if isinstance(value, list):
        return _literal("{" + ",".join(_element(each) for each in value) + "}")
    return "NULL" if value is None else "'" + str(value).replace("'", "''") + "'"


def _element(value: object) -> str:
    return '"' + str(value).replace("\\", r"\\").replace('"', r"\"") + '"'


_NOWHERE_TO_GO = re.compile(
    r"Index (?:Only )?Scan (?:Backward )?using \w+ on (\w+)(?: \w+)?$(?!(?:\n +(?! |->).*)*?\n +Index Cond)",
    re.MULTILINE,
)
"""PostgreSQL reads an index from end to end where no condition leads into it."""

_SHAPES = (
    # PostgreSQL: an index is an index, whether rows are fetched one by one, page by page, or not at all.
    (re.compile(r"Seq Scan on (?P<table>\w+)"), "scan of {table}"),
    (re.compile(r"Index (?:Only )?Scan (?:Backward )?using (?P<index>\w+) on (?P<table>\w+)"), "index {index}"),
    (re.compile(r"Bitmap Index Scan on (?P<index>\w+)"), "index {index}"),
    (re.compile(r"(?:->  |^)(?:Incremental )?Sort$"), "sort"),
    # SQLite
    (re.compile(r"SCAN (?P<table>\w+)$"), "scan of {table}"),
    (re.compile(r"SCAN (?P<table>\w+) USING (?:COVERING )?INDEX \w+$"), "scan of {table}"),
    (re.compile(r"SEARCH (?P<table>\w+) USING (?:COVERING )?INDEX (?P<index>\w+)"), "index {index}"),
    (re.compile(r"SEARCH (?P<table>\w+) USING INTEGER PRIMARY KEY"), "key of {table}"),
    (re.compile(r"USE TEMP B-TREE FOR"), "sort"),
)


def shape(plan: str) -> list[str]:
    """How each table is reached and whether rows are sorted, in the plan's order: what is the same on every machine."""
    return [
        words.format(**found.groupdict())
        for line in _NOWHERE_TO_GO.sub(r"Seq Scan on \1", plan).splitlines()
        for pattern, words in _SHAPES
        if (found := pattern.search(line))
    ]


def scanned(plan: str) -> set[str]:
    """The tables, and the subqueries by their names, that a plan reads from end to end."""
    return {each.removeprefix("scan of ") for each in shape(plan) if each.startswith("scan of ")}
