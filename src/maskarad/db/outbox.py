"""The outbox: what is still to be sent in a link, a row each, in the order of their ids."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, insert, select, update

from maskarad.db.prepared import Prepared, named_values
from maskarad.db.tables import chat_bot_instances as links
from maskarad.db.tables import reply_parts
from maskarad.values import Part, PartDraft, PartKind

_ADD = Prepared(insert(reply_parts).values(named_values(reply_parts)).returning(reply_parts.c.id))
_PARTS = (
    select(
        reply_parts.c.id,
        reply_parts.c.kind,
        reply_parts.c.text,
        reply_parts.c.html,
        reply_parts.c.reply_to,
        reply_parts.c.silent,
        reply_parts.c.not_after,
    )
    .where(reply_parts.c.chat_bot_instance_id == bindparam("link_id"))
    .order_by(reply_parts.c.id)
)
_DROP = Prepared(delete(reply_parts).where(reply_parts.c.id == bindparam("part_id")))
_DROP_ALL = delete(reply_parts).where(reply_parts.c.chat_bot_instance_id == bindparam("link_id"))
_COUNT_UP = Prepared(
    update(links)
    .where(links.c.id == bindparam("b_id"))
    .values(
        parts=links.c.parts + 1,
        due_at=case((links.c.due_at < bindparam("b_now"), links.c.due_at), else_=bindparam("b_now")),
    )
)


def add(connection: Connection, link_id: int, draft: PartDraft) -> Part:
    """A part of a turn; whoever calls counts the link's `parts`."""
    values = {
        "chat_bot_instance_id": link_id,
        "kind": draft.kind.value,
        "text": draft.text,
        "html": draft.html,
        "reply_to": draft.reply_to,
        "silent": draft.silent,
        "not_after": draft.not_after,
    }
    added = _ADD.first(connection, values)
    assert added is not None
    return Part(
        id=added[0],
        kind=draft.kind,
        text=draft.text,
        html=draft.html,
        reply_to=draft.reply_to,
        silent=draft.silent,
        not_after=draft.not_after,
    )


def put(connection: Connection, link_id: int, draft: PartDraft, *, now: float) -> Part:
    """Something to be sent that no turn has produced: a remark, a reaction. It is due at once."""
    part = add(connection, link_id, draft)
    _COUNT_UP.run(connection, {"b_id": link_id, "b_now": now})
    return part


def waiting(connection: Connection, link_id: int) -> list[Part]:
    """What is still to be sent in a link, in order."""
    return [_part(row) for row in connection.execute(_PARTS, {"link_id": link_id})]


def drop(connection: Connection, part_id: int) -> bool:
    """False: it was dropped before."""
    return _DROP.run(connection, {"part_id": part_id}) == 1


def drop_all(connection: Connection, link_id: int) -> None:
    connection.execute(_DROP_ALL, {"link_id": link_id})


def _part(row: Sequence[Any]) -> Part:
    part_id, kind, text, html, reply_to, silent, not_after = row
    return Part(
        id=part_id, kind=PartKind(kind), text=text, html=html, reply_to=reply_to, silent=silent, not_after=not_after
    )
