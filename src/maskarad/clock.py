"""What time it is for the platform: on PostgreSQL the database's time, the same for all processes.

Leases, due times and slots are compared by whoever reads the row. A machine whose clock is a minute ahead would take
every claim of the others for abandoned; so no process asks its own clock, but how long ago the database told it the
time, by a counter that nobody sets.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

import structlog

from maskarad.db import Connection, moments
from maskarad.db.engine import Database
from maskarad.errors import DatabaseUnavailable

log = structlog.get_logger()

LONGEST_ANSWER = 1.0
"""Seconds; an answer that took longer says too little about the time."""

QUESTIONS = 3
"""At a time; the quickest answer says most."""

TRIES_AT_THE_START = 5

WORTH_TELLING = 2.0
"""Seconds by which a machine's clock may be wrong before its log says so."""

_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def steady() -> float:
    """Seconds that nobody sets, and that go on also while the process is stopped or the machine sleeps."""
    return time.clock_gettime(_STEADY)


class _Answer(NamedTuple):
    asked: float
    now: float
    answered: float

    @property
    def took(self) -> float:
        return self.answered - self.asked


class PlatformClock:
    """Unix seconds. Until `begin` they are the machine's own."""

    def __init__(self, *, machine: Callable[[], float] = time.time, steady: Callable[[], float] = steady) -> None:
        self._machine = machine
        self._steady = steady
        self._began = machine() - steady()
        self._told = False

    def __call__(self) -> float:
        return self._began + self._steady()

    async def begin(self, database: Database) -> None:
        """Set it for the first time: a process that starts by its machine's clock might take what is the others'.
        Raises DatabaseUnavailable, also when no answer comes quickly enough."""
        for _ in range(TRIES_AT_THE_START):
            if await self.ask(database):
                return
        raise DatabaseUnavailable(f"the database takes more than {LONGEST_ANSWER:g} s to say what time it is")

    async def ask(self, database: Database) -> bool:
        """Set it by the database. False: it took so long that the answer says too little. Raises
        DatabaseUnavailable."""
        answers = await database.read(lambda connection: [self._answer(connection) for _ in range(QUESTIONS)])
        quickest = min(answers, key=lambda answer: answer.took)
        if quickest.took > LONGEST_ANSWER:
            return False
        self._began = quickest.now - (quickest.asked + quickest.answered) / 2
        skew = self._machine() - self()
        if abs(skew) > WORTH_TELLING and not self._told:
            self._told = True
            log.warning("clock_is_wrong", seconds=round(skew, 1), meanwhile="the database's time counts")
        return True

    def _answer(self, connection: Connection) -> _Answer:
        """Measured without the wait for a connection."""
        return _Answer(asked=self._steady(), now=moments.now(connection), answered=self._steady())
