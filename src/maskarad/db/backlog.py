"""How much waits for somebody to begin with it."""

from sqlalchemy import Connection, and_, bindparam, func, literal_column, or_, select

from maskarad.db.served import IS_SERVED
from maskarad.db.tables import bot_instances
from maskarad.db.tables import chat_bot_instances as links

# Written as in the partial index of what is due. Bots at rest have links that stay due: nobody is to begin with them.
_IS_WAITING = and_(
    or_(links.c.asked > links.c.answered, links.c.parts > literal_column("0")),
    links.c.due_at <= bindparam("now"),
    or_(links.c.claim.is_(None), links.c.lease_until < bindparam("now")),
    links.c.active,
    IS_SERVED,
)
_WAITING = (
    select(links.c.bot_instance_id)
    .join(bot_instances, bot_instances.c.id == links.c.bot_instance_id)
    .where(_IS_WAITING)
    .order_by(links.c.due_at)
    .limit(bindparam("most"))
    .subquery("waiting")
)
_BY_BOT = select(_WAITING.c.bot_instance_id, func.count()).group_by(_WAITING.c.bot_instance_id)

_OLDEST = (
    select(links.c.due_at)
    .join(bot_instances, bot_instances.c.id == links.c.bot_instance_id)
    .where(_IS_WAITING)
    .order_by(links.c.due_at)
    .limit(1)
)


def waiting(connection: Connection, *, now: float, most: int) -> dict[int, int]:
    """By bot, how many links have work that is due and nobody at it. Of all bots together no more than `most` are
    counted, the longest waiting first."""
    return dict(connection.execute(_BY_BOT, {"now": now, "most": most}).all())


def oldest(connection: Connection, *, now: float) -> float | None:
    """Since when the longest waiting of them has been due; None when none waits."""
    return connection.execute(_OLDEST, {"now": now}).scalar_one_or_none()
