"""Updates that were put aside, and that somebody has asked to have handled again: `maskarad updates retry`."""

from collections.abc import Callable
from functools import partial

from maskarad.db import Connection, failed_updates
from maskarad.db.engine import Database
from maskarad.db.failed_updates import UpdateKey
from maskarad.telegram.handling import Quarantine, event_of

KNOWN = 1_000
"""Failed updates that a process has in mind; of more the latest."""

RETRIED = 100
"""Handled again after one look."""

LEASE = 60.0
"""Seconds after which another process takes one that was begun and neither failed nor worked."""


class Requeued:
    """For each process that updates come into."""

    def __init__(self, database: Database, quarantine: Quarantine, *, clock: Callable[[], float]) -> None:
        self._database = database
        self._quarantine = quarantine
        self._clock = clock

    async def look(self) -> None:
        """Learn which updates have failed anywhere, and handle those that are to be handled again. Raises
        DatabaseUnavailable."""
        known, requeued = await self._database.read(partial(_look, now=self._clock()))
        self._quarantine.remember([*known, *requeued])
        for key in requeued:
            await self._retry(key)

    async def _retry(self, key: UpdateKey) -> None:
        """Its row goes when it works; when not, it is put aside anew."""
        now = self._clock()
        body = await self._database.write(partial(failed_updates.claim, key=key, until=now + LEASE, now=now))
        if body is None:
            return
        try:
            event = event_of(body)
        except ValueError as error:
            await self._quarantine.failed(key, body, error)
        else:
            await self._quarantine.handle(event)


def _look(connection: Connection, now: float) -> tuple[list[UpdateKey], list[UpdateKey]]:
    known = failed_updates.latest(connection, most=KNOWN)
    return known, failed_updates.requeued(connection, now=now, most=RETRIED) if known else []
