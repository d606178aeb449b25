"""Users: Telegram accounts known to the platform, and the snapshot that the manager's navigation shows of one."""

from collections.abc import Callable

from sqlalchemy import Connection, Executable, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from maskarad.db.bots import BOT_COLUMNS, bot_from_row
from maskarad.db.personas import PERSONA_COLUMNS, persona_from_row
from maskarad.db.tables import bot_instances, persona_configs, users
from maskarad.values import Account, OwnedPersona, Sender, User


def _remember(insert: Callable[..., postgresql.Insert | sqlite.Insert]) -> Executable:
    new = insert(users).values(
        id=bindparam("id"),
        name=bindparam("name"),
        username=bindparam("username"),
        language=bindparam("language"),
        created_at=bindparam("created_at"),
    )
    return new.on_conflict_do_update(
        index_elements=[users.c.id], set_={"name": new.excluded.name, "username": new.excluded.username}
    )


_REMEMBER = {"sqlite": _remember(sqlite.insert), "postgresql": _remember(postgresql.insert)}
_TAKE_USERNAME = (
    update(users)
    .where(users.c.username == bindparam("b_username"), users.c.id != bindparam("b_id"))
    .values(username=None)
)
_SET_LANGUAGE = update(users).where(users.c.id == bindparam("b_id")).values(language=bindparam("b_language"))
_BY_USERNAME = select(users.c.id, users.c.name).where(users.c.username == bindparam("username"))
_BY_ID = select(users.c.id, users.c.name, users.c.username).where(users.c.id == bindparam("user_id"))
_ACCOUNT = (
    select(
        *(
            column.label(f"user_{column.name}")
            for column in (users.c.id, users.c.name, users.c.username, users.c.language)
        ),
        *PERSONA_COLUMNS,
        *BOT_COLUMNS,
    )
    .select_from(users)
    .outerjoin(persona_configs, persona_configs.c.owner_id == users.c.id)
    .outerjoin(bot_instances, bot_instances.c.persona_config_id == persona_configs.c.id)
    .where(users.c.id == bindparam("user_id"))
    .order_by(persona_configs.c.id)
)
_LANGUAGE = select(users.c.language).where(users.c.id == bindparam("user_id"))


def remember(connection: Connection, sender: Sender, *, language: str, now: float) -> None:
    """Add a user, or bring name and username up to date; a known user's language stays as chosen. Whoever had the
    username before has it no longer: usernames change hands, and a whitelist must not let in the wrong person."""
    username = sender.username.lower() if sender.username else None
    if username is not None:
        connection.execute(_TAKE_USERNAME, {"b_username": username, "b_id": sender.id})
    connection.execute(
        _REMEMBER[connection.dialect.name],
        {
            "id": sender.id,
            "name": sender.name,
            "username": username,
            "language": language,
            "created_at": now,
        },
    )


def set_language(connection: Connection, user_id: int, language: str) -> None:
    connection.execute(_SET_LANGUAGE, {"b_id": user_id, "b_language": language})


def language_of(connection: Connection, user_id: int) -> str | None:
    return connection.execute(_LANGUAGE, {"user_id": user_id}).scalar_one_or_none()


def find_by_username(connection: Connection, username: str) -> Sender | None:
    """The user last seen under this @username (with or without @, any case)."""
    row = connection.execute(_BY_USERNAME, {"username": username.removeprefix("@").lower()}).first()
    return Sender(id=row.id, name=row.name, username=username.removeprefix("@")) if row else None


def find_by_id(connection: Connection, user_id: int) -> Sender | None:
    row = connection.execute(_BY_ID, {"user_id": user_id}).first()
    return Sender(id=row.id, name=row.name, username=row.username) if row else None


def load_account(connection: Connection, user_id: int) -> Account | None:
    """A user with personas and bots, in one statement."""
    rows = connection.execute(_ACCOUNT, {"user_id": user_id}).all()
    if not rows:
        return None
    first = rows[0]
    return Account(
        user=User(id=first.user_id, name=first.user_name, username=first.user_username, language=first.user_language),
        owned=tuple(
            OwnedPersona(persona=persona_from_row(row), bot=bot_from_row(row) if row.bot_id is not None else None)
            for row in rows
            if row.persona_id is not None
        ),
    )
