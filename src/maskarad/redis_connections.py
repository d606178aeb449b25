"""How this platform talks to Redis, for all who do. Imported only by those who have one."""

import asyncio
from typing import Any

from redis.asyncio import BlockingConnectionPool
from redis.asyncio.connection import AbstractConnection, Connection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NoConnection

from maskarad.errors import SettingsError

PATIENCE = 0.25
"""Seconds that Redis may take for one answer. Whoever asks then goes on without, and nobody else asks."""
CONNECTIONS = 32
"""More questions than that at once wait for each other; Redis answers thousands a second on each."""


def open_pool(url: str, *, patience: float = PATIENCE) -> BlockingConnectionPool:
    """Connects lazily. A stale connection is noticed and replaced once a command. Raises SettingsError."""
    options: dict[str, Any] = {
        # RESP2 whatever the address says: with RESP3 the news of changed keys does not come as messages, and what is
        # in memory would be stale for its lifetime without a word.
        "protocol": 2,
        "decode_responses": False,
        "socket_timeout": patience,
        "socket_connect_timeout": patience,
        "retry": Retry(NoBackoff(), 1, supported_errors=(NoConnection,)),
        "max_connections": CONNECTIONS,
        "timeout": patience,
    }
    try:
        given: dict[str, Any] = {**parse_url(url), **options}
        given["connection_class"] = _saying_closed(given.get("connection_class", Connection))
        pool = BlockingConnectionPool(**given)
        pool.make_connection()  # type: ignore[no-untyped-call]  # redis-py has no types there
    except (ValueError, TypeError):
        # Not its words: they may hold a part of the password.
        raise SettingsError("REDIS_URL: is not an address of a Redis, or has an option that no Redis knows") from None
    return pool


def _saying_closed(kind: type[AbstractConnection]) -> type[AbstractConnection]:
    """uvloop answers with a RuntimeError when something is written to a connection that the other side has just closed;
    to redis-py, and so to all who ask, that is no loss of a connection."""

    class Saying(kind):  # type: ignore[misc,valid-type]
        async def send_packed_command(self, *args: Any, **kwargs: Any) -> None:
            try:
                await super().send_packed_command(*args, **kwargs)
            except RuntimeError as error:
                raise NoConnection("closed by Redis") from error

    return Saying


def end_if_cancelled() -> None:
    """A cancellation that comes as one of redis-py's own timeouts ends is lost in there (8.1). To be called after each
    question of a loop. Raises CancelledError."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
