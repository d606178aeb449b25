"""A link's history: what was said in one chat, ordered by Telegram's message id."""

from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from maskarad.db.tables import chat_contexts
from maskarad.errors import AlreadySeen
from maskarad.values import HistoryLine, Incoming

ADD_LINE = insert(chat_contexts)

_EDIT = (
    update(chat_contexts)
    .where(
        chat_contexts.c.chat_bot_instance_id == bindparam("b_link_id"),
        chat_contexts.c.message_order == bindparam("b_message_order"),
    )
    .values(text=bindparam("b_text"))
)
_LATEST = (
    select(
        chat_contexts.c.message_order,
        chat_contexts.c.user_id,
        chat_contexts.c.user_name,
        chat_contexts.c.from_persona,
        chat_contexts.c.text,
        chat_contexts.c.timestamp,
        chat_contexts.c.asked,
        chat_contexts.c.addressed,
    )
    .where(chat_contexts.c.chat_bot_instance_id == bindparam("link_id"))
    .order_by(chat_contexts.c.message_order.desc())
    .limit(bindparam("most"))
)
_LATEST_UNREAD = _LATEST.where(chat_contexts.c.asked > bindparam("answered"))


def add(
    connection: Connection, link_id: int, message: Incoming, *, asked: int | None = None, addressed: bool = False
) -> None:
    """Store a person's message. Raises AlreadySeen when the link has this message."""
    try:
        connection.execute(
            ADD_LINE,
            {
                "chat_bot_instance_id": link_id,
                "message_order": message.message_id,
                "chat_id": message.chat.id,
                "user_id": message.sender.id,
                "user_name": message.sender.name,
                "from_persona": False,
                "text": message.text,
                "timestamp": message.sent_at,
                "asked": asked,
                "addressed": addressed,
            },
        )
    except IntegrityError:
        raise AlreadySeen(f"message {message.message_id} is stored") from None


def edit(connection: Connection, link_id: int, message: Incoming) -> bool:
    """Replace a stored message's text. False: it was never stored, and stays so."""
    values = {"b_link_id": link_id, "b_message_order": message.message_id, "b_text": message.text}
    return connection.execute(_EDIT, values).rowcount == 1


def latest(connection: Connection, link_id: int, *, most: int, answered: int) -> list[HistoryLine]:
    """The newest `most` lines, oldest first; unread are those that asked for an answer after `answered`. When so much
    was said since that none of these is, the newest unread lines come in their place."""
    rows = connection.execute(_LATEST, {"link_id": link_id, "most": most}).all()
    lines = [_line(row, answered) for row in reversed(rows)]
    if any(line.unread for line in lines):
        return lines
    unread = connection.execute(_LATEST_UNREAD, {"link_id": link_id, "most": most, "answered": answered}).all()
    return [_line(row, answered) for row in reversed(unread)] or lines


def _line(row: Row[*tuple[Any, ...]], answered: int) -> HistoryLine:
    # Unpacked in the order of `_LATEST`: forty rows a turn make access by name worth avoiding.
    message_order, sender_id, sender_name, from_persona, text, sent_at, asked, addressed = row
    return HistoryLine(
        message_order=message_order,
        sender_id=sender_id,
        sender_name=sender_name,
        from_persona=from_persona,
        text=text,
        sent_at=sent_at,
        unread=asked is not None and asked > answered,
        addressed=addressed,
    )
