"""Statements of the hot paths: written in Core like all others, compiled once, run on the driver's own cursor.

SQLAlchemy's way from a statement to its rows costs several times what the database does for it
(`docs/decisions/prepared-statements.md`). Its connections, transactions, events and errors stay.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import BindParameter, Boolean, Connection, Delete, Insert, Select, Table, Update, bindparam
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.sql.compiler import SQLCompiler

T = TypeVar("T")
Statement = Select[*tuple[Any, ...]] | Insert | Update | Delete
Values = Mapping[str, object]


def named_values(table: Table) -> dict[str, BindParameter[Any]]:
    """For an insert: every column but a growing key takes the value of its own name."""
    return {column.name: bindparam(column.name) for column in table.c if column.name != "id"}


class Prepared:
    """Each value is a `bindparam` of the statement, handed on to the driver as it is; lists for `IN` are not for here.
    To be run within a transaction."""

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def run(self, connection: Connection, values: Values) -> int:
        """Returns how many rows were changed."""
        return self._execute(connection, values, lambda cursor: cursor.rowcount)

    def first(self, connection: Connection, values: Values) -> tuple[Any, ...] | None:
        return next(iter(self.all(connection, values)), None)

    def all(self, connection: Connection, values: Values) -> list[tuple[Any, ...]]:
        rows = self._execute(connection, values, lambda cursor: cursor.fetchall())
        truths = self._compiled[connection.dialect.name].truths
        return [_with_truths(row, truths) for row in rows] if truths else list(rows)

    def _execute(self, connection: Connection, values: Values, outcome: Callable[[DBAPICursor], T]) -> T:
        compiled = self._compiled.get(connection.dialect.name) or self._compile(connection.dialect)
        text, parameters = compiled.text, compiled.parameters(values)
        cursor = connection.connection.cursor()
        for note in connection.dispatch.before_cursor_execute:
            text, parameters = note(connection, cursor, text, parameters, None, False)
        try:
            cursor.execute(text, parameters)
            return outcome(cursor)
        except (connection.dialect.loaded_dbapi.Error, asyncio.CancelledError) as error:
            # SQLAlchemy's own end of a statement: wraps the error and drops connections that are lost or were left in
            # the middle of a statement. It has no public name.
            connection._handle_dbapi_exception(error, text, None, cursor, None)

    def _compile(self, dialect: Dialect) -> "_Compiled":
        compiled = self._compiled[dialect.name] = _compile(self._statement, dialect)
        return compiled


class _Compiled(NamedTuple):
    text: str
    names: tuple[str, ...]
    constants: Mapping[str, object]
    truths: tuple[int, ...]
    """Columns that the driver gives as 0 and 1 though they are true or false."""

    def parameters(self, values: Values) -> tuple[object, ...]:
        known = {**self.constants, **values}
        return tuple([known[name] for name in self.names])


def _compile(statement: Statement, dialect: Dialect) -> _Compiled:
    if isinstance(statement, Insert):
        statement = statement.inline()  # no RETURNING of its own accord
    compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    assert compiled.positiontup is not None
    return _Compiled(
        text=str(compiled),
        names=tuple(compiled.positiontup),
        constants={name: value for name, value in compiled.params.items() if not compiled.binds[name].required},
        truths=tuple(
            number
            for number, column in enumerate(statement.exported_columns)
            if isinstance(column.type, Boolean) and not dialect.supports_native_boolean
        ),
    )


def _with_truths(row: Sequence[Any], truths: tuple[int, ...]) -> tuple[Any, ...]:
    values = list(row)
    for number in truths:
        values[number] = bool(values[number])
    return tuple(values)
