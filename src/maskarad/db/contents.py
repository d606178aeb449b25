"""What a database holds, table by table, so that two of them can be told to hold the same: whichever of the two
databases they are, in whichever order their rows lie.

Beside the tables there is the index of the history's words, which each database keeps in a way of its own; here both
look alike.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from hashlib import blake2b
from typing import Any

import msgspec
from sqlalchemy import (
    Connection,
    Double,
    Select,
    bindparam,
    func,
    select,
    table,
    text,
    tuple_,
)

from maskarad.db.tables import metadata
from maskarad.values import Value

INDEX = "history_index"

NAMES: Sequence[str] = (*(each.name for each in metadata.sorted_tables), INDEX)
"""Of all tables, the index among them, those that others refer to first."""

ROWS_AT_ONCE = 1_000
"""That are in memory: a row of the history has some kilobytes at most."""

Row = tuple[Any, ...]
OnRows = Callable[[str, int], None]
"""Hears of a table and of how many more of its rows were gone through."""

_DIGEST_BYTES = 16


class TableContents(Value, frozen=True):
    """`checksum` is the same for the same rows, whatever their order, and for no others but by an accident that does
    not happen."""

    rows: int
    checksum: str


def fingerprint(
    connection: Connection, *, leave_out: Collection[str] = (), on_rows: OnRows | None = None
) -> dict[str, TableContents]:
    """What each table holds; to be compared among databases of one revision of the schema. A time of -0.0 counts as
    0.0, which is what SQLite makes of it."""
    return {name: _contents(connection, name, on_rows) for name in NAMES if name not in leave_out}


def differing(one: Mapping[str, TableContents], other: Mapping[str, TableContents]) -> list[str]:
    """Names of tables that do not hold the same, or that only one of both has."""
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


def counts(connection: Connection, *, leave_out: Collection[str] = ()) -> dict[str, int]:
    """How many rows each table has."""
    return {
        name: connection.execute(select(func.count()).select_from(table(name))).scalar_one()
        for name in NAMES
        if name not in leave_out
    }


def pages(connection: Connection, name: str) -> Iterator[list[Row]]:
    """A table's rows by its key, as `page` gives them."""
    after: Row | None = None
    while rows := page(connection, name, after):
        yield rows
        after = key_of(name, rows[-1])


def page(connection: Connection, name: str, after: Row | None, *, most: int = ROWS_AT_ONCE) -> list[Row]:
    """A table's first rows, those behind the key `after`: values in the order of the table's columns. Of the index: a
    line's id and its terms in one text, sorted."""
    if name == INDEX:
        return _page_of_index(connection, after, most)
    first, following = _statements(name)
    values = {"most": most}
    found = (
        connection.execute(first, values) if after is None else connection.execute(following, values | _given(after))
    )
    return [tuple(row) for row in found]


def key_of(name: str, row: Row) -> Row:
    return tuple(row[number] for number in _key_places(name))


@lru_cache
def _key_places(name: str) -> tuple[int, ...]:
    if name == INDEX:
        return (0,)
    whole = metadata.tables[name]
    return tuple(number for number, each in enumerate(whole.c) if each.primary_key)


@lru_cache
def _statements(name: str) -> tuple[Select[Any], Select[Any]]:
    """For the first rows, and for those behind a key."""
    whole = metadata.tables[name]
    keys = [each for each in whole.c if each.primary_key]
    first = select(whole).order_by(*keys).limit(bindparam("most"))
    given = [bindparam(f"after_{number}", type_=each.type) for number, each in enumerate(keys)]
    # A list of one is compared as such by neither database.
    behind = keys[0] > given[0] if len(keys) == 1 else tuple_(*keys) > tuple_(*given)
    return first, first.where(behind)


def _given(key: Row) -> dict[str, Any]:
    return {f"after_{number}": value for number, value in enumerate(key)}


_OF_SQLITE = text(f"SELECT rowid, words FROM {INDEX} WHERE rowid > :after ORDER BY rowid LIMIT :most")
_OF_POSTGRESQL = text(
    f"SELECT id, array_to_string(tsvector_to_array(words), ' ') FROM {INDEX} WHERE id > :after ORDER BY id LIMIT :most"
)
_LOWEST = -(2**63)


def _page_of_index(connection: Connection, after: Row | None, most: int) -> list[Row]:
    statement = _OF_SQLITE if connection.dialect.name == "sqlite" else _OF_POSTGRESQL
    rows = connection.execute(statement, {"after": _LOWEST if after is None else after[0], "most": most})
    return [(row_id, " ".join(sorted(set(words.split())))) for row_id, words in rows]


def _contents(connection: Connection, name: str, on_rows: OnRows | None) -> TableContents:
    doubles = () if name == INDEX else _double_places(name)
    rows = ([_positive(row, doubles) for row in part] for part in pages(connection, name))
    return summed(rows, None if on_rows is None else partial(on_rows, name))


@lru_cache
def _double_places(name: str) -> tuple[int, ...]:
    return tuple(number for number, each in enumerate(metadata.tables[name].c) if isinstance(each.type, Double))


def _positive(row: Row, doubles: tuple[int, ...]) -> Sequence[Any]:
    values = list(row)
    for place in doubles:
        if values[place] is not None:
            values[place] += 0.0
    return values


def summed(parts: Iterable[Sequence[Sequence[Any]]], on_rows: Callable[[int], None] | None = None) -> TableContents:
    """Of all rows of a table, some of them at once; `on_rows` hears of how many more were gone through."""
    rows, total = 0, 0
    for part in parts:
        rows += len(part)
        total += sum(map(_number_of, part))
        if on_rows is not None:
            on_rows(len(part))
    return TableContents(rows=rows, checksum=f"{total % 2 ** (8 * _DIGEST_BYTES):0{2 * _DIGEST_BYTES}x}")


def _number_of(row: Sequence[Any]) -> int:
    """A sum of such numbers knows its rows, not their order; the same row twice would count."""
    return int.from_bytes(blake2b(msgspec.msgpack.encode(row), digest_size=_DIGEST_BYTES).digest())
