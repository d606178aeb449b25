"""Transactions as a database sees them: which statements each held, which of them are still open."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from maskarad.db.engine import Database

_BOOKKEEPING = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


class Transactions:
    """`committed` holds the statements of each transaction, in the order of the commits."""

    def __init__(self) -> None:
        self.committed: list[list[str]] = []
        self._open: dict[int, list[str]] = {}

    @property
    def open(self) -> int:
        return len(self._open)

    @property
    def writing(self) -> list[list[str]]:
        """Those committed that changed something."""
        return [each for each in self.committed if any(not said.startswith("SELECT") for said in each)]

    @property
    def statements(self) -> list[str]:
        return [statement for each in self.committed for statement in each]

    def begin(self, connection: object) -> None:
        self._open[id(connection)] = []

    def note(self, connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith(_BOOKKEEPING):
            self._open.setdefault(id(connection), []).append(statement)

    def commit(self, connection: object) -> None:
        self.committed.append(self._open.pop(id(connection), []))

    def roll_back(self, connection: object) -> None:
        self._open.pop(id(connection), None)

    def __repr__(self) -> str:
        return f"<committed: {self.committed}, open: {list(self._open.values())}>"


@contextmanager
def recorded(database: Database) -> Iterator[Transactions]:
    """Record what a database is asked while the block runs."""
    found = Transactions()
    hooks: dict[str, Any] = {
        "begin": found.begin,
        "before_cursor_execute": found.note,
        "commit": found.commit,
        "rollback": found.roll_back,
    }
    for engine in database.engines:
        for name, hook in hooks.items():
            event.listen(engine, name, hook)
    try:
        yield found
    finally:
        for engine in database.engines:
            for name, hook in hooks.items():
                event.remove(engine, name, hook)
