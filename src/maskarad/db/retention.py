"""Taking old lines out of histories. Only lines that are folded go, so what they said stands in the summary; counters
and statistics go on counting them: they tell what was said, not what is kept."""

from itertools import takewhile
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, or_, select, update

from maskarad.db.history import FORGOTTEN, FORGOTTEN_KEPT, IS_KNOWN
from maskarad.db.tables import chat_bot_instances as links
from maskarad.db.tables import chat_contexts
from maskarad.values import Value


class Keep(Value, frozen=True):
    """How many of the newest lines of a link are kept, and those said since when; None: all."""

    messages: int | None = None
    since: float | None = None

    @property
    def is_all(self) -> bool:
        return self.messages is None and self.since is None


_OLDEST_AT = (
    select(chat_contexts.c.timestamp)
    .where(chat_contexts.c.chat_bot_instance_id == links.c.id, IS_KNOWN)
    .order_by(chat_contexts.c.message_order)
    .limit(1)
    .scalar_subquery()
)
_CANDIDATES = (
    select(links.c.id)
    .where(
        links.c.id > bindparam("after"),
        or_(links.c.messages > bindparam("messages"), bindparam("since") > _OLDEST_AT),
    )
    .order_by(links.c.id)
    .limit(bindparam("most"))
)
_OF_LINK = and_(chat_contexts.c.chat_bot_instance_id == bindparam("link_id"), IS_KNOWN)
_FOLDED_TO = (
    select(links.c.folded_order)
    .where(links.c.id == bindparam("link_id"), links.c.folded_order.is_not(None))
    .scalar_subquery()
)
_OVER = (
    select(chat_contexts.c.message_order)
    .where(_OF_LINK)
    .order_by(chat_contexts.c.message_order.desc())
    .offset(bindparam("messages"))
    .limit(1)
)
_OLDEST = (
    select(chat_contexts.c.message_order, chat_contexts.c.timestamp)
    .where(_OF_LINK, chat_contexts.c.message_order <= _FOLDED_TO)
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


def candidates(connection: Connection, keep: Keep, *, after: int, most: int) -> list[int]:
    """Links that may have lines to lose, in the order of their ids, from the one behind `after` on."""
    values = {"after": after, "messages": keep.messages, "since": keep.since, "most": most}
    return list(connection.execute(_CANDIDATES, values).scalars())


def prune(connection: Connection, link_id: int, keep: Keep, *, most: int, now: float) -> int:
    """Take the oldest lines that are not to be kept out of a link, at most `most` of them; returns how many. Numbers
    that Telegram may still bring again stay known, as with `history.forget`."""
    link = {"link_id": link_id}
    over: int | None = None
    if keep.messages is not None:
        over = connection.execute(_OVER, {**link, "messages": keep.messages}).scalar_one_or_none()

    def goes(row: Any) -> bool:
        is_over = over is not None and row.message_order <= over
        return is_over or (keep.since is not None and row.timestamp < keep.since)

    going = list(takewhile(goes, connection.execute(_OLDEST, {**link, "most": most})))
    if not going:
        return 0
    place = {"b_link_id": link_id, "b_to": going[-1].message_order}
    erased = connection.execute(_ERASE, {**place, "b_before": now - FORGOTTEN_KEPT}).rowcount
    return erased + connection.execute(_BLANK, place).rowcount
