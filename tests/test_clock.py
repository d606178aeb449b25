"""On PostgreSQL the database says what time it is, whatever the machine's clock shows."""

import time

import pytest

from maskarad.clock import LONGEST_ANSWER, PlatformClock
from maskarad.db.engine import Database, Query, T
from tests.support.clock import FakeClock

A_MINUTE = 60.0


class Answering:
    """A database that says the time, and takes its time for it."""

    def __init__(self, now: float, steady: FakeClock, takes: float) -> None:
        self.now, self.steady, self.takes = now, steady, takes

    async def read(self, _query: Query[T]) -> T:
        self.steady.advance(self.takes)
        return self.now  # type: ignore[return-value]


async def asked(machine: float, said: float, takes: float) -> PlatformClock:
    steady = FakeClock(1_000.0)
    clock = PlatformClock(machine=lambda: machine, steady=steady)
    await clock.ask(Answering(said, steady, takes))  # type: ignore[arg-type]
    return clock


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("skew", [-A_MINUTE, 0.0, A_MINUTE])
async def test_machines_whose_clocks_differ_agree_on_the_time(database: Database, skew: float) -> None:
    clock = PlatformClock(machine=lambda: time.time() + skew)
    assert clock() - time.time() == pytest.approx(skew, abs=1)
    await clock.ask(database)
    assert clock() - time.time() == pytest.approx(0, abs=1)


async def test_a_slow_answer_counts_from_its_middle() -> None:
    clock = await asked(machine=500.0, said=2_000.0, takes=0.5)
    assert clock() == pytest.approx(2_000.25)


async def test_an_answer_that_took_too_long_is_not_believed() -> None:
    clock = await asked(machine=500.0, said=2_000.0, takes=LONGEST_ANSWER + 1)
    assert clock() == pytest.approx(500.0 + LONGEST_ANSWER + 1)


async def test_a_machine_clock_that_jumps_later_changes_nothing() -> None:
    machine, steady = FakeClock(500.0), FakeClock(1_000.0)
    clock = PlatformClock(machine=machine, steady=steady)
    machine.advance(3_600)
    steady.advance(5)
    assert clock() == 505.0
