"""Synchronous sessions from a pool, and the schema as it was before the indexes came."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.orm import Session, sessionmaker

POOL_SIZE = 5
MAX_OVERFLOW = 10

NEW_INDEXES = (
    "ix_chat_bot_active",
    "ix_chat_bot_instance",
    "ix_context_chat_order",
    "idx_messages_chat",
    "idx_messages_time",
    "idx_messages_user",
)
"""The named indexes that the two documents add. Primary keys and unique constraints are not among them: `_chat_bot_uc`,
one name an owner, and what is unique of a bot (persona, Telegram id, public id) stay."""

GetDb = Callable[[], AbstractContextManager[Session]]


def open_engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, pool_size=POOL_SIZE, max_overflow=MAX_OVERFLOW)
        event.listen(engine, "connect", _configure_sqlite)
        return engine
    return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_size=POOL_SIZE, max_overflow=MAX_OVERFLOW)


def sessions(engine: Engine) -> GetDb:
    """`with get_db() as db:` commits at the end of the block. Nobody awaits inside of one: a row that is locked would
    stay locked meanwhile, and the next who wants it would stop the only thread there is."""
    new_session = sessionmaker(engine, expire_on_commit=False)

    @contextmanager
    def get_db() -> Iterator[Session]:
        with new_session.begin() as db:
            yield db

    return get_db


def forget_indexes(url: str) -> None:
    """Take a database that the platform has migrated back to before the new indexes."""
    engine = open_engine(url)
    with engine.begin() as connection:
        for name in NEW_INDEXES:
            connection.execute(text(f"DROP INDEX IF EXISTS {name}"))
    engine.dispose()


def _configure_sqlite(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
