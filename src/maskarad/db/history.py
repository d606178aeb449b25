"""A link's history: what was said in one chat, ordered by Telegram's message id."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, exists, literal_column, not_, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from maskarad.db.prepared import Prepared
from maskarad.db.tables import chat_bot_instances as links
from maskarad.db.tables import chat_contexts
from maskarad.errors import AlreadySeen, NotFound
from maskarad.values import HistoryLine, Incoming, SentMessage

_LIVE = (
    "chat_bot_instance_id",
    "message_order",
    "chat_id",
    "user_id",
    "user_name",
    "from_persona",
    "text",
    "timestamp",
    "asked",
    "addressed",
    "decision",
    "reply_to",
    "forwarded_from",
)
_LINE: dict[str, Any] = {name: bindparam(name, type_=chat_contexts.c[name].type) for name in _LIVE}
_PLACE = ("chat_bot_instance_id", "message_order")

# Partitions have no unique index of places (`db/partitions.py`). Whoever stores a line holds its link's row, so nobody
# stores the same one between the look and the insert.
_IS_STORED = exists().where(*(chat_contexts.c[name] == _LINE[name] for name in _PLACE))
_ADD_LINE = {
    "sqlite": Prepared(sqlite.insert(chat_contexts).values(_LINE).on_conflict_do_nothing()),
    "postgresql": Prepared(
        postgresql.insert(chat_contexts)
        .from_select(_LIVE, select(*_LINE.values()).where(~_IS_STORED), include_defaults=False)
        .on_conflict_do_nothing()
    ),
}
_IS_IMPORTED = and_(*(chat_contexts.c[name] == bindparam(f"b_{name}") for name in _PLACE), chat_contexts.c.imported)
_IMPORTED = select(chat_contexts.c.from_persona).where(_IS_IMPORTED).with_for_update()
_REPLACE = (
    update(chat_contexts)
    .where(_IS_IMPORTED)
    .values(
        {name: bindparam(f"b_{name}") for name in _LIVE if name not in _PLACE}
        | {"imported": False, "counted": True, "html": None, "media": None, "edited_at": None}
    )
)
_UNCOUNT = (
    update(links)
    .where(links.c.id == bindparam("b_link_id"))
    .values(messages=links.c.messages - 1, own_messages=links.c.own_messages - bindparam("b_own"))
)

FORGOTTEN_KEPT = 48 * 3600.0
"""Seconds; Telegram keeps an update for 24 hours (Bot API, "Getting updates")."""

_IS_FORGOTTEN = and_(chat_contexts.c.user_id == literal_column("0"), chat_contexts.c.text == literal_column("''"))
IS_KNOWN = not_(_IS_FORGOTTEN)

_EDITED_AT = bindparam("b_edited_at", type_=chat_contexts.c.edited_at.type)
_EDITED_TEXT = bindparam("b_text", type_=chat_contexts.c.text.type)
_EDIT = (
    update(chat_contexts)
    .where(
        chat_contexts.c.chat_bot_instance_id == bindparam("b_link_id"),
        chat_contexts.c.message_order == bindparam("b_message_order"),
        IS_KNOWN,
        or_(
            chat_contexts.c.edited_at.is_(None),
            chat_contexts.c.edited_at < _EDITED_AT,
            # Telegram's times are whole seconds.
            and_(chat_contexts.c.edited_at == _EDITED_AT, chat_contexts.c.text != _EDITED_TEXT),
        ),
    )
    .values(text=_EDITED_TEXT, html=None, edited_at=_EDITED_AT)
)
LINE = (
    chat_contexts.c.message_order,
    chat_contexts.c.user_id,
    chat_contexts.c.user_name,
    chat_contexts.c.from_persona,
    chat_contexts.c.text,
    chat_contexts.c.timestamp,
    chat_contexts.c.forwarded_from.is_not(None).label("is_forwarded"),
)
"""The columns of which `line_of` makes a line."""

_LINES = select(*LINE, chat_contexts.c.asked, chat_contexts.c.addressed).where(
    chat_contexts.c.chat_bot_instance_id == bindparam("link_id"), IS_KNOWN
)
_NEWEST_FIRST = _LINES.order_by(chat_contexts.c.message_order.desc())


@lru_cache(maxsize=16)
def _latest(most: int) -> Prepared:
    """With the number in its text: of a bound one PostgreSQL thinks that it may be thousands, and plans for each value
    anew, which in partitions takes longer than the reading."""
    return Prepared(_NEWEST_FIRST.limit(literal_column(str(most))))


# Counted from the end of the history, where the index leads: `waiting` lines are unread, so it stops at the first one.
_WAITING = _NEWEST_FIRST.where(chat_contexts.c.asked > bindparam("answered")).limit(bindparam("waiting")).subquery()
_UNREAD = select(_WAITING).order_by(_WAITING.c.asked).limit(bindparam("most"))
_ERASE = delete(chat_contexts).where(
    chat_contexts.c.chat_bot_instance_id == bindparam("link_id"),
    IS_KNOWN,
    or_(chat_contexts.c.from_persona, chat_contexts.c.timestamp < bindparam("before")),
)
FORGOTTEN: Mapping[str, Any] = {
    "text": "",
    "user_name": "",
    "user_id": 0,
    "asked": None,
    "addressed": False,
    "decision": None,
    "reply_to": None,
    "forwarded_from": None,
    "html": None,
    "media": None,
    "imported": False,
}
"""What is left of a message that Telegram may bring again: its number."""

_BLANK = (
    update(chat_contexts)
    .where(chat_contexts.c.chat_bot_instance_id == bindparam("b_link_id"), IS_KNOWN)
    .values(FORGOTTEN)
)
_REOPEN = (
    update(links)
    .where(links.c.id == bindparam("b_link_id"), links.c.folded_order >= bindparam("b_order"))
    .values(folded_order=bindparam("b_order") - 1)
)
_OUTLIVED = (
    select(chat_contexts.c.id)
    .where(_IS_FORGOTTEN, chat_contexts.c.timestamp < bindparam("before"))
    .limit(bindparam("most"))
)
_TIDY = delete(chat_contexts).where(chat_contexts.c.id.in_(_OUTLIVED))


def add(
    connection: Connection,
    link_id: int,
    message: Incoming,
    *,
    asked: int | None = None,
    addressed: bool = False,
    decision: str | None = None,
) -> None:
    """Store a person's message; whoever calls has counted it, and so holds the link's row (`db/hearing.py`). Raises
    AlreadySeen when the link has this message, NotFound when the link is gone."""
    values = {
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
        "decision": decision,
        "reply_to": message.reply_to_message_id,
        "forwarded_from": message.forwarded_from.name if message.forwarded_from else None,
    }
    try:
        added = _put(connection, link_id, values)
    except IntegrityError:
        raise NotFound(f"link {link_id} is gone") from None
    if not added:
        raise AlreadySeen(f"message {message.message_id} is stored")


def add_own(connection: Connection, link_id: int, chat_id: int, message: SentMessage, text: str, *, now: float) -> bool:
    """Store what the persona said; whoever calls has counted it, and so holds the link's row. False: that message is
    stored, and stays as it is."""
    values = {
        "chat_bot_instance_id": link_id,
        "message_order": message.message_id,
        "chat_id": chat_id,
        "user_id": message.bot_telegram_id,
        "user_name": message.bot_name,
        "from_persona": True,
        "text": text,
        "timestamp": now,
        "asked": None,
        "addressed": False,
        "decision": None,
        "reply_to": None,
        "forwarded_from": None,
    }
    return _put(connection, link_id, values)


def _put(connection: Connection, link_id: int, values: Mapping[str, Any]) -> bool:
    """What Telegram brings takes the place of what was imported: an export may hold what is still to come. False: the
    line is stored already."""
    if _ADD_LINE[connection.dialect.name].run(connection, values) == 1:
        return True
    live = {f"b_{name}": value for name, value in values.items()}
    imported = connection.execute(_IMPORTED, live).first()
    if imported is None:
        return False
    connection.execute(_REPLACE, live)
    # The import has counted it, and so has whoever calls.
    connection.execute(_UNCOUNT, {"b_link_id": link_id, "b_own": int(imported.from_persona)})
    reopen(connection, link_id, values["message_order"])
    return True


def edit(connection: Connection, link_id: int, message: Incoming, *, edited_at: float) -> bool:
    """Replace a stored message's text by what it was edited to at `edited_at`, by Telegram's clock. Edits may come
    twice and in any order: the latest counts, and of two in the same second the one that came last. False: nothing
    has changed; or the message was never stored (an edit that overtakes it is lost), or is forgotten, and stays so."""
    values = {
        "b_link_id": link_id,
        "b_message_order": message.message_id,
        "b_text": message.text,
        "b_edited_at": edited_at,
    }
    is_changed = connection.execute(_EDIT, values).rowcount == 1
    if is_changed:
        reopen(connection, link_id, message.message_id)
    return is_changed


def reopen(connection: Connection, link_id: int, order: int) -> None:
    """Lines from `order` on came in, or changed, after their place was folded: when the link is folded next, those of
    them that are not indexed will be."""
    connection.execute(_REOPEN, {"b_link_id": link_id, "b_order": order})


def latest(connection: Connection, link_id: int, *, most: int, answered: int) -> list[HistoryLine]:
    """The newest `most` lines, oldest first; unread are those that asked for an answer after `answered`."""
    rows = _latest(most).all(connection, {"link_id": link_id})
    return [_line(row, answered) for row in reversed(rows)]


def to_answer(
    connection: Connection, link_id: int, *, answered: int, asked: int, most: int
) -> tuple[list[HistoryLine], int]:
    """At most `most` lines for a turn that answers what was asked after `answered`, and up to which `asked` it does.
    All unread lines are among them, however much was said since; when they are too many, the first that asked."""
    latest_lines = latest(connection, link_id, most=most, answered=answered)
    waiting = asked - answered
    if sum(line.unread for line in latest_lines) >= waiting:
        return latest_lines, asked
    values = {"link_id": link_id, "answered": answered, "waiting": waiting, "most": most}
    rows = connection.execute(_UNREAD, values).all()
    room = most - len(rows)
    if room == 0:
        asked = rows[-1].asked
    read = [line for line in latest_lines if not line.unread]
    lines = [*(_line(row, answered) for row in rows), *read[len(read) - min(room, len(read)) :]]
    return sorted(lines, key=lambda line: line.message_order), asked


def forget(connection: Connection, link_id: int, *, now: float) -> int:
    """Erase what was said in a link; returns how many messages. Of those that Telegram may still bring again, their
    numbers stay known for a while."""
    erased = connection.execute(_ERASE, {"link_id": link_id, "before": now - FORGOTTEN_KEPT}).rowcount
    return erased + connection.execute(_BLANK, {"b_link_id": link_id}).rowcount


def tidy(connection: Connection, *, now: float, most: int) -> int:
    """Drop at most so many numbers of forgotten messages that Telegram does not bring any more; returns how many."""
    return connection.execute(_TIDY, {"before": now - FORGOTTEN_KEPT, "most": most}).rowcount


def line_of(row: Sequence[Any]) -> HistoryLine:
    """From the columns `LINE`."""
    message_order, sender_id, sender_name, from_persona, text, sent_at, is_forwarded = row
    return HistoryLine(
        message_order=message_order,
        sender_id=sender_id,
        sender_name=sender_name,
        from_persona=bool(from_persona),
        text=text,
        sent_at=sent_at,
        is_forwarded=bool(is_forwarded),
    )


def _line(row: Sequence[Any], answered: int) -> HistoryLine:
    message_order, sender_id, sender_name, from_persona, text, sent_at, is_forwarded, asked, addressed = row
    return HistoryLine(
        message_order=message_order,
        sender_id=sender_id,
        sender_name=sender_name,
        from_persona=from_persona,
        text=text,
        sent_at=sent_at,
        unread=asked is not None and asked > answered,
        addressed=addressed,
        is_forwarded=bool(is_forwarded),
    )
