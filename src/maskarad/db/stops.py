"""What operators have stopped: bots, and people with all bots of theirs.

A bot that is stopped with its owner goes on with the owner; one that was stopped by itself is let go by itself. In each
transaction the owner's row comes before the bots', so that nobody waits in a circle.
"""

from collections.abc import Callable

from sqlalchemy import Connection, Executable, bindparam, func, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite

from maskarad.db.tables import bot_instances, persona_configs, users
from maskarad.errors import NotFound
from maskarad.values import Value

MOST_LISTED = 1_000


class StoppedBot(Value, frozen=True):
    """`with_owner`: it goes on when its owner does."""

    id: int
    username: str
    owner_id: int
    stopped_at: float
    with_owner: bool


class StoppedUser(Value, frozen=True):
    """`name` is the id in digits where nothing else is known."""

    id: int
    name: str
    username: str | None
    stopped_at: float


def _stop_user(insert: Callable[..., postgresql.Insert | sqlite.Insert]) -> Executable:
    new = insert(users).values(
        id=bindparam("id"),
        name=bindparam("name"),
        language=bindparam("language"),
        created_at=bindparam("now"),
        stopped_at=bindparam("now"),
    )
    return new.on_conflict_do_update(
        index_elements=[users.c.id],
        set_={"stopped_at": new.excluded.stopped_at},
        where=users.c.stopped_at.is_(None),
    ).returning(users.c.id)


_STOP_USER = {"sqlite": _stop_user(sqlite.insert), "postgresql": _stop_user(postgresql.insert)}
_LET_USER = (
    update(users)
    .where(users.c.id == bindparam("b_user_id"), users.c.stopped_at.is_not(None))
    .values(stopped_at=None, stop_told_at=None)
)
_OWNED = bot_instances.c.persona_config_id.in_(
    select(persona_configs.c.id).where(persona_configs.c.owner_id == bindparam("b_user_id"))
)
_CHANGED = {"version": bot_instances.c.version + 1, "changed_at": bindparam("b_now")}
_STOP_OWNED = (
    update(bot_instances)
    .where(_OWNED, bot_instances.c.stopped_at.is_(None))
    .values(stopped_at=bindparam("b_now"), stopped_with_owner=True, **_CHANGED)
)
_LET_OWNED = (
    update(bot_instances)
    .where(_OWNED, bot_instances.c.stopped_with_owner)
    .values(stopped_at=None, stopped_with_owner=False, **_CHANGED)
)
_COUNT_WITH_OWNER = select(func.count()).where(_OWNED, bot_instances.c.stopped_with_owner)
_OWNER_STOPPED_AT = (
    select(users.c.stopped_at)
    .join(persona_configs, persona_configs.c.owner_id == users.c.id)
    .join(bot_instances, bot_instances.c.persona_config_id == persona_configs.c.id)
    .where(bot_instances.c.id == bindparam("bot_id"))
    .with_for_update(read=True, of=users)
)
_IS_BOT = bot_instances.c.id == bindparam("b_id")
_STOPS_ALONE = bot_instances.c.stopped_at.is_not(None) & ~bot_instances.c.stopped_with_owner
_STOP_BOT = (
    update(bot_instances)
    .where(_IS_BOT, ~_STOPS_ALONE)
    .values(stopped_at=bindparam("b_now"), stopped_with_owner=False, **_CHANGED)
)
_LET_BOT = (
    update(bot_instances)
    .where(_IS_BOT, bot_instances.c.stopped_at.is_not(None))
    .values(stopped_at=None, stopped_with_owner=False, **_CHANGED)
)
_LEAVE_TO_OWNER = update(bot_instances).where(_IS_BOT).values(stopped_with_owner=True, **_CHANGED)
_IS_STOPPED = select(bot_instances.c.stopped_at.is_not(None)).where(
    bot_instances.c.persona_config_id == bindparam("persona_id")
)
_STOPPED_USERS = select(users.c.id).where(users.c.stopped_at.is_not(None))
_TELL = (
    update(users)
    .where(
        users.c.id == bindparam("b_user_id"),
        users.c.stopped_at.is_not(None),
        func.coalesce(users.c.stop_told_at, literal_column("0")) <= bindparam("b_before"),
    )
    .values(stop_told_at=bindparam("b_now"))
)
_LIST_USERS = (
    select(users.c.id, users.c.name, users.c.username, users.c.stopped_at)
    .where(users.c.stopped_at.is_not(None))
    .order_by(users.c.stopped_at.desc(), users.c.id)
    .limit(MOST_LISTED)
)
_LIST_BOTS = (
    select(
        bot_instances.c.id,
        bot_instances.c.username,
        persona_configs.c.owner_id,
        bot_instances.c.stopped_at,
        bot_instances.c.stopped_with_owner,
    )
    .join(persona_configs, persona_configs.c.id == bot_instances.c.persona_config_id)
    .where(bot_instances.c.stopped_at.is_not(None))
    .order_by(bot_instances.c.stopped_at.desc(), bot_instances.c.id)
    .limit(MOST_LISTED)
)


def stop_user(connection: Connection, user_id: int, *, language: str, now: float) -> bool:
    """Stop a person, known or not, and every bot of theirs; `language` is for somebody the platform has not met. False:
    they were stopped already."""
    values = {"id": user_id, "name": str(user_id), "language": language, "now": now}
    stopped = connection.execute(_STOP_USER[connection.dialect.name], values).first() is not None
    connection.execute(_STOP_OWNED, {"b_user_id": user_id, "b_now": now})
    return stopped


def let_user(connection: Connection, user_id: int, *, now: float) -> bool:
    """Let a person go on, and those bots of theirs that were stopped with them. False: they were not stopped."""
    if connection.execute(_LET_USER, {"b_user_id": user_id}).rowcount != 1:
        return False
    connection.execute(_LET_OWNED, {"b_user_id": user_id, "b_now": now})
    return True


def count_with_owner(connection: Connection, user_id: int) -> int:
    """Of a person's bots those that are stopped with them."""
    return int(connection.execute(_COUNT_WITH_OWNER, {"b_user_id": user_id}).scalar_one())


def stop_bot(connection: Connection, bot_id: int, *, now: float) -> bool:
    """Stop a bot by itself, whatever becomes of its owner. False: it was so already. Raises NotFound."""
    _lock_owner(connection, bot_id)
    return connection.execute(_STOP_BOT, {"b_id": bot_id, "b_now": now}).rowcount == 1


def let_bot(connection: Connection, bot_id: int, *, now: float) -> bool:
    """Let a bot go on. False: its owner is stopped, and it goes on with the owner. Raises NotFound."""
    goes_on = not _lock_owner(connection, bot_id)
    connection.execute(_LET_BOT if goes_on else _LEAVE_TO_OWNER, {"b_id": bot_id, "b_now": now})
    return goes_on


def _lock_owner(connection: Connection, bot_id: int) -> bool:
    """Whether the owner is stopped; that stays so until the transaction ends. Raises NotFound."""
    row = connection.execute(_OWNER_STOPPED_AT, {"bot_id": bot_id}).first()
    if row is None:
        raise NotFound(f"there is no bot {bot_id}")
    return row.stopped_at is not None


def is_bot_stopped(connection: Connection, persona_id: int) -> bool:
    """Whether the persona has a bot and it is stopped."""
    return bool(connection.execute(_IS_STOPPED, {"persona_id": persona_id}).scalar_one_or_none())


def stopped_users(connection: Connection) -> frozenset[int]:
    return frozenset(connection.execute(_STOPPED_USERS).scalars())


def may_tell(connection: Connection, user_id: int, *, now: float, pause: float) -> bool:
    """True for the one caller in `pause` seconds that is to tell a stopped person so."""
    values = {"b_user_id": user_id, "b_now": now, "b_before": now - pause}
    return connection.execute(_TELL, values).rowcount == 1


def list_users(connection: Connection) -> list[StoppedUser]:
    """The latest `MOST_LISTED`, the newest first."""
    return [StoppedUser(**row._mapping) for row in connection.execute(_LIST_USERS)]


def list_bots(connection: Connection) -> list[StoppedBot]:
    """The latest `MOST_LISTED`, the newest first."""
    rows = connection.execute(_LIST_BOTS)
    return [
        StoppedBot(
            id=row.id,
            username=row.username,
            owner_id=row.owner_id,
            stopped_at=row.stopped_at,
            with_owner=row.stopped_with_owner,
        )
        for row in rows
    ]
