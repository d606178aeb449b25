"""Bots and people as operators see them: who they are and whose, whether they are stopped, never what was said."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select

from maskarad.db.lists import padded
from maskarad.db.tables import bot_instances, persona_configs, users
from maskarad.errors import NotFound
from maskarad.values import BotState, Value


class SeenUser(Value, frozen=True):
    """Somebody the platform has not met has the id in digits for a name, and is not `known`. `bots` are ids and
    usernames."""

    id: int
    name: str
    username: str | None = None
    stopped_at: float | None = None
    personas: int = 0
    bots: tuple[tuple[int, str], ...] = ()
    known: bool = True


class SeenBot(Value, frozen=True):
    """`with_owner`: it is stopped because its owner is."""

    id: int
    username: str
    name: str
    persona: str
    owner: SeenUser
    enabled: bool
    state: BotState
    stopped_at: float | None
    with_owner: bool


class Named(Value, frozen=True):
    """One line of a list."""

    id: int
    name: str
    is_stopped: bool


_BOT = (
    select(
        bot_instances.c.id,
        bot_instances.c.username,
        bot_instances.c.name,
        bot_instances.c.enabled,
        bot_instances.c.state,
        bot_instances.c.stopped_at,
        bot_instances.c.stopped_with_owner,
        persona_configs.c.name.label("persona"),
        users.c.id.label("owner_id"),
        users.c.name.label("owner_name"),
        users.c.username.label("owner_username"),
        users.c.stopped_at.label("owner_stopped_at"),
    )
    .join(persona_configs, persona_configs.c.id == bot_instances.c.persona_config_id)
    .join(users, users.c.id == persona_configs.c.owner_id)
)
_BOT_BY_ID = _BOT.where(bot_instances.c.id == bindparam("bot_id"))
_BOT_AT_TELEGRAM = select(bot_instances.c.id).where(bot_instances.c.telegram_id == bindparam("telegram_id"))
_BOT_NAMED = select(bot_instances.c.id).where(func.lower(bot_instances.c.username) == bindparam("username"))
_USER = (
    select(
        users.c.id,
        users.c.name,
        users.c.username,
        users.c.stopped_at,
        persona_configs.c.id.label("persona_id"),
        bot_instances.c.id.label("bot_id"),
        bot_instances.c.username.label("bot_username"),
    )
    .outerjoin(persona_configs, persona_configs.c.owner_id == users.c.id)
    .outerjoin(bot_instances, bot_instances.c.persona_config_id == persona_configs.c.id)
    .where(users.c.id == bindparam("user_id"))
    .order_by(bot_instances.c.id)
)
_BOTS = select(bot_instances.c.id, bot_instances.c.username, bot_instances.c.stopped_at).where(
    bot_instances.c.id.in_(bindparam("ids", expanding=True))
)
_USERS = select(users.c.id, users.c.name, users.c.stopped_at).where(users.c.id.in_(bindparam("ids", expanding=True)))


def bot(connection: Connection, bot_id: int) -> SeenBot:
    """Raises NotFound."""
    row = connection.execute(_BOT_BY_ID, {"bot_id": bot_id}).first()
    if row is None:
        raise NotFound(f"there is no bot {bot_id}")
    return SeenBot(
        id=row.id,
        username=row.username,
        name=row.name,
        persona=row.persona,
        owner=SeenUser(
            id=row.owner_id, name=row.owner_name, username=row.owner_username, stopped_at=row.owner_stopped_at
        ),
        enabled=row.enabled,
        state=BotState(row.state),
        stopped_at=row.stopped_at,
        with_owner=row.stopped_with_owner,
    )


def bot_at_telegram(connection: Connection, telegram_id: int) -> int | None:
    """Our id of Telegram's."""
    return connection.execute(_BOT_AT_TELEGRAM, {"telegram_id": telegram_id}).scalar_one_or_none()


def bot_named(connection: Connection, username: str) -> int | None:
    """The id of the bot with this username, without @ and in any case."""
    return connection.execute(_BOT_NAMED, {"username": username.lower()}).scalar()


def user(connection: Connection, user_id: int) -> SeenUser:
    rows = connection.execute(_USER, {"user_id": user_id}).all()
    if not rows:
        return SeenUser(id=user_id, name=str(user_id), known=False)
    first = rows[0]
    return SeenUser(
        id=first.id,
        name=first.name,
        username=first.username,
        stopped_at=first.stopped_at,
        personas=sum(row.persona_id is not None for row in rows),
        bots=tuple((row.bot_id, row.bot_username) for row in rows if row.bot_id is not None),
    )


def bots_named(connection: Connection, ids: Collection[int]) -> dict[int, Named]:
    """Those of them that are still there."""
    return {row.id: _named(row, f"@{row.username}") for row in connection.execute(_BOTS, {"ids": padded(ids)})}


def users_named(connection: Connection, ids: Collection[int]) -> dict[int, Named]:
    """Those of them whom the platform knows."""
    return {row.id: _named(row, row.name) for row in connection.execute(_USERS, {"ids": padded(ids)})}


def _named(row: Row[*tuple[Any, ...]], name: str) -> Named:
    return Named(id=row.id, name=name, is_stopped=row.stopped_at is not None)
