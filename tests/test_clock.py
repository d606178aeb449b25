"""On PostgreSQL the database says what time it is, whatever the machine's clock shows."""

import time

import pytest

from maskarad.clock import LONGEST_ANSWER, PlatformClock
from maskarad.db.engine import Database, Query, T
from maskarad.errors import DatabaseUnavailable
from tests.support.clock import FakeClock

A_MINUTE = 60.0


class Answering:
    """A database that says the time, and takes its time for it: so long for a connection, so long for each answer, the
    last for all that follow."""

    def __init__(self, offset: float, steady: FakeClock, *takes: float, connection: float = 0.0) -> None:
        self.offset, self.steady, self.takes, self.connection = offset, steady, list(takes), connection

    async def read(self, query: Query[T]) -> T:
        self.steady.advance(self.connection)
        return query(self)  # type: ignore[arg-type]

    def execute(self, _statement: object) -> "Answering":
        return self

    def scalar_one(self) -> float:
        takes = self.takes.pop(0) if len(self.takes) > 1 else self.takes[0]
        said = self.steady.advance(takes / 2) + self.offset
        self.steady.advance(takes / 2)
        return said


OFFSET = 50_000.0
"""By which the database's time differs from what never goes back."""


def asking(*takes: float, connection: float = 0.0) -> tuple[PlatformClock, Database, FakeClock]:
    """A machine that is a minute ahead, and the database."""
    steady = FakeClock(1_000.0)
    clock = PlatformClock(machine=lambda: steady() + OFFSET + A_MINUTE, steady=steady)
    return clock, Answering(OFFSET, steady, *takes, connection=connection), steady  # type: ignore[return-value]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("skew", [-A_MINUTE, 0.0, A_MINUTE])
async def test_machines_whose_clocks_differ_agree_on_the_time(database: Database, skew: float) -> None:
    clock = PlatformClock(machine=lambda: time.time() + skew)
    assert clock() - time.time() == pytest.approx(skew, abs=1)
    await clock.begin(database)
    assert clock() - time.time() == pytest.approx(0, abs=1)


async def test_a_slow_answer_counts_from_its_middle_whatever_a_connection_took() -> None:
    clock, database, steady = asking(0.5, connection=5.0)
    await clock.begin(database)
    assert clock() == pytest.approx(steady() + OFFSET)


async def test_the_quickest_answer_counts() -> None:
    clock, database, steady = asking(0.9, 0.001, 0.9)
    lopsided = database.scalar_one  # type: ignore[attr-defined]

    def scalar_one() -> float:
        """What takes long takes it on the way back."""
        began = steady()
        said = lopsided()
        return float(said - (steady() - began) / 2)

    database.scalar_one = scalar_one  # type: ignore[attr-defined]
    await clock.begin(database)
    assert clock() == pytest.approx(steady() + OFFSET, abs=0.001)


async def test_an_answer_that_took_too_long_is_not_believed() -> None:
    clock, database, steady = asking(0.1, 0.1, 0.1, LONGEST_ANSWER + 1)
    await clock.begin(database)
    began = clock() - steady()
    assert not await clock.ask(database)
    assert clock() - steady() == began


async def test_at_the_start_it_is_asked_until_the_answer_is_quick_enough() -> None:
    clock, database, steady = asking(*[LONGEST_ANSWER + 1] * 4, 0.1)
    await clock.begin(database)
    assert clock() == pytest.approx(steady() + OFFSET)


async def test_nobody_starts_by_a_time_that_the_database_has_not_said() -> None:
    clock, database, _ = asking(LONGEST_ANSWER + 1)
    with pytest.raises(DatabaseUnavailable, match="what time it is"):
        await clock.begin(database)


async def test_a_machine_clock_that_jumps_later_changes_nothing() -> None:
    machine, steady = FakeClock(500.0), FakeClock(1_000.0)
    clock = PlatformClock(machine=machine, steady=steady)
    machine.advance(3_600)
    steady.advance(5)
    assert clock() == 505.0
