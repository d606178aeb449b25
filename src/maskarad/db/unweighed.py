"""Messages that were stored by a process without the analyser and could not be judged there: each waits in a row, at
most some seconds, for a process that can.

Their words are in the history alone, so whoever corrects them there does so for these rows, too.
"""

from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Select, and_, bindparam, delete, func, insert, literal_column, or_, select

from maskarad.db.history import IS_KNOWN
from maskarad.db.prepared import Prepared, named_values
from maskarad.db.served import IS_SERVED
from maskarad.db.tables import bot_instances, chat_contexts, unweighed_remarks
from maskarad.db.tables import chat_bot_instances as links
from maskarad.values import Incoming, Value

_rows = unweighed_remarks.c

_PUT = Prepared(insert(unweighed_remarks).values(named_values(unweighed_remarks)))
_TAKE = Prepared(
    delete(unweighed_remarks)
    .where(
        _rows.chat_bot_instance_id == bindparam("link_id"),
        _rows.message_order == bindparam("message_order"),
    )
    .returning(_rows.message_order)
)
_ITS_LINE = and_(
    chat_contexts.c.chat_bot_instance_id == bindparam("link_id"),
    chat_contexts.c.message_order == _rows.message_order,
    IS_KNOWN,
)
_WAITING = Prepared(
    select(_rows.remark, _rows.message_order, func.coalesce(chat_contexts.c.text, literal_column("''")))
    .join_from(unweighed_remarks, chat_contexts, _ITS_LINE, isouter=True)
    .where(_rows.chat_bot_instance_id == bindparam("link_id"))
    .order_by(_rows.message_order)
    .limit(bindparam("most"))
)


def _overdue() -> Select[int, int]:
    """Of each bot so many links, and of all the bots' first before any's second, however much waits in a link. Of a bot
    at rest nothing is weighed; its rows are only to go once they are old."""
    left = (
        select(_rows.chat_bot_instance_id.label("link_id"), func.min(_rows.stored_at).label("since"))
        .where(_rows.stored_at <= bindparam("before"))
        .group_by(_rows.chat_bot_instance_id)
        .subquery("left_over")
    )
    # Looked up for each: joined, PostgreSQL may read all links there are.
    bot_id = select(links.c.bot_instance_id).where(links.c.id == left.c.link_id).scalar_subquery()
    of_bots = select(left.c.link_id, left.c.since, bot_id.label("bot_id")).subquery("of_bots")
    place = func.row_number().over(partition_by=of_bots.c.bot_id, order_by=of_bots.c.since)
    found = (
        select(of_bots.c.link_id, of_bots.c.bot_id, of_bots.c.since, place.label("place"))
        .join(bot_instances, bot_instances.c.id == of_bots.c.bot_id)
        .where(or_(IS_SERVED, of_bots.c.since <= bindparam("old")))
        .subquery("overdue")
    )
    return (
        select(found.c.link_id, found.c.bot_id)
        .where(found.c.place <= bindparam("of_each"))
        .order_by(found.c.place, found.c.since)
        .limit(bindparam("most"))
    )


_OVERDUE = _overdue()


class Unweighed(Value, frozen=True):
    """A message that takes a closer look than could be taken where it came in, and what was counted and drawn by lot
    there."""

    message: Incoming
    floods: bool = False
    """It asks, and its sender asks too fast."""
    may_get_reaction: bool = False
    """It is one of the few for which an emoji is considered."""


class Left(NamedTuple):
    """What waits under the number of a message. None: a process of other code wrote it, in a form that this one does
    not know."""

    message_id: int
    unweighed: Unweighed | None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Unweighed).decode


def put(connection: Connection, link_id: int, unweighed: Unweighed, *, now: float) -> None:
    """To be stored in the transaction that stores the message."""
    message = unweighed.message
    wordless = msgspec.structs.replace(unweighed, message=msgspec.structs.replace(message, text=""))
    values: dict[str, Any] = {
        "chat_bot_instance_id": link_id,
        "message_order": message.message_id,
        "user_id": message.sender.id,
        "remark": _encode(wordless).decode(),
        "stored_at": now,
    }
    _PUT.run(connection, values)


def waiting(connection: Connection, link_id: int, *, most: int) -> list[Left]:
    """The first `most` of a link, in their order, with their numbers and words as they are by now: no words where these
    are gone."""
    rows = _WAITING.all(connection, {"link_id": link_id, "most": most})
    return [Left(message_id, _unweighed(remark, message_id, text)) for remark, message_id, text in rows]


def _unweighed(remark: str, message_id: int, text: str) -> Unweighed | None:
    try:
        found = _decode(remark)
    except msgspec.DecodeError:
        return None
    message = msgspec.structs.replace(found.message, message_id=message_id, text=text)
    return msgspec.structs.replace(found, message=message)


def take(connection: Connection, link_id: int, message_id: int) -> bool:
    """Let it wait no more. False: it does not any more; one of many that take it gets it."""
    return _TAKE.first(connection, {"link_id": link_id, "message_order": message_id}) is not None


def overdue(connection: Connection, *, before: float, old: float, most: int, of_each: int) -> list[tuple[int, int]]:
    """Links, with their bots, in which something waits that was stored `before` then: nobody was rung for it, or nobody
    came. Of a bot at most `of_each`, those that wait longest; the longest waiting of every bot before the second of
    any. Those of bots that are not served are among them when it is as `old` as that."""
    values = {"before": before, "old": old, "most": most, "of_each": of_each}
    return [(link_id, bot_id) for link_id, bot_id in connection.execute(_OVERDUE, values)]
