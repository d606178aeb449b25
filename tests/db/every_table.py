"""Rows in every table there is, with all that a column may hold."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Connection, Double, Integer, Table, insert

from maskarad.db.tables import metadata, platform_identity

ROWS = 3
LONG = "довгий текст 🐉 " * 300
STRANGE = ("", "שלום 👩‍👩‍👧 é Ω\n\t\u200f'\"\\", LONG)
LARGEST = 2**63 - 1


def fill(connection: Connection, *, backwards: bool = False) -> None:
    """`ROWS` rows a table; the last has no value where it may."""
    numbers = range(1, ROWS + 1)
    for table in metadata.sorted_tables:
        if table is not platform_identity:
            rows = [row(table, number) for number in numbers]
            for each in reversed(rows) if backwards else rows:
                connection.execute(insert(table).values(each))


def row(table: Table, number: int) -> dict[str, Any]:
    return {each.name: value(each, number) for each in table.c}


def value(column: Column[Any], number: int) -> Any:
    if column.nullable and number == ROWS:
        return None
    [reference] = column.foreign_keys or [None]
    if reference is not None:
        return value(reference.column, number)
    if isinstance(column.type, Boolean):
        return number % 2 == 0
    if isinstance(column.type, Double):
        return (number + 0.1, float("inf"), -1.5e-300)[number - 1]
    if column.primary_key and isinstance(column.type, BigInteger):
        return number
    if isinstance(column.type, BigInteger):
        return (-1_000_000_000_000 - number, LARGEST - number, number)[number - 1]
    if isinstance(column.type, Integer):
        return number
    return f"{column.table.name} {column.name} {number} {STRANGE[number - 1]}"


def another(column: Column[Any], given: Any) -> Any:
    """Something else of the column's kind."""
    if isinstance(column.type, Boolean):
        return not given
    if isinstance(column.type, Integer | Double):
        return (given or 0) + 1
    return f"{given}!"
