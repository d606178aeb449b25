"""How this platform talks to Redis, for all who do. Imported only by those who have one."""

from typing import Any

from redis.asyncio import BlockingConnectionPool
from redis.asyncio.connection import parse_url
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
        pool = BlockingConnectionPool(**{**parse_url(url), **options})
        pool.make_connection()  # type: ignore[no-untyped-call]  # redis-py has no types there
    except (ValueError, TypeError):
        # Not its words: they may hold a part of the password.
        raise SettingsError("REDIS_URL: is not an address of a Redis, or has an option that no Redis knows") from None
    return pool
