"""What a Redis that goes away does to those who ask it."""

import asyncio
import socket
import struct
import threading
from collections.abc import Iterator

import pytest
import uvloop
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as NoConnection

from maskarad.redis_connections import open_pool

TRIES = 1_000
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@pytest.fixture
def closing() -> Iterator[str]:
    """The address of something that takes every connection and breaks it at once."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        thread = threading.Thread(target=_break_all, args=(listening,))
        thread.start()
        yield f"redis://127.0.0.1:{listening.getsockname()[1]}/0"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def _break_all(listening: socket.socket) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)


def test_a_connection_that_breaks_as_it_is_made_is_a_lost_connection_and_nothing_else(closing: str) -> None:
    async def ask() -> None:
        async with Redis(connection_pool=open_pool(closing, patience=5.0)) as redis:
            for _ in range(TRIES):
                with pytest.raises(NoConnection):
                    await redis.ping()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(ask())
