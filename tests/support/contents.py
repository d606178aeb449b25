"""All that a database holds, as text: for tests that look for what must not be there."""

from collections.abc import Iterable

from sqlalchemy import Connection, inspect, text


def everything(connection: Connection) -> dict[str, str]:
    """Table → all its rows; the tables behind SQLite's full-text index are among them."""
    names = inspect(connection).get_table_names()
    return {name: "\n".join(map(_row, connection.execute(text(f'SELECT * FROM "{name}"')))) for name in names}


def _row(row: Iterable[object]) -> str:
    return "|".join(map(_told, row))


def _told(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def holding(contents: dict[str, str], *words: str) -> list[tuple[str, str]]:
    """Which table holds which of the words, whatever their case."""
    return [(table, word) for table, rows in contents.items() for word in words if word.casefold() in rows.casefold()]
