"""What people put under the persona's messages, and what that makes of a link's liking."""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, and_, bindparam, delete, insert, select, update

from maskarad.db.prepared import named_values
from maskarad.db.tables import chat_bot_instances as links
from maskarad.db.tables import chat_contexts, message_reactions
from maskarad.values import ReactionChange, Value

_IS_LINE = and_(
    chat_contexts.c.chat_bot_instance_id == bindparam("link_id"),
    chat_contexts.c.message_order == bindparam("message_order"),
)
_IS_OWN = select(chat_contexts.c.id).where(_IS_LINE, chat_contexts.c.from_persona)
# PostgreSQL: whoever reacts at the same moment waits, and reads then what this transaction has written. SQLite has one
# writer anyway.
_IS_THERE = select(links.c.id).where(links.c.id == bindparam("link_id")).with_for_update()
_IS_REACTION = and_(
    message_reactions.c.chat_bot_instance_id == bindparam("link_id"),
    message_reactions.c.message_order == bindparam("message_order"),
    message_reactions.c.user_id == bindparam("user_id"),
)
_LATEST = (
    select(message_reactions.c.user_id, message_reactions.c.value, message_reactions.c.reacted_at)
    .where(
        message_reactions.c.chat_bot_instance_id == bindparam("link_id"),
        message_reactions.c.reacted_at >= bindparam("since"),
    )
    .order_by(message_reactions.c.reacted_at.desc())
    .limit(bindparam("most"))
)
_TAKE_BACK = delete(message_reactions).where(_IS_REACTION)
_ADD = insert(message_reactions).values(named_values(message_reactions))
_SET_LIKING = (
    update(links)
    .where(links.c.id == bindparam("b_id"))
    .values(liking=bindparam("b_liking"), liking_at=bindparam("b_now"), ignored=0)
)


LATEST = 500
"""So many of the latest reactions in a link make its liking."""


class Reacted(Value, frozen=True):
    """A person's reactions to one message of the persona's: what they are worth, -1 to 1, and when they were put."""

    user_id: int
    value: float
    at: float


def is_own(connection: Connection, link_id: int, message_id: int) -> bool:
    """The message is the persona's, and not forgotten."""
    return connection.execute(_IS_OWN, {"link_id": link_id, "message_order": message_id}).first() is not None


def record(
    connection: Connection,
    link_id: int,
    change: ReactionChange,
    value: float,
    judge: Callable[[Sequence[Reacted]], float],
    *,
    since: float,
    now: float,
) -> None:
    """Keep what a person's reactions to one of the persona's messages are from now on; none: they are taken back.
    `judge` gives the link's liking from all that were put there since `since` and still stand. A
    persona that people react to is not ignored. Nothing is kept where the message was erased meanwhile."""
    if connection.execute(_IS_THERE, {"link_id": link_id}).first() is None or not is_own(
        connection, link_id, change.message_id
    ):
        return
    whose = {"link_id": link_id, "message_order": change.message_id, "user_id": change.sender.id}
    connection.execute(_TAKE_BACK, whose)
    if change.emoji:
        row = {
            "chat_bot_instance_id": link_id,
            "message_order": change.message_id,
            "user_id": change.sender.id,
            "emoji": " ".join(change.emoji),
            "value": value,
            "reacted_at": now,
        }
        connection.execute(_ADD, row)
    latest = connection.execute(_LATEST, {"link_id": link_id, "since": since, "most": LATEST})
    standing = [Reacted(user_id=row[0], value=row[1], at=row[2]) for row in latest]
    connection.execute(_SET_LIKING, {"b_id": link_id, "b_liking": judge(standing), "b_now": now})
