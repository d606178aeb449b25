"""What a link remembers beside its newest lines, read in one statement: summary and digest, and older lines by the
stems of their words.

A line counts for each word that it shares with what is asked, and for a rare word more than for a common one: one over
the number of lines found with it. Of each word only the newest lines count; bm25 and ts_rank would read every line that
has one of the words. On SQLite the cost does not grow with the history. On PostgreSQL, whose index has no order, it
grows with the lines that have a word until these are some thousands (`gin_fuzzy_search_limit`, a parameter of the
connection: `db/server.py`), and then still with the pages of the index that hold them.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Select,
    Text,
    bindparam,
    cast,
    column,
    desc,
    func,
    literal,
    literal_column,
    null,
    select,
    table,
    union_all,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from maskarad.db.history import IS_KNOWN, LINE, line_of
from maskarad.db.imports import DIGEST
from maskarad.db.prepared import Prepared
from maskarad.db.summaries import SUMMARY
from maskarad.db.tables import chat_contexts, conversation_summaries
from maskarad.memory.remembered import Remembered

MOST_TERMS = 8
MOST_RELEVANT = 8

LINES_A_TERM = 50
"""Of each word so many of the newest lines are looked at."""

_INDEX = table("history_index", column("rowid"), column("id"), column("words"))


def _has_term(dialect: str, number: int) -> ColumnElement[bool]:
    value = bindparam(f"term_{number}", type_=Text)
    if dialect == "sqlite":
        return literal_column("history_index", type_=Text).op("MATCH", return_type=Boolean())(value)
    return _INDEX.c.words.op("@@", return_type=Boolean())(cast(value, TSQUERY))


def _newest_with(dialect: str, number: int) -> Select[Any]:
    # On PostgreSQL the sum keeps the planner from reading the whole table backwards by its key for a rare word.
    key = _INDEX.c.rowid if dialect == "sqlite" else _INDEX.c.id
    newest_first = key.desc() if dialect == "sqlite" else (key + literal_column("0")).desc()
    found = (
        select(literal_column(str(number)).label("term"), key.label("id"))
        .where(_has_term(dialect, number))
        .order_by(newest_first)
        .limit(literal_column(str(LINES_A_TERM)))
        .subquery(f"found_{number}")
    )
    return select(found.c.term, found.c.id)


def _relevant(dialect: str, terms: int) -> Select[Any]:
    found = union_all(*(_newest_with(dialect, number) for number in range(terms))).subquery("found")
    weight = literal_column("1.0") / func.count().over(partition_by=found.c.term)
    weighed = select(found.c.id, weight.label("weight")).subquery("weighed")
    best = (
        select(weighed.c.id, func.sum(weighed.c.weight).label("score"))
        .group_by(weighed.c.id)
        .order_by(desc("score"), weighed.c.id.desc())
        .limit(literal_column(str(MOST_RELEVANT)))
        .subquery("best")
    )
    return (
        select(literal("").label("kind"), null().label("to_order"), *LINE)
        .select_from(best.join(chat_contexts, chat_contexts.c.id == best.c.id))
        .where(chat_contexts.c.chat_bot_instance_id == bindparam("link_id"), IS_KNOWN)
    )


_SUMMARIES = select(
    conversation_summaries.c.kind,
    conversation_summaries.c.to_order,
    conversation_summaries.c.from_order.label("message_order"),
    literal_column("0").label("user_id"),
    literal("").label("user_name"),
    literal_column("false").label("from_persona"),
    conversation_summaries.c.text,
    conversation_summaries.c.created_at.label("timestamp"),
    literal_column("false").label("is_forwarded"),
).where(conversation_summaries.c.chat_bot_instance_id == bindparam("link_id"))


def _remembered(dialect: str, terms: int) -> Prepared:
    if terms == 0:
        return Prepared(_SUMMARIES)
    everything = union_all(_SUMMARIES, _relevant(dialect, terms)).subquery("remembered")
    return Prepared(select(*everything.c))


_RECALL = {
    dialect: [_remembered(dialect, terms) for terms in range(MOST_TERMS + 1)] for dialect in ("sqlite", "postgresql")
}


def find(connection: Connection, link_id: int, terms: Sequence[str]) -> Remembered:
    """`terms` are as in the index; the first `MOST_TERMS` count."""
    terms = terms[:MOST_TERMS]
    values = {"link_id": link_id, **{f"term_{number}": term for number, term in enumerate(terms)}}
    rows = _RECALL[connection.dialect.name][len(terms)].all(connection, values)
    summaries = {row[0]: row for row in rows if row[0]}
    summary, digest = summaries.get(SUMMARY), summaries.get(DIGEST)
    relevant = [line_of(row[2:]) for row in rows if not row[0]]
    return Remembered(
        summary=summary[6] if summary else "",
        summarised_to=summary[1] if summary else None,
        digest=digest[6] if digest else "",
        relevant=tuple(sorted(relevant, key=lambda line: line.message_order)),
    )
