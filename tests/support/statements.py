"""Counting what a database is asked, as the budgets of DESIGN section 7 count it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

from maskarad.db.engine import Database

_BOOKKEEPING = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


class Statements:
    """The statements seen so far, in order, without those that only open and close transactions."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    @property
    def count(self) -> int:
        return len(self.seen)

    def __repr__(self) -> str:
        return f"<{self.count} statements: {self.seen}>"


@contextmanager
def counted(database: Database) -> Iterator[Statements]:
    """Count the statements that reach the database while the block runs; nothing of earlier work may be under way."""
    statements = Statements()

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(_BOOKKEEPING):
            statements.seen.append(statement)

    engines = _engines(database)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


def _engines(database: Database) -> tuple[Engine, ...]:
    return tuple(database.engines)
