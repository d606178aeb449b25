"""What Telegram was told of webhooks, kept for all processes that receive by them (`telegram/webhooks.py`)."""

from collections.abc import Callable, Mapping, Sequence

from maskarad.db import Connection, registrations
from maskarad.db.engine import Database

CLAIMED = 60.0
"""Seconds that a process has for a registration before another one sees to it."""

LOOKED_AT_AGAIN = 900.0
"""Seconds after which Telegram is asked whether it still has what it was told."""

MOST_DUE = 100
"""Looked at in one round of one process."""


class StoredRegistrations:
    """`clock` gives Unix seconds, the same to all processes."""

    def __init__(self, database: Database, *, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def known(self) -> Mapping[int, str]:
        return await self._database.read(registrations.known)

    async def claim(self, bot_id: int, fingerprint: str) -> bool:
        now = self._clock()
        return await self._database.write(
            lambda connection: registrations.claim(connection, bot_id, fingerprint, now=now, until=now + CLAIMED)
        )

    async def keep(self, bot_id: int, fingerprint: str, seconds: float) -> None:
        until = self._clock() + seconds + CLAIMED
        await self._database.write(
            lambda connection: registrations.postpone(connection, bot_id, fingerprint, until=until)
        )

    async def done(self, bot_id: int, fingerprint: str) -> None:
        until = self._clock() + LOOKED_AT_AGAIN
        await self._database.write(lambda connection: registrations.done(connection, bot_id, fingerprint, until=until))

    async def leave(self, bot_id: int, fingerprint: str) -> bool | None:
        now = self._clock()
        return await self._database.write(
            lambda connection: registrations.leave(connection, bot_id, fingerprint, now=now, until=now + CLAIMED)
        )

    async def drop(self, bot_id: int, fingerprint: str) -> None:
        await self._database.write(lambda connection: registrations.drop(connection, bot_id, fingerprint))

    async def due(self) -> Sequence[tuple[int, str]]:
        now = self._clock()

        def take(connection: Connection) -> Sequence[tuple[int, str]]:
            registrations.forget_gone(connection, before=now - LOOKED_AT_AGAIN)
            return registrations.take_due(connection, now=now, until=now + CLAIMED, most=MOST_DUE)

        return await self._database.write(take)
