"""What time it is for the platform: on PostgreSQL the database's time, the same for all processes.

Leases, due times and slots are compared by whoever reads the row. A machine whose clock is a minute ahead would take
every claim of the others for abandoned; so no process asks its own clock, but how long ago the database told it the
time, by a counter that nobody sets.
"""

import time
from collections.abc import Callable

import structlog

from maskarad.db import moments
from maskarad.db.engine import Database

log = structlog.get_logger()

LONGEST_ANSWER = 1.0
"""Seconds; an answer that took longer says too little about the time."""

WORTH_TELLING = 2.0
"""Seconds by which a machine's clock may be wrong before its log says so."""


class PlatformClock:
    """Unix seconds. Until the database has been asked they are the machine's own."""

    def __init__(
        self, *, machine: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic
    ) -> None:
        """`steady` never goes back, and goes on while the process is stopped."""
        self._machine = machine
        self._steady = steady
        self._began = machine() - steady()
        self._told = False

    def __call__(self) -> float:
        return self._began + self._steady()

    async def ask(self, database: Database) -> None:
        """Set it by the database. Raises DatabaseUnavailable."""
        asked = self._steady()
        now = await database.read(moments.now)
        answered = self._steady()
        if answered - asked > LONGEST_ANSWER:
            return
        self._began = now - (asked + answered) / 2
        skew = self._machine() - self()
        if abs(skew) > WORTH_TELLING and not self._told:
            self._told = True
            log.warning("clock_is_wrong", seconds=round(skew, 1), meanwhile="the database's time counts")
