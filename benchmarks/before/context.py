"""The context store that the second document starts from: `sqlite3`, a connection for each call, and no index.

Its functions are synchronous and are called from coroutines as they are. The table is the platform's.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

_CREATE = """
    CREATE TABLE IF NOT EXISTS chat_contexts (
        id INTEGER PRIMARY KEY,
        chat_bot_instance_id INTEGER NOT NULL,
        message_order BIGINT NOT NULL,
        chat_id BIGINT NOT NULL,
        user_id BIGINT NOT NULL,
        user_name TEXT NOT NULL,
        from_persona BOOLEAN NOT NULL,
        text TEXT NOT NULL,
        timestamp DOUBLE NOT NULL,
        asked BIGINT,
        addressed BOOLEAN NOT NULL DEFAULT false
    )
"""
_SAVE = """
    INSERT INTO chat_contexts
        (chat_bot_instance_id, message_order, chat_id, user_id, user_name, from_persona, text, timestamp)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_LATEST = """
    SELECT chat_bot_instance_id, message_order, chat_id, user_id, user_name, from_persona, text, timestamp
    FROM chat_contexts WHERE chat_id = ? ORDER BY timestamp DESC LIMIT ?
"""


class ContextMessage(NamedTuple):
    chat_bot_instance_id: int
    message_order: int
    chat_id: int
    user_id: int
    user_name: str
    from_persona: bool
    text: str
    timestamp: float
    """Unix seconds."""


def init_db(file: Path) -> None:
    with _connected(file) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(_CREATE)


def save_message(file: Path, message: ContextMessage) -> None:
    with _connected(file) as connection:
        connection.execute(_SAVE, message)


def get_context(file: Path, chat_id: int, limit: int = 40) -> list[ContextMessage]:
    """The newest messages of a chat, oldest first."""
    with _connected(file) as connection:
        rows = connection.execute(_LATEST, (chat_id, limit)).fetchall()
    return [ContextMessage._make(row)._replace(from_persona=bool(row[5])) for row in reversed(rows)]


@contextmanager
def _connected(file: Path) -> Iterator[sqlite3.Connection]:
    """Commits at the end of the block."""
    with closing(sqlite3.connect(file)) as connection, connection:
        yield connection
