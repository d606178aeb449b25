"""Partitions of the history on PostgreSQL: by the order in which lines were stored, that is by `id`, so many numbers
each (docs/decisions/partitions.md). Every function here does nothing where the history is one table, as on SQLite.

A partition is made while the one before it is filling. Lines whose numbers fit nowhere, because nobody has made a
partition for days, go into one that takes all; it is never dropped, but its lines are pruned like any others.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import (
    BigInteger,
    Connection,
    bindparam,
    column,
    delete,
    func,
    literal_column,
    not_,
    or_,
    select,
    table,
    text,
    tuple_,
)
from sqlalchemy.exc import DBAPIError

from maskarad.db.history import IS_KNOWN
from maskarad.db.tables import chat_bot_instances as links
from maskarad.db.tables import chat_contexts, message_reactions
from maskarad.errors import DatabaseUnavailable
from maskarad.values import Value

HISTORY = chat_contexts.name
BEYOND = f"{HISTORY}_beyond"

WIDTH = 10_000_000
"""Numbers that a partition is for. With a hundred million lines a read looks into a dozen partitions."""

LOCK_WITHIN = "500ms"
"""Nobody waits longer for a change of partitions: it is tried again an hour later. Less than PostgreSQL's
`deadlock_timeout`: where two wait for each other, it is the change that gives way."""

MOST_BEYOND = 1_000_000
"""Lines; where more lie beyond, no partition is made beside others' work: PostgreSQL reads them all meanwhile, under
locks that keep everybody out."""

_LOWEST = -(2**63)
_LOCK_NOT_AVAILABLE = "55P03"


class Partition(Value, frozen=True):
    """For lines with `lower` <= id < `upper`."""

    name: str
    lower: int
    upper: int


_ARE_THERE = text("SELECT relkind = 'p' FROM pg_class WHERE oid = to_regclass(:table)")
_ALL = text(
    "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid), "
    "coalesce(pg_sequence_last_value(CAST(pg_get_serial_sequence(:table, 'id') AS regclass)), 0) "
    "FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = to_regclass(:table)"
)
_BOUND = re.compile(r"FOR VALUES FROM \('?(MINVALUE|-?\d+)'?\) TO \('?(\d+)'?\)")

_IS_WITHIN = (chat_contexts.c.id >= bindparam("lower"), chat_contexts.c.id < bindparam("upper"))
_NEWEST_AT = select(chat_contexts.c.timestamp).where(*_IS_WITHIN).order_by(chat_contexts.c.timestamp.desc()).limit(1)
_LAST_OF_STEP = (
    select(chat_contexts.c.id).where(*_IS_WITHIN).order_by(chat_contexts.c.id).offset(bindparam("skipped")).limit(1)
)
_IS_DONE = (
    chat_contexts.c.message_order <= links.c.folded_order,
    or_(chat_contexts.c.imported, chat_contexts.c.counted, chat_contexts.c.id <= links.c.learned_id),
)
_IS_NEEDED = (
    select(chat_contexts.c.id)
    .join(links, links.c.id == chat_contexts.c.chat_bot_instance_id)
    .where(*_IS_WITHIN, IS_KNOWN, not_(func.coalesce(_IS_DONE[0] & _IS_DONE[1], literal_column("false"))))
    .limit(1)
)
_ARE_MORE_BEYOND = text(f"SELECT EXISTS (SELECT FROM {BEYOND} OFFSET :most)")
_COUNT = select(func.count()).select_from(chat_contexts).where(*_IS_WITHIN, IS_KNOWN)
_DROP_REACTIONS = delete(message_reactions).where(
    tuple_(message_reactions.c.chat_bot_instance_id, message_reactions.c.message_order).in_(
        select(chat_contexts.c.chat_bot_instance_id, chat_contexts.c.message_order).where(
            *_IS_WITHIN, chat_contexts.c.from_persona
        )
    )
)
_WORDS = table("history_index", column("id", BigInteger), column("words"))
_DROP_WORDS = delete(_WORDS).where(_WORDS.c.id >= bindparam("lower"), _WORDS.c.id < bindparam("upper"))


def are_there(connection: Connection) -> bool:
    if connection.dialect.name != "postgresql":
        return False
    return bool(connection.execute(_ARE_THERE, {"table": HISTORY}).scalar())


def every(connection: Connection) -> list[Partition]:
    """All but the one beyond, in the order of their lines."""
    return _every(connection)[0]


def _every(connection: Connection) -> tuple[list[Partition], int]:
    """And the last number that a line has got."""
    if connection.dialect.name != "postgresql":
        return [], 0
    rows = connection.execute(_ALL, {"table": HISTORY}).all()
    bounded = ((name, _BOUND.match(bound)) for name, bound, _ in rows)
    found = [
        Partition(name=name, lower=_LOWEST if bound[1] == "MINVALUE" else int(bound[1]), upper=int(bound[2]))
        for name, bound in bounded
        if bound is not None
    ]
    return sorted(found, key=lambda each: each.lower), rows[0][2] if rows else 0


def name_from(lower: int) -> str:
    return f"{HISTORY}_from_{lower}"


def make_ahead(connection: Connection, *, width: int = WIDTH, most_beyond: int | None = MOST_BEYOND) -> int | None:
    """See to it that numbers for a whole partition are left in those that there are; returns how many were made. None:
    one should be, but more than `most_beyond` lines lie beyond. Raises DatabaseUnavailable when the history is in use
    for too long."""
    if not are_there(connection) or _has_room(connection, width):
        return 0
    if most_beyond is not None and connection.execute(_ARE_MORE_BEYOND, {"most": most_beyond}).scalar_one():
        return None
    with locked(connection):
        # Another process may have made it meanwhile.
        if _has_room(connection, width):
            return 0
        upper, last = _end(connection)
        # What was stored beyond meanwhile stays there.
        lower = upper if last < upper else last + 1
        connection.exec_driver_sql(
            f"CREATE TABLE {name_from(lower)} PARTITION OF {HISTORY} FOR VALUES FROM ({lower}) TO ({lower + width})"
        )
    return 1


def _has_room(connection: Connection, width: int) -> bool:
    upper, last = _end(connection)
    return upper >= last + width


def _end(connection: Connection) -> tuple[int, int]:
    """The first number that fits nowhere, and the last that a line has got."""
    there, last = _every(connection)
    return there[-1].upper if there else 0, last


def past(connection: Connection, *, before: float) -> list[Partition]:
    """Those that take no more lines and have none said at `before` or later, the oldest first."""
    there, last = _every(connection)
    return [each for each in there if each.upper <= last and is_past(connection, each, before=before)]


def is_past(connection: Connection, partition: Partition, *, before: float) -> bool:
    newest_at = connection.execute(_NEWEST_AT, _within(partition)).scalar()
    return newest_at is None or newest_at < before


def step(connection: Connection, partition: Partition, *, most: int) -> Partition:
    """The first `most` lines of a partition, or what is left of one: something to be cleared at once."""
    last = connection.execute(_LAST_OF_STEP, {**_within(partition), "skipped": most - 1}).scalar()
    return Partition(name=partition.name, lower=partition.lower, upper=partition.upper if last is None else last + 1)


def rest(partition: Partition, done: Partition) -> Partition:
    return Partition(name=partition.name, lower=done.upper, upper=partition.upper)


def is_needed(connection: Connection, lines: Partition) -> bool:
    """Some line is not in a summary yet, or not learned."""
    return connection.execute(_IS_NEEDED, _within(lines)).first() is not None


def clear(connection: Connection, lines: Partition) -> int:
    """Forget what hangs on lines that are about to be dropped: their words in the index, the reactions to them. Returns
    how many lines they are."""
    connection.execute(_DROP_REACTIONS, _within(lines))
    connection.execute(_DROP_WORDS, _within(lines))
    return int(connection.execute(_COUNT, _within(lines)).scalar_one())


def drop(connection: Connection, partition: Partition, *, before: float) -> bool:
    """Take a partition out of the history and delete it, however many lines it has: at once. False: something in it is
    as new as `before`, or another process has dropped it. Raises DatabaseUnavailable when the history, or that
    partition, is in use for too long."""
    with locked(connection):
        if partition not in every(connection) or not is_past(connection, partition, before=before):
            return False
        connection.exec_driver_sql(f"ALTER TABLE {HISTORY} DETACH PARTITION {partition.name}")
        connection.exec_driver_sql(f"DROP TABLE {partition.name}")
    return True


def forget_words(connection: Connection, partition: Partition) -> None:
    """Of lines that were dropped: an edit may have brought some back since `clear`."""
    connection.execute(_DROP_WORDS, _within(partition))


@contextmanager
def locked(connection: Connection) -> Iterator[None]:
    """For a change of partitions: keep everybody out of the history until the transaction ends, and out of links, as
    partitions refer to them. Links first, as nearly all do who write; who begins with a line (an edit) may wait for
    links while this waits for the history, and what ends that is LOCK_WITHIN. Raises DatabaseUnavailable where any lock
    is not to be had, those of the change itself among them: a vacuum holds single partitions."""
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_WITHIN}'")
    try:
        connection.exec_driver_sql(f"LOCK TABLE {links.name} IN ACCESS EXCLUSIVE MODE")
        connection.exec_driver_sql(f"LOCK TABLE ONLY {HISTORY} IN ACCESS EXCLUSIVE MODE")
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
            raise
        raise DatabaseUnavailable("the history is in use; its partitions are changed later") from None


def _within(partition: Partition) -> dict[str, int]:
    return {"lower": partition.lower, "upper": partition.upper}
