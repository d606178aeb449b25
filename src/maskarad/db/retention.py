"""Taking old lines out of histories, with the reactions to them. Only lines that are folded and learned go, so what
they said stands in the summary and in the statistics; counters go on counting them: they tell what was said, not what
is kept."""

from itertools import takewhile
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Connection,
    and_,
    bindparam,
    delete,
    literal_column,
    or_,
    select,
    update,
)

from maskarad.db.history import FORGOTTEN, FORGOTTEN_KEPT, IS_KNOWN
from maskarad.db.tables import chat_bot_instances as links
from maskarad.db.tables import chat_contexts, message_reactions
from maskarad.values import Value


class Keep(Value, frozen=True):
    """How many of the newest lines of a link are kept, and those said since when; None: all."""

    messages: int | None = None
    since: float | None = None

    @property
    def is_all(self) -> bool:
        return self.messages is None and self.since is None


_MESSAGES: BindParameter[int] = bindparam("messages", type_=BigInteger)
_ALL = 2**62


def _of_oldest(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return (
        select(column)
        .where(chat_contexts.c.chat_bot_instance_id == links.c.id, IS_KNOWN)
        .order_by(chat_contexts.c.message_order)
        .limit(1)
        .scalar_subquery()
    )


# Counted in the index alone: of lines that are forgotten, which count too, the numbers go after two days.
_HAS_MORE = (
    select(literal_column("1"))
    .where(chat_contexts.c.chat_bot_instance_id == links.c.id)
    .order_by(chat_contexts.c.message_order)
    .offset(_MESSAGES)
    .limit(1)
    .exists()
)
_CANDIDATES = (
    select(links.c.id)
    .where(
        links.c.id > bindparam("after"),
        or_(
            and_(
                links.c.messages > _MESSAGES,
                links.c.folded_order >= _of_oldest(chat_contexts.c.message_order),
                _HAS_MORE,
            ),
            bindparam("since") > _of_oldest(chat_contexts.c.timestamp),
        ),
    )
    .order_by(links.c.id)
    .limit(bindparam("most"))
)
_OF_LINK = and_(chat_contexts.c.chat_bot_instance_id == bindparam("link_id"), IS_KNOWN)
_DONE_TO = select(links.c.folded_order, links.c.learned_id).where(
    links.c.id == bindparam("link_id"), links.c.folded_order.is_not(None)
)
_OVER = (
    select(chat_contexts.c.message_order)
    .where(_OF_LINK)
    .order_by(chat_contexts.c.message_order.desc())
    .offset(bindparam("messages"))
    .limit(1)
)
_IS_LEARNED = or_(chat_contexts.c.imported, chat_contexts.c.counted, chat_contexts.c.id <= bindparam("learned_id"))
_OLDEST = (
    select(chat_contexts.c.message_order, chat_contexts.c.timestamp, _IS_LEARNED.label("is_learned"))
    .where(_OF_LINK, chat_contexts.c.message_order <= bindparam("folded_order"))
    .order_by(chat_contexts.c.message_order)
    .limit(bindparam("most"))
)
_NOT_SEEN_AGAIN = and_(
    chat_contexts.c.chat_bot_instance_id == bindparam("b_link_id"),
    IS_KNOWN,
    chat_contexts.c.message_order <= bindparam("b_to"),
)
_ERASE = delete(chat_contexts).where(
    _NOT_SEEN_AGAIN, or_(chat_contexts.c.from_persona, chat_contexts.c.timestamp < bindparam("b_before"))
)
_BLANK = update(chat_contexts).where(_NOT_SEEN_AGAIN).values(FORGOTTEN)
_DROP_REACTIONS = delete(message_reactions).where(
    message_reactions.c.chat_bot_instance_id == bindparam("link_id"),
    message_reactions.c.message_order <= bindparam("to"),
)


def candidates(connection: Connection, keep: Keep, *, after: int, most: int) -> list[int]:
    """Links that may have lines to lose, in the order of their ids, from the one behind `after` on."""
    messages = _ALL if keep.messages is None else keep.messages
    values = {"after": after, "messages": messages, "since": keep.since, "most": most}
    return list(connection.execute(_CANDIDATES, values).scalars())


def prune(connection: Connection, link_id: int, keep: Keep, *, most: int, now: float) -> int:
    """Take the oldest lines that are not to be kept out of a link, at most `most` of them; returns how many. Numbers
    that Telegram may still bring again stay known, as with `history.forget`."""
    link = {"link_id": link_id}
    done = connection.execute(_DONE_TO, link).first()
    if done is None:
        return 0
    over: int | None = None
    if keep.messages is not None:
        over = connection.execute(_OVER, {**link, "messages": keep.messages}).scalar_one_or_none()

    def goes(row: Any) -> bool:
        is_over = over is not None and row.message_order <= over
        return row.is_learned and (is_over or (keep.since is not None and row.timestamp < keep.since))

    going = list(takewhile(goes, connection.execute(_OLDEST, {**link, **done._mapping, "most": most})))
    if not going:
        return 0
    connection.execute(_DROP_REACTIONS, {**link, "to": going[-1].message_order})
    place = {"b_link_id": link_id, "b_to": going[-1].message_order}
    erased = connection.execute(_ERASE, {**place, "b_before": now - FORGOTTEN_KEPT}).rowcount
    return erased + connection.execute(_BLANK, place).rowcount
