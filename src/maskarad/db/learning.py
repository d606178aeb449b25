"""How far a link's lines have been learned: those behind `learned_id` are next, in the order they were stored. A line
is stored under its link's row lock, so no smaller id appears later. Lines that are `counted` are known whatever their
id."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, case, false, or_, select, update

from maskarad.db import statistics
from maskarad.db.tables import chat_bot_instances as links
from maskarad.db.tables import chat_contexts
from maskarad.memory.stats import Learned
from maskarad.values import ChatType, Value

_CURSOR = select(
    links.c.chat_type, links.c.messages, links.c.learned_messages, links.c.learned_id, links.c.erasures
).where(links.c.id == bindparam("link_id"))
_LINES = (
    select(
        chat_contexts.c.id,
        chat_contexts.c.user_id,
        chat_contexts.c.user_name,
        chat_contexts.c.from_persona,
        chat_contexts.c.addressed,
        chat_contexts.c.text,
        chat_contexts.c.timestamp,
        chat_contexts.c.forwarded_from.is_not(None).label("is_forwarded"),
    )
    .where(
        chat_contexts.c.chat_bot_instance_id == bindparam("link_id"),
        chat_contexts.c.id > bindparam("after"),
        chat_contexts.c.imported == false(),
        chat_contexts.c.counted == false(),
    )
    .order_by(chat_contexts.c.id)
    .limit(bindparam("most"))
)
_MOVE_ON = (
    update(links)
    .where(
        links.c.id == bindparam("b_id"),
        links.c.learned_id == bindparam("b_after"),
        links.c.erasures == bindparam("b_erasures"),
    )
    .values(
        learned_id=bindparam("b_learned_id"),
        learned_messages=case((bindparam("b_is_all"), bindparam("b_messages")), else_=links.c.learned_messages),
    )
)
_BEHIND = links.c.messages > links.c.learned_messages
_DUE = (
    select(links.c.id)
    .where(
        _BEHIND,
        or_(
            links.c.messages - links.c.learned_messages >= bindparam("enough"),
            links.c.last_message_at < bindparam("quiet_since"),
        ),
    )
    .order_by(links.c.last_message_at)
    .limit(bindparam("most"))
)


class Lesson(Value, frozen=True):
    """Lines that are still to be learned, and where the link stood when they were read. `is_all`: there are no more."""

    link_id: int
    in_private: bool
    messages: int
    after: int
    erasures: int
    lines: tuple["LiveLine", ...]
    is_all: bool


class LiveLine(Value, frozen=True):
    id: int
    user_id: int
    name: str
    from_persona: bool
    addressed: bool
    text: str
    said_at: float
    is_forwarded: bool = False

    @property
    def is_forgotten(self) -> bool:
        return self.user_id == 0 and not self.text


def lesson(connection: Connection, link_id: int, *, most: int) -> Lesson | None:
    """None when there is nothing to learn, or the link is gone."""
    cursor = connection.execute(_CURSOR, {"link_id": link_id}).first()
    if cursor is None or cursor.messages == cursor.learned_messages:
        return None
    rows = connection.execute(_LINES, {"link_id": link_id, "after": cursor.learned_id, "most": most}).all()
    return Lesson(
        link_id=link_id,
        in_private=cursor.chat_type == ChatType.PRIVATE.value,
        messages=cursor.messages,
        after=cursor.learned_id,
        erasures=cursor.erasures,
        lines=tuple(_line(row) for row in rows),
        is_all=len(rows) < most,
    )


def _line(row: Sequence[Any]) -> LiveLine:
    line_id, user_id, name, from_persona, addressed, text, said_at, is_forwarded = row
    return LiveLine(
        id=line_id,
        user_id=user_id,
        name=name,
        from_persona=from_persona,
        addressed=addressed,
        text=text,
        said_at=said_at,
        is_forwarded=is_forwarded,
    )


def keep(connection: Connection, taken: Lesson, learned: Learned) -> bool:
    """Merge what was learned of a lesson and move on, in one transaction. False, and nothing is kept: another process
    was faster, or something was erased since the lines were read."""
    values = {
        "b_id": taken.link_id,
        "b_after": taken.after,
        "b_erasures": taken.erasures,
        "b_learned_id": taken.lines[-1].id if taken.lines else taken.after,
        "b_is_all": taken.is_all,
        "b_messages": taken.messages,
    }
    if connection.execute(_MOVE_ON, values).rowcount != 1:
        return False
    if taken.lines:
        statistics.learn(connection, taken.link_id, learned)
    return True


def due(connection: Connection, *, enough: int, quiet_since: float, most: int) -> list[int]:
    """Links with that much unlearned, and those where nobody has written since then with anything unlearned; who has
    been quiet longest comes first."""
    values = {"enough": enough, "quiet_since": quiet_since, "most": most}
    return list(connection.execute(_DUE, values).scalars())
