"""Updates that were put aside, and that somebody has asked to have handled again: `maskarad updates retry`."""

from collections.abc import Callable
from functools import partial

import structlog

from maskarad.db import Connection, failed_updates
from maskarad.db.engine import Database
from maskarad.db.failed_updates import UpdateKey
from maskarad.errors import DatabaseUnavailable, NotServed, StatementTimedOut
from maskarad.jobs.quarantine import Quarantine, event_of, fault, log_failure
from maskarad.telegram.handling import Handle

log = structlog.get_logger()

KNOWN = 1_000
"""Failed updates that a process has in mind; of more the latest."""

RETRIED = 100
"""Handled again after one look."""

LEASE = 60.0
"""Seconds after which one is begun again that was begun and neither failed nor worked, here or elsewhere."""


class Requeued:
    """For each process that updates come into. `act_on` returns when all that the event changes is stored, and raises
    when nothing came of it: NotServed where its bot is at rest."""

    def __init__(
        self, database: Database, quarantine: Quarantine, act_on: Handle, *, clock: Callable[[], float]
    ) -> None:
        self._database = database
        self._quarantine = quarantine
        self._act_on = act_on
        self._clock = clock

    async def look(self) -> None:
        """Learn which updates have failed anywhere, and handle those that are to be handled again. Raises
        DatabaseUnavailable."""
        known, requeued = await self._database.read(partial(_look, now=self._clock()))
        self._quarantine.remember([*known, *requeued])
        for key in requeued:
            await self._retry(key)

    async def _retry(self, key: UpdateKey) -> None:
        """Its row goes when it works; when not, it is put aside anew; as long as its bot is at rest it waits."""
        now = self._clock()
        body = await self._database.write(partial(failed_updates.claim, key=key, until=now + LEASE, now=now))
        if body is None:
            return
        try:
            await self._act_on(event_of(body))
        except NotServed as error:
            log.info("retry_waits", bot_id=key[0], update_id=key[1], error=str(error))
        except StatementTimedOut as error:
            await self._failed(key, error)
        except DatabaseUnavailable:
            raise
        except Exception as error:  # noqa: BLE001  # an update's outermost step: it stays aside, and the others go on
            await self._failed(key, error)
        else:
            await self._database.write(partial(failed_updates.drop, key=key))

    async def _failed(self, key: UpdateKey, error: Exception) -> None:
        fail_again = partial(failed_updates.fail_again, key=key, error=fault(error), now=self._clock())
        attempts = await self._database.write(fail_again)
        if attempts is not None:
            log_failure(key, attempts, error)


def _look(connection: Connection, now: float) -> tuple[list[UpdateKey], list[UpdateKey]]:
    known = failed_updates.latest(connection, most=KNOWN)
    return known, failed_updates.requeued(connection, now=now, most=RETRIED) if known else []
