"""What the rows tell of how the platform is doing, all of it looked at together."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Double, bindparam, exists, func, select

from maskarad.db import backlog, polling, processes
from maskarad.db.backups import AHEAD
from maskarad.db.lists import padded
from maskarad.db.processes import Process
from maskarad.db.served import IS_SERVED
from maskarad.db.tables import backups, bot_instances, polling_leases, users
from maskarad.db.tables import webhook_registrations as registrations
from maskarad.values import Value

MOST_COUNTED = 10_000
"""Links that are counted one by one; a queue as long as that is an alert anyhow."""

_LAST_BACKUP = select(func.max(backups.c.made_at)).where(backups.c.made_at <= bindparam("until", type_=Double))
_ANY_BOT = select(exists().select_from(bot_instances))
_UNREGISTERED = (
    select(bot_instances.c.username)
    .where(
        IS_SERVED,
        ~exists().where(registrations.c.bot_instance_id == bot_instances.c.id, registrations.c.done),
    )
    .order_by(bot_instances.c.username)
)
_HOLDERS = select(polling_leases.c.bot_instance_id, polling_leases.c.holder).where(
    polling_leases.c.bot_instance_id.in_(bindparam("bot_ids", expanding=True))
)
_USERNAMES = select(bot_instances.c.id, bot_instances.c.username).where(
    bot_instances.c.id.in_(bindparam("bot_ids", expanding=True)), IS_SERVED
)
_LANGUAGES = select(users.c.id, users.c.language).where(users.c.id.in_(bindparam("user_ids", expanding=True)))


class Watched(Value, frozen=True):
    """`waiting` are links with work that is due and nobody at it, and `oldest_due` since when the first of them has
    been due."""

    processes: Sequence[tuple[Process, str | None]]
    waiting: int
    oldest_due: float | None
    last_backup: float | None
    any_bot: bool


def watched(connection: Connection, *, now: float) -> Watched:
    return Watched(
        processes=processes.reports(connection),
        waiting=sum(backlog.waiting(connection, now=now, most=MOST_COUNTED).values()),
        oldest_due=backlog.oldest(connection, now=now),
        last_backup=connection.execute(_LAST_BACKUP, {"until": now + AHEAD}).scalar_one(),
        any_bot=bool(connection.execute(_ANY_BOT).scalar_one()),
    )


def unheard(connection: Connection, everyone: Sequence[Process]) -> tuple[bool, Sequence[str]]:
    """Whether none of these processes receives for the manager bot, and the usernames of bots that none does it for.
    One that works alone has no rows of whom it receives for, and is not to be given."""
    if any(each.polls for each in everyone):
        return polling.unpolled(connection)
    if any(processes.INTAKE in each.duties for each in everyone):
        return False, connection.execute(_UNREGISTERED).scalars().all()
    return False, ()


def holders(connection: Connection, bot_ids: Sequence[int]) -> Mapping[int, str]:
    """Which process polls for each of these bots."""
    rows = connection.execute(_HOLDERS, {"bot_ids": padded(bot_ids)})
    return {row.bot_instance_id: row.holder for row in rows}


def usernames(connection: Connection, bot_ids: Sequence[int]) -> Mapping[int, str]:
    """Of those that are to be served."""
    rows = connection.execute(_USERNAMES, {"bot_ids": padded(bot_ids)})
    return {row.id: row.username for row in rows}


def languages(connection: Connection, user_ids: Sequence[int]) -> Mapping[int, str]:
    rows = connection.execute(_LANGUAGES, {"user_ids": padded(user_ids)})
    return {row.id: row.language for row in rows if row.language}
