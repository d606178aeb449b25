"""The daily backup: ordered when its hour has struck, and once for all that were missed."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from maskarad.backup.orders import order
from maskarad.backup.schedule import DAY, HOUR, PAUSE, Schedule, is_due
from maskarad.db import Connection, backups
from maskarad.db.backups import Backup
from maskarad.db.engine import Database
from maskarad.db.tables import errands
from maskarad.db.watching import watched
from tests.support.clock import FakeClock


def at(moment: str) -> float:
    return datetime.fromisoformat(f"2026-11-{moment}+00:00").timestamp()


@pytest.mark.parametrize(
    ("now", "last", "due"),
    [
        ("21T02:59", "20T03:00", False),
        ("21T03:00", "20T03:00", True),
        ("21T03:01", "21T03:00", False),
        ("21T23:59", "21T03:00", False),
        ("22T03:00", "21T03:30", True),
        ("21T01:00", "19T03:00", True),
        ("21T12:00", None, True),
    ],
)
def test_it_is_due_when_its_hour_has_struck(now: str, last: str | None, due: bool) -> None:
    assert is_due(at(now), 3, at(last) if last else None) is due


@given(st.integers(0, 23), st.floats(0, 10 * DAY), st.floats(0, 10 * DAY))
def test_a_day_has_one(hour: int, now: float, more: float) -> None:
    now += 1e9
    assert not is_due(now, hour, now)
    assert is_due(now + DAY, hour, now)
    if is_due(now + more, hour, now):
        assert not is_due(now + more, hour, now + more)
        assert any((now // HOUR + passed) % 24 == hour for passed in range(1, int(more // HOUR) + 2))


def test_no_hour_means_none() -> None:
    assert not is_due(at("21T12:00"), -1, None)


class Told:
    def __init__(self) -> None:
        self.rung: list[int] = []
        self.made: list[Backup] = []


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def scheduled(database: Database, clock: FakeClock, told: Told) -> Callable[[], Schedule]:
    clock.now = at("21T12:00")
    return lambda: Schedule(database, hour=3, ring=told.rung.append, made=told.made.append, clock=clock)


def made_one(connection: Connection, at: float, reason: str = "daily") -> None:
    backups.remember(connection, [Backup(file=f"{reason}-{at}", made_at=at, bytes=5, reason=reason)])
    connection.execute(errands.delete())


async def test_it_is_ordered_once_by_whoever_looks_first(
    database: Database, scheduled: Callable[[], Schedule], told: Told
) -> None:
    await scheduled().look()
    await scheduled().look()
    [(errand_id, payload)] = await database.read(
        lambda connection: connection.execute(select(errands.c.id, errands.c.payload)).all()
    )
    assert told.rung == [errand_id]
    assert '"asker_id":0' in payload


async def test_what_was_missed_for_days_is_made_up_for_once(
    database: Database, scheduled: Callable[[], Schedule], told: Told, clock: FakeClock
) -> None:
    await database.write(lambda connection: made_one(connection, clock.now))
    schedule = scheduled()
    await schedule.look()
    assert told.rung == []
    clock.advance(5 * DAY)
    await schedule.look()
    assert len(told.rung) == 1
    await database.write(lambda connection: made_one(connection, clock.now))
    clock.advance(2 * PAUSE)
    await schedule.look()
    assert len(told.rung) == 1
    assert [each.made_at for each in told.made] == [clock.now - 2 * PAUSE - 5 * DAY] * 2 + [clock.now - 2 * PAUSE]


async def test_one_from_a_clock_that_was_ahead_is_not_the_last(
    database: Database, scheduled: Callable[[], Schedule], told: Told, clock: FakeClock
) -> None:
    await database.write(lambda connection: made_one(connection, clock.now + 365 * DAY))
    assert (await database.read(partial(watched, now=clock.now))).last_backup is None
    await scheduled().look()
    assert (len(told.rung), told.made) == (1, [])
    await database.write(lambda connection: made_one(connection, clock.now))
    assert (await database.read(partial(watched, now=clock.now))).last_backup == clock.now
    await scheduled().look()
    assert [each.made_at for each in told.made] == [clock.now]
    assert len(told.rung) == 1


async def test_one_that_failed_is_ordered_again_after_a_pause_whoever_looks(
    database: Database, scheduled: Callable[[], Schedule], told: Told, clock: FakeClock
) -> None:
    schedules = [scheduled() for _ in range(3)]
    for seconds in (0.0, PAUSE / 2, PAUSE / 2 - 1.0, 1.0):
        clock.advance(seconds)
        for schedule in schedules:
            await schedule.look()
            await database.write(lambda connection: connection.execute(errands.delete()))
    assert len(told.rung) == 2


async def test_an_order_from_a_clock_that_was_ahead_is_not_waited_for(
    scheduled: Callable[[], Schedule], told: Told, clock: FakeClock, database: Database
) -> None:
    clock.advance(365 * DAY)
    await scheduled().look()
    await database.write(lambda connection: connection.execute(errands.delete()))
    clock.advance(-365 * DAY)
    await scheduled().look()
    assert len(told.rung) == 2


async def test_what_somebody_asked_for_is_not_the_daily_one(
    database: Database, scheduled: Callable[[], Schedule], told: Told, clock: FakeClock
) -> None:
    await database.write(lambda connection: made_one(connection, clock.now, "manual"))
    await scheduled().look()
    assert len(told.rung) == 1
    assert [each.reason for each in told.made] == ["manual"]


async def test_one_at_a_time(database: Database, clock: FakeClock) -> None:
    first = await database.write(lambda connection: order(connection, 1001, "uk", clock()))
    assert first is not None
    assert await database.write(lambda connection: order(connection, 1002, "en", clock())) is None
