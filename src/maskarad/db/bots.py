"""Bots: a Telegram bot token bound to one persona. Tokens are stored as ciphertext and leave here as ciphertext."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Column, Connection, Executable, Row, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import Update

from maskarad.db import personal, remains
from maskarad.db.lists import pieces
from maskarad.db.tables import bot_instances, bot_whitelist, chat_bot_instances, persona_configs, users
from maskarad.errors import NotFound, PersonaHasBot, TokenTaken
from maskarad.values import (
    Access,
    Bot,
    BotProfile,
    BotState,
    Chat,
    ChatType,
    StoredBot,
    WebhookIdentity,
    WhitelistEntry,
)

BOT_COLUMNS = (
    bot_instances.c.id.label("bot_id"),
    bot_instances.c.persona_config_id.label("bot_persona_id"),
    persona_configs.c.owner_id.label("bot_owner_id"),
    bot_instances.c.telegram_id.label("bot_telegram_id"),
    bot_instances.c.username.label("bot_username"),
    bot_instances.c.name.label("bot_name"),
    bot_instances.c.access.label("bot_access"),
    bot_instances.c.enabled.label("bot_enabled"),
    bot_instances.c.state.label("bot_state"),
    bot_instances.c.sees_all_group_messages.label("bot_sees_all"),
    bot_instances.c.version.label("bot_version"),
    bot_instances.c.stopped_at.is_not(None).label("bot_is_stopped"),
)

_JOINED = bot_instances.join(persona_configs, persona_configs.c.id == bot_instances.c.persona_config_id)
_STORED = (
    select(
        *BOT_COLUMNS,
        bot_instances.c.token.label("bot_token"),
        bot_instances.c.public_id.label("bot_public_id"),
        bot_instances.c.secret.label("bot_secret"),
    )
    .select_from(_JOINED)
    .order_by(bot_instances.c.id)
)
_ONE = _STORED.where(bot_instances.c.id == bindparam("bot_id"))
# Not in order: asked for the order of ids, SQLite walks the whole table rather than sort the few that changed.
_CHANGED = _STORED.order_by(None).where(bot_instances.c.changed_at >= bindparam("since"))
_IDS = select(bot_instances.c.id)
_OF_PERSONA = select(bot_instances.c.telegram_id).where(bot_instances.c.persona_config_id == bindparam("persona_id"))
_OWN = (
    select(bot_instances.c.token)
    .select_from(_JOINED)
    .where(bot_instances.c.id == bindparam("bot_id"), persona_configs.c.owner_id == bindparam("owner_id"))
)
_WHITELISTS = select(bot_whitelist.c.bot_instance_id, bot_whitelist.c.user_id).where(
    bot_whitelist.c.bot_instance_id.in_(bindparam("bot_ids", expanding=True))
)
_WHITELIST = (
    select(bot_whitelist.c.user_id, bot_whitelist.c.name)
    .where(bot_whitelist.c.bot_instance_id == bindparam("bot_id"))
    .order_by(bot_whitelist.c.name)
)


def _add(insert: Callable[..., postgresql.Insert | sqlite.Insert]) -> Executable:
    """Of a stopped owner it is stopped from the first moment. Whoever is just stopping them is waited for."""
    owner_stopped_at = (
        select(users.c.stopped_at)
        .join(persona_configs, persona_configs.c.owner_id == users.c.id)
        .where(persona_configs.c.id == bindparam("persona_id"))
        .with_for_update(read=True, of=users)
        .scalar_subquery()
    )
    new = insert(bot_instances).values(stopped_at=owner_stopped_at, stopped_with_owner=owner_stopped_at.is_not(None))
    return new.on_conflict_do_nothing().returning(bot_instances.c.id)


_ADD = {"sqlite": _add(sqlite.insert), "postgresql": _add(postgresql.insert)}
_REMOVE = delete(bot_instances).where(bot_instances.c.id == bindparam("bot_id"))
_WHITELIST_ADD = insert(bot_whitelist)
_WHITELIST_REMOVE = delete(bot_whitelist).where(
    bot_whitelist.c.bot_instance_id == bindparam("bot_id"), bot_whitelist.c.user_id == bindparam("user_id")
)
_GROUPS = (
    select(chat_bot_instances.c.chat_id, chat_bot_instances.c.chat_type, chat_bot_instances.c.title)
    .where(
        chat_bot_instances.c.bot_instance_id == bindparam("bot_id"),
        chat_bot_instances.c.active,
        chat_bot_instances.c.chat_type != ChatType.PRIVATE,
    )
    .order_by(chat_bot_instances.c.title)
)


def _set(**columns: Any) -> Update:
    return (
        update(bot_instances)
        .where(bot_instances.c.id == bindparam("b_id"))
        .values(version=bot_instances.c.version + 1, changed_at=bindparam("b_now"), **columns)
    )


_TOUCH = _set()
_SET_ACCESS = _set(access=bindparam("b_access"))
_SET_ENABLED = _set(enabled=bindparam("b_enabled"))
_SET_INVALID = _set(state=BotState.INVALID.value).where(
    bot_instances.c.state != BotState.INVALID.value, bot_instances.c.version == bindparam("b_version")
)
_SET_PROFILE = _set(
    name=bindparam("b_name"), username=bindparam("b_username"), sees_all_group_messages=bindparam("b_sees_all")
)


def _tell(told_at: Column[float]) -> Update:
    return (
        update(bot_instances)
        .where(bot_instances.c.id == bindparam("b_id"), func.coalesce(told_at, 0) <= bindparam("b_before"))
        .values({told_at: bindparam("b_now")})
    )


_TELL_CONFLICT = _tell(bot_instances.c.conflict_told_at)
_TELL_MODEL_FAILURE = _tell(bot_instances.c.model_failure_told_at)


def bot_from_row(row: Row[*tuple[Any, ...]], whitelist: frozenset[int] = frozenset()) -> Bot:
    return Bot(
        id=row.bot_id,
        persona_id=row.bot_persona_id,
        owner_id=row.bot_owner_id,
        telegram_id=row.bot_telegram_id,
        username=row.bot_username,
        name=row.bot_name,
        access=Access(row.bot_access),
        enabled=row.bot_enabled,
        state=BotState(row.bot_state),
        sees_all_group_messages=row.bot_sees_all,
        whitelist=whitelist,
        version=row.bot_version,
        is_stopped=row.bot_is_stopped,
    )


def bind(
    connection: Connection,
    persona_id: int,
    profile: BotProfile,
    *,
    token: str,
    webhook: WebhookIdentity,
    access: Access,
    now: float,
) -> int:
    """Bind a bot to a persona and return its id; `token` is ciphertext. Binding a persona's own bot again gives it the
    new token; its webhook stays, and so does a stop. Raises PersonaHasBot, TokenTaken, NotFound."""
    bound = connection.execute(_OF_PERSONA, {"persona_id": persona_id}).scalar_one_or_none()
    if bound is not None:
        return _rebind(connection, persona_id, profile, bound=bound, token=token, now=now)
    values = {
        "persona_id": persona_id,
        "persona_config_id": persona_id,
        "telegram_id": profile.telegram_id,
        "username": profile.username,
        "name": profile.name,
        "token": token,
        "public_id": webhook.public_id,
        "secret": webhook.secret,
        "access": access.value,
        "enabled": True,
        "state": BotState.WORKING.value,
        "sees_all_group_messages": profile.sees_all_group_messages,
        "version": 1,
        "created_at": now,
        "changed_at": now,
    }
    _raise_when_taken(connection, profile.telegram_id)
    try:
        bot_id = connection.execute(_ADD[connection.dialect.name], values).scalar_one_or_none()
    except IntegrityError:
        raise NotFound(f"there is no persona {persona_id}") from None
    if bot_id is None:
        _raise_when_taken(connection, profile.telegram_id)
        raise PersonaHasBot("this persona was given another bot meanwhile")
    return int(bot_id)


_TAKEN = select(bot_instances.c.id).where(bot_instances.c.telegram_id == bindparam("telegram_id"))
_REBIND = (
    update(bot_instances)
    .where(bot_instances.c.persona_config_id == bindparam("b_persona_id"))
    .values(
        token=bindparam("b_token"),
        username=bindparam("b_username"),
        name=bindparam("b_name"),
        sees_all_group_messages=bindparam("b_sees_all"),
        state=BotState.WORKING.value,
        conflict_told_at=None,
        version=bot_instances.c.version + 1,
        changed_at=bindparam("b_now"),
    )
    .returning(bot_instances.c.id)
)


def _raise_when_taken(connection: Connection, telegram_id: int) -> None:
    if connection.execute(_TAKEN, {"telegram_id": telegram_id}).first() is not None:
        raise TokenTaken("this bot is already bound to a persona")


def _rebind(connection: Connection, persona_id: int, profile: BotProfile, *, bound: int, token: str, now: float) -> int:
    if bound != profile.telegram_id:
        _raise_when_taken(connection, profile.telegram_id)
        raise PersonaHasBot("this persona already has another bot")
    values = {
        "b_persona_id": persona_id,
        "b_token": token,
        "b_username": profile.username,
        "b_name": profile.name,
        "b_sees_all": profile.sees_all_group_messages,
        "b_now": now,
    }
    return int(connection.execute(_REBIND, values).scalar_one())


def unbind(connection: Connection, bot_id: int) -> None:
    """Remove a bot with its links and history, what people stated there, and all that is known of it by its number.
    Raises NotFound."""
    personal.forget_said_in_chats(connection, bot_id)
    if connection.execute(_REMOVE, {"bot_id": bot_id}).rowcount != 1:
        raise NotFound(f"there is no bot {bot_id}")
    remains.forget(connection, bot_id)


def set_access(connection: Connection, bot_id: int, access: Access, *, now: float) -> None:
    _must_change(connection, _SET_ACCESS, {"b_id": bot_id, "b_access": access.value, "b_now": now})


def set_enabled(connection: Connection, bot_id: int, enabled: bool, *, now: float) -> None:
    _must_change(connection, _SET_ENABLED, {"b_id": bot_id, "b_enabled": enabled, "b_now": now})


def set_profile(connection: Connection, bot_id: int, profile: BotProfile, *, now: float) -> None:
    values = {
        "b_id": bot_id,
        "b_name": profile.name,
        "b_username": profile.username,
        "b_sees_all": profile.sees_all_group_messages,
        "b_now": now,
    }
    _must_change(connection, _SET_PROFILE, values)


def _must_change(connection: Connection, statement: Update, values: dict[str, Any]) -> None:
    if connection.execute(statement, values).rowcount != 1:
        raise NotFound(f"there is no bot {values['b_id']}")


def mark_invalid(connection: Connection, bot_id: int, *, version: int, now: float) -> bool:
    """Note that Telegram refuses the token that the bot had in that version. True for the one caller that found it out
    first; False when the bot has changed since, perhaps its token."""
    return connection.execute(_SET_INVALID, {"b_id": bot_id, "b_version": version, "b_now": now}).rowcount == 1


def may_tell_conflict(connection: Connection, bot_id: int, *, now: float, pause: float) -> bool:
    """Somebody else polls with the token. True for the one caller in `pause` seconds that is to tell the owner."""
    return _may_tell(connection, _TELL_CONFLICT, bot_id, now=now, pause=pause)


def may_tell_model_failure(connection: Connection, bot_id: int, *, now: float, pause: float) -> bool:
    """The model fails. True for the one caller in `pause` seconds that is to tell the owner."""
    return _may_tell(connection, _TELL_MODEL_FAILURE, bot_id, now=now, pause=pause)


def _may_tell(connection: Connection, tell: Update, bot_id: int, *, now: float, pause: float) -> bool:
    values = {"b_id": bot_id, "b_now": now, "b_before": now - pause}
    return connection.execute(tell, values).rowcount == 1


def whitelist(connection: Connection, bot_id: int) -> list[WhitelistEntry]:
    rows = connection.execute(_WHITELIST, {"bot_id": bot_id})
    return [WhitelistEntry(user_id=row.user_id, name=row.name) for row in rows]


def whitelist_add(connection: Connection, bot_id: int, entry: WhitelistEntry, *, now: float) -> None:
    """Let somebody in; letting them in twice changes the name only."""
    whitelist_remove(connection, bot_id, entry.user_id, now=now)
    connection.execute(_WHITELIST_ADD, {"bot_instance_id": bot_id, "user_id": entry.user_id, "name": entry.name})


def whitelist_remove(connection: Connection, bot_id: int, user_id: int, *, now: float) -> None:
    # The bot's row first: whoever changes the same list waits for it.
    _must_change(connection, _TOUCH, {"b_id": bot_id, "b_now": now})
    connection.execute(_WHITELIST_REMOVE, {"bot_id": bot_id, "user_id": user_id})


def groups(connection: Connection, bot_id: int) -> list[Chat]:
    """The groups that the bot is in."""
    rows = connection.execute(_GROUPS, {"bot_id": bot_id})
    return [Chat(id=row.chat_id, type=ChatType(row.chat_type), title=row.title) for row in rows]


def get(connection: Connection, bot_id: int) -> StoredBot:
    """Raises NotFound."""
    found = _stored(connection, connection.execute(_ONE, {"bot_id": bot_id}).all())
    if not found:
        raise NotFound(f"there is no bot {bot_id}")
    return found[0]


def token_of_own(connection: Connection, owner_id: int, bot_id: int) -> str:
    """The stored token (ciphertext) of an own bot. Raises NotFound, also when it is somebody else's."""
    token = connection.execute(_OWN, {"bot_id": bot_id, "owner_id": owner_id}).scalar_one_or_none()
    if token is None:
        raise NotFound(f"there is no bot {bot_id}")
    return str(token)


def everyone(connection: Connection) -> list[StoredBot]:
    return _stored(connection, connection.execute(_STORED).all())


def changed_since(connection: Connection, since: float) -> list[StoredBot]:
    """Bots added or changed at or after that moment; those unbound are missing from `ids`."""
    changed = _stored(connection, connection.execute(_CHANGED, {"since": since}).all())
    return sorted(changed, key=lambda each: each.bot.id)


def ids(connection: Connection) -> set[int]:
    return set(connection.execute(_IDS).scalars())


def _stored(connection: Connection, rows: "Any") -> list[StoredBot]:
    if not rows:
        return []
    allowed: dict[int, set[int]] = {}
    for bot_ids in pieces(row.bot_id for row in rows):
        for entry in connection.execute(_WHITELISTS, {"bot_ids": bot_ids}):
            allowed.setdefault(entry.bot_instance_id, set()).add(entry.user_id)
    return [
        StoredBot(
            bot=bot_from_row(row, frozenset(allowed.get(row.bot_id, ()))),
            token=row.bot_token,
            webhook=WebhookIdentity(public_id=row.bot_public_id, secret=row.bot_secret),
        )
        for row in rows
    ]
