"""Folding: lines that have left the prompt's window go into the link's one summary and into the index of their words.

A link's `folded_order` says up to which line that is done. It moves in the transaction that writes what was made of the
lines, so a crash loses and doubles nothing; it may be moved back (an import, an edit), and lines that are indexed or
summarised already are then passed over. `folded_messages` only says when a link is due: it is counted anew at the end
of every walk, however many lines were erased meanwhile.
"""

import json
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Connection,
    Executable,
    Select,
    Text,
    bindparam,
    cast,
    column,
    delete,
    func,
    insert,
    literal_column,
    select,
    table,
    update,
)
from sqlalchemy.dialects.postgresql import TSVECTOR

from maskarad.db.history import IS_KNOWN, LINE, line_of
from maskarad.db.tables import FOLD_FROM as FOLD_FROM
from maskarad.db.tables import UNFOLDED, chat_contexts, conversation_summaries
from maskarad.db.tables import chat_bot_instances as links
from maskarad.values import ChatType, HistoryLine, Value

FOLD_DOWN_TO = 40
"""So many of the newest lines are never folded for their number."""

SUMMARY = "summary"
"""The kind of the one summary that folding keeps in a link; `imports.DIGEST` is the other one."""

BEFORE_ALL = -(2**63)


class Folding(Value, frozen=True):
    """A link claimed to be folded until `lease`, as it was then: `erasures` changes when anything of it is erased."""

    link_id: int
    bot_id: int
    chat_type: ChatType
    folded_order: int | None
    erasures: int
    lease: float


class StoredSummary(Value, frozen=True):
    text: str
    from_order: int
    to_order: int


class FoldedLine(Value, frozen=True):
    id: int
    line: HistoryLine
    imported: bool


class Unfolded(Value, frozen=True):
    """The oldest lines to be folded, and whether they are all; `summary` is what earlier ones were made into."""

    lines: tuple[FoldedLine, ...]
    is_all: bool
    summary: StoredSummary | None


class Folded(Value, frozen=True):
    """What became of lines: `words` are those to be indexed, by the line's row; no summary: it stays as it is."""

    to_order: int | None
    is_all: bool
    words: tuple[tuple[int, str], ...] = ()
    summary: StoredSummary | None = None


_IS_LINK = links.c.id == bindparam("b_id")
_DUE = (
    select(links.c.id)
    .where(UNFOLDED, links.c.fold_at <= bindparam("now"), links.c.id > bindparam("after"))
    .order_by(links.c.id)
    .limit(bindparam("most"))
)
_CLAIM = (
    update(links)
    .where(_IS_LINK, links.c.fold_at <= bindparam("b_now"))
    .values(fold_at=bindparam("b_lease"))
    .returning(links.c.bot_instance_id, links.c.chat_type, links.c.folded_order, links.c.erasures)
)
_CLAIM_DUE = _CLAIM.where(UNFOLDED)
_IS_AS_CLAIMED = (
    _IS_LINK,
    links.c.fold_at == bindparam("b_lease"),
    links.c.erasures == bindparam("b_erasures"),
    links.c.folded_order.is_not_distinct_from(bindparam("b_from", type_=BigInteger)),
)
_MOVE = update(links).where(*_IS_AS_CLAIMED).values(folded_order=bindparam("b_to", type_=BigInteger), fold_at=0)
_OF_LINK = chat_contexts.c.chat_bot_instance_id == bindparam("link_id")
_LATER = (
    select(func.count())
    .select_from(chat_contexts)
    .where(chat_contexts.c.chat_bot_instance_id == bindparam("b_id"), IS_KNOWN)
    .where(chat_contexts.c.message_order > bindparam("b_to"))
)
_COUNT = update(links).where(_IS_LINK).values(folded_messages=links.c.messages - _LATER.scalar_subquery())
_GIVE_BACK = update(links).where(_IS_LINK, links.c.fold_at == bindparam("b_lease")).values(fold_at=0)
_LAST_TO_FOLD = (
    select(chat_contexts.c.message_order)
    .where(_OF_LINK, IS_KNOWN)
    .order_by(chat_contexts.c.message_order.desc())
    .limit(1)
    .offset(FOLD_DOWN_TO)
)
_LINES = (
    select(chat_contexts.c.id, chat_contexts.c.imported, *LINE)
    .where(_OF_LINK, IS_KNOWN, chat_contexts.c.message_order > bindparam("after"))
    .where(chat_contexts.c.message_order <= bindparam("last"))
    .order_by(chat_contexts.c.message_order)
    .limit(bindparam("most"))
)
_IS_SUMMARY = (
    conversation_summaries.c.chat_bot_instance_id == bindparam("link_id"),
    conversation_summaries.c.kind == bindparam("kind"),
)
_SUMMARY = select(
    conversation_summaries.c.text, conversation_summaries.c.from_order, conversation_summaries.c.to_order
).where(*_IS_SUMMARY)
_DROP_SUMMARY = delete(conversation_summaries).where(*_IS_SUMMARY)
_ADD_SUMMARY = insert(conversation_summaries)


def _index(key: str, row_id: Any, words: Any, given: Any) -> Executable:
    """Adds the words of the rows given, where the row is still there and is not indexed. Whoever deletes a row at the
    same moment waits, and its trigger finds the words (PostgreSQL; SQLite has one writer anyway)."""
    indexed = table("history_index", column(key), column("words"))
    known = select(literal_column("1")).select_from(indexed).where(indexed.c[key] == chat_contexts.c.id).exists()
    # The sum keeps SQLite from going through all lines of the link for each row given.
    is_of_link = chat_contexts.c.chat_bot_instance_id + literal_column("0") == bindparam("link_id", type_=BigInteger)
    found: Select[Any] = (
        select(chat_contexts.c.id, words)
        .select_from(given.join(chat_contexts, chat_contexts.c.id == row_id))
        .where(is_of_link, IS_KNOWN, ~known)
        .with_for_update(read=True, key_share=True, of=chat_contexts)
    )
    return insert(indexed).from_select([key, "words"], found)


_IN_JSON = func.json_each(bindparam("rows")).table_valued("value", name="given")
# As arrays, whose length PostgreSQL knows: any JSON it takes to be so long that it goes through a table of some size.
_IN_ARRAYS = (
    func.unnest(bindparam("ids", type_=ARRAY(BigInteger)), bindparam("words", type_=ARRAY(Text)))
    .table_valued("id", "words", name="given")
    .render_derived()
)
_INDEX = {
    "sqlite": _index(
        "rowid", func.json_extract(_IN_JSON.c.value, "$[0]"), func.json_extract(_IN_JSON.c.value, "$[1]"), _IN_JSON
    ),
    "postgresql": _index("id", _IN_ARRAYS.c.id, cast(_IN_ARRAYS.c.words, TSVECTOR), _IN_ARRAYS),
}


def due(connection: Connection, *, after: int, now: float, most: int) -> list[int]:
    """Links of more unfolded lines than a prompt holds, in the order of their ids, from the one behind `after` on."""
    return list(connection.execute(_DUE, {"after": after, "now": now, "most": most}).scalars())


def claim(connection: Connection, link_id: int, *, now: float, lease: float, if_due: bool = True) -> Folding | None:
    """The right to fold a link for `lease` seconds; None when it is not due or somebody is at it. With `if_due` false
    it may have few lines."""
    until = now + lease
    statement = _CLAIM_DUE if if_due else _CLAIM
    row = connection.execute(statement, {"b_id": link_id, "b_now": now, "b_lease": until}).first()
    if row is None:
        return None
    return Folding(
        link_id=link_id,
        bot_id=row.bot_instance_id,
        chat_type=ChatType(row.chat_type),
        folded_order=row.folded_order,
        erasures=row.erasures,
        lease=until,
    )


def read(connection: Connection, folding: Folding, *, most: int, said_before: float | None = None) -> Unfolded:
    """The oldest `most` lines that are not folded, but for the newest of all; with `said_before` (a time), all older
    ones."""
    link = {"link_id": folding.link_id}
    after = BEFORE_ALL if folding.folded_order is None else folding.folded_order
    last: int | None = -BEFORE_ALL - 1
    if said_before is None:
        last = connection.execute(_LAST_TO_FOLD, link).scalar_one_or_none()
    rows: Sequence[Any] = ()
    if last is not None:
        rows = connection.execute(_LINES, {**link, "after": after, "last": last, "most": most + 1}).all()
    found = [FoldedLine(id=row.id, imported=row.imported, line=line_of(row[2:])) for row in rows]
    if said_before is not None:
        found = list(takewhile(lambda each: each.line.sent_at < said_before, found))
    summary = connection.execute(_SUMMARY, {**link, "kind": SUMMARY}).first()
    return Unfolded(
        lines=tuple(found[:most]),
        is_all=len(found) <= most,
        summary=StoredSummary(**summary._mapping) if summary is not None else None,
    )


def store(connection: Connection, folding: Folding, folded: Folded, *, now: float) -> bool:
    """Write what was made of the lines. False, and nothing is written: the link is not as it was claimed."""
    link = {"b_id": folding.link_id}
    as_claimed = {"b_lease": folding.lease, "b_erasures": folding.erasures, "b_from": folding.folded_order}
    if connection.execute(_MOVE, {**link, **as_claimed, "b_to": folded.to_order}).rowcount == 0:
        return False
    if folded.words:
        dialect = connection.dialect.name
        connection.execute(_INDEX[dialect], {"link_id": folding.link_id, **_given(dialect, folded.words)})
    if folded.summary is not None:
        _replace(connection, folding.link_id, folded.summary, now=now)
    if folded.is_all:
        to_order = BEFORE_ALL if folded.to_order is None else folded.to_order
        connection.execute(_COUNT, {**link, "b_to": to_order})
    return True


def _given(dialect: str, words: Sequence[tuple[int, str]]) -> Mapping[str, object]:
    if dialect == "sqlite":
        return {"rows": json.dumps(words, ensure_ascii=False)}
    return {"ids": [row_id for row_id, _ in words], "words": [of_row for _, of_row in words]}


def _replace(connection: Connection, link_id: int, summary: StoredSummary, *, now: float) -> None:
    connection.execute(_DROP_SUMMARY, {"link_id": link_id, "kind": SUMMARY})
    values: dict[str, Any] = {
        "chat_bot_instance_id": link_id,
        "kind": SUMMARY,
        "from_order": summary.from_order,
        "to_order": summary.to_order,
        "text": summary.text,
        "created_at": now,
    }
    connection.execute(_ADD_SUMMARY, values)


def give_back(connection: Connection, folding: Folding) -> None:
    """Let others fold the link."""
    connection.execute(_GIVE_BACK, {"b_id": folding.link_id, "b_lease": folding.lease})
