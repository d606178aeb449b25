"""Who carries out errands: a few at once, fairly, once, and by another when a process dies or ends."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import TypeVar

import pytest
from sqlalchemy import select

from maskarad.db import errands as rows
from maskarad.db import tables
from maskarad.db.engine import Database, Query
from maskarad.db.errands import FailedErrand, NewErrand
from maskarad.errors import DatabaseUnavailable, StatementTimedOut
from maskarad.jobs.errands import Errands
from maskarad.jobs.held import MOST_ATTEMPTS, Ending, Held, Lane, Unreadable
from maskarad.jobs.leases import LEASE
from tests.support.clock import FakeClock
from tests.support.people import ALICE, BOB, CHARLIE
from tests.support.until import until

T = TypeVar("T")


class Porter:
    """Notes what it was given, and is done with it when told to."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.greeted: list[str] = []
        self.done: list[str] = []
        self.ended: list[tuple[str, Ending]] = []
        self.go_on = asyncio.Event()
        self.failure: Exception | None = None

    async def carry_out(self, held: Held) -> None:
        name = held.errand.payload
        self.begun.append(name)
        await self.go_on.wait()
        if self.failure is not None:
            raise self.failure

        async def deliver() -> None:
            self.done.append(name)

        await held.send(deliver)

    async def greet(self, held: Held) -> None:
        await held.note("greeted")
        self.greeted.append(held.errand.payload)

    async def end(self, held: Held, ending: Ending) -> None:
        self.ended.append((held.errand.payload, ending))


class Away:
    """A database that may be away from one process."""

    engines = ()

    def __init__(self, database: Database) -> None:
        self.database = database
        self.away = False

    async def read(self, query: Query[T]) -> T:
        if self.away:
            raise DatabaseUnavailable("away")
        return await self.database.read(query)

    async def write(self, query: Query[T]) -> T:
        if self.away:
            raise DatabaseUnavailable("away")
        return await self.database.write(query)

    async def close(self) -> None: ...


class Yard:
    """Several processes over one database."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.database = database
        self.clock = clock
        self.processes: list[Errands] = []

    def process(self, porter: Porter, kind: str = "parcel", *, most: int = 1, greets: bool = False) -> Errands:
        made = Errands(self.database, [Lane({kind: porter}, most=most, greets=greets)], clock=self.clock)
        self.processes.append(made)
        return made

    async def order(self, name: str, owner: int = ALICE.id, kind: str = "parcel") -> int:
        new = NewErrand(kind=kind, place=name, owner_id=owner, payload=name)
        errand_id = await self.database.write(lambda c: rows.order(c, new, most=99, now=self.clock()))
        assert errand_id is not None
        return errand_id

    async def left(self) -> list[str]:
        found = select(tables.errands.c.payload).order_by(tables.errands.c.id)
        return await self.database.read(lambda c: list(c.execute(found).scalars()))

    async def is_free(self) -> bool:
        held = select(tables.errands.c.id).where(tables.errands.c.claim.is_not(None))
        return await self.database.read(lambda c: c.execute(held).first()) is None

    async def failed(self) -> list[FailedErrand]:
        return await self.database.read(lambda c: rows.failed(c, most=10))

    async def is_empty(self) -> bool:
        return await self.left() == []


@pytest.fixture
async def yard(database: Database, clock: FakeClock) -> AsyncIterator[Yard]:
    made = Yard(database, clock)
    yield made
    for process in made.processes:
        await process.close()


def has(found: list[str], *wanted: str) -> Callable[[], bool]:
    return lambda: found == list(wanted)


async def test_what_was_rung_is_carried_out_and_its_row_goes(yard: Yard) -> None:
    porter = Porter()
    porter.go_on.set()
    yard.process(porter).ring(await yard.order("a"))
    await until(has(porter.done, "a"))
    await until(yard.is_empty)


async def test_what_was_not_rung_is_found_by_the_sweep(yard: Yard) -> None:
    porter = Porter()
    porter.go_on.set()
    process = yard.process(porter)
    for name in "abc":
        await yard.order(name)
    await process.sweep()
    await until(has(porter.done, "a", "b", "c"))


async def test_so_many_at_once_and_owners_take_turns(yard: Yard, clock: FakeClock) -> None:
    porter = Porter()
    process = yard.process(porter, most=2)
    for name in ("a1", "a2", "a3", "a4"):
        process.ring(await yard.order(name))
    await until(lambda: len(porter.begun) == 2)
    clock.advance(1)
    await yard.order("b", BOB.id)
    await yard.order("c", CHARLIE.id)
    await process.sweep()
    assert porter.begun == ["a1", "a2"]
    porter.go_on.set()
    await until(yard.is_empty)
    assert porter.begun[2:4] == ["b", "c"]
    assert sorted(porter.done) == ["a1", "a2", "a3", "a4", "b", "c"]


async def test_each_is_carried_out_by_one_of_several_processes(yard: Yard) -> None:
    porters = [Porter(), Porter(), Porter()]
    processes = [yard.process(porter, most=2) for porter in porters]
    names = [f"parcel {number}" for number in range(6)]
    for name in names:
        await yard.order(name)
    await asyncio.gather(*(process.sweep() for process in processes))
    await until(lambda: sum(len(porter.begun) for porter in porters) == 6)
    for porter in porters:
        porter.go_on.set()
    await until(yard.is_empty)
    assert sorted(name for porter in porters for name in porter.done) == names


async def test_what_waits_in_line_is_told_so_once(yard: Yard) -> None:
    porter = Porter()
    process = yard.process(porter, greets=True)
    for name in "abc":
        process.ring(await yard.order(name))
    await until(has(porter.greeted, "b", "c"))
    await process.sweep()
    porter.go_on.set()
    await until(yard.is_empty)
    assert (porter.greeted, porter.done) == (["b", "c"], ["a", "b", "c"])


async def test_cancelled_in_line_it_is_over_at_once_though_there_is_no_room(yard: Yard) -> None:
    porter = Porter()
    process = yard.process(porter)
    process.ring(await yard.order("a"))
    second = await yard.order("b")
    await until(has(porter.begun, "a"))
    await yard.database.write(lambda c: rows.cancel(c, second, now=yard.clock()))
    process.ring(second)
    await until(lambda: porter.ended == [("b", Ending.CANCELLED)])
    porter.go_on.set()
    await until(yard.is_empty)
    assert (porter.begun, porter.done) == (["a"], ["a"])


async def test_cancelled_under_way_it_ends_with_the_next_renewal(yard: Yard) -> None:
    porter = Porter()
    process = yard.process(porter)
    errand = await yard.order("a")
    process.ring(errand)
    await until(has(porter.begun, "a"))
    await yard.database.write(lambda c: rows.cancel(c, errand, now=yard.clock()))
    await process.renew()
    await until(lambda: porter.ended == [("a", Ending.CANCELLED)])
    await until(yard.is_empty)
    assert porter.done == []


async def test_a_process_that_ends_gives_back_what_it_has_and_another_goes_on(yard: Yard) -> None:
    first, second = Porter(), Porter()
    ending = yard.process(first)
    ending.ring(await yard.order("a"))
    await until(has(first.begun, "a"))
    await ending.close()
    assert await yard.is_free()
    second.go_on.set()
    await yard.process(second).sweep()
    await until(has(second.done, "a"))
    assert (first.done, first.ended) == ([], [])


async def test_what_is_claimed_as_the_process_ends_is_given_back(yard: Yard) -> None:
    porter = Porter()
    process = yard.process(porter, most=9)
    for number in range(9):
        await yard.order(f"parcel {number}")
    taking = asyncio.create_task(process.sweep())
    await until(lambda: process.under_way > 0)
    await process.close()
    await taking
    assert (process.under_way, porter.done) == (0, [])
    assert await yard.is_free()


async def test_one_that_was_stopped_past_its_lease_delivers_nothing_any_more(yard: Yard, clock: FakeClock) -> None:
    """Its late word comes after another process has taken over."""
    late, quick = Porter(), Porter()
    stopped = yard.process(late)
    stopped.ring(await yard.order("a"))
    await until(has(late.begun, "a"))
    clock.advance(LEASE + 1)
    await yard.process(quick).sweep()
    await until(has(quick.begun, "a"))
    late.go_on.set()
    await until(lambda: stopped.under_way == 0)
    assert (late.done, late.ended) == ([], [])
    quick.go_on.set()
    await until(has(quick.done, "a"))
    await until(yard.is_empty)


async def test_who_finds_its_claim_lost_stops(yard: Yard, clock: FakeClock) -> None:
    late, quick = Porter(), Porter()
    stopped = yard.process(late)
    stopped.ring(await yard.order("a"))
    await until(has(late.begun, "a"))
    clock.advance(LEASE + 1)
    await yard.process(quick).sweep()
    await until(has(quick.begun, "a"))
    await stopped.renew()
    await until(lambda: stopped.under_way == 0)
    assert late.ended == []


async def test_a_process_that_takes_back_its_own_lost_errand_does_it_once(yard: Yard, clock: FakeClock) -> None:
    porter = Porter()
    process = yard.process(porter, most=2)
    process.ring(await yard.order("a"))
    await until(has(porter.begun, "a"))
    clock.advance(LEASE + 1)
    await process.sweep()
    await until(has(porter.begun, "a", "a"))
    await process.renew()
    porter.go_on.set()
    await until(yard.is_empty)
    assert porter.done == ["a"]


@pytest.mark.parametrize(
    ("failure", "word"),
    [
        (ValueError("a secret of somebody's"), "ValueError"),
        (StatementTimedOut("the statement took too long"), "StatementTimedOut: the statement took too long"),
    ],
    ids=["fault", "timeout"],
)
async def test_what_fails_is_tried_again_ever_later_and_then_kept(
    yard: Yard, clock: FakeClock, failure: Exception, word: str
) -> None:
    porter = Porter()
    porter.failure = failure
    porter.go_on.set()
    process = yard.process(porter)
    errand = await yard.order("a")
    pauses = []
    for attempt in range(1, MOST_ATTEMPTS + 1):
        await process.sweep()
        await until(partial(has_begun, yard, porter, attempt))
        pauses.append(await pause_of(yard))
        clock.advance(pauses[-1])
    assert pauses == [2, 4, 8, 16, 0]
    assert porter.ended == [("a", Ending.FAILED)]
    [failed] = await yard.failed()
    assert (failed.id, failed.attempts, failed.error) == (errand, MOST_ATTEMPTS, word)
    porter.failure = None
    await yard.database.write(lambda c: rows.requeue(c, errand))
    await process.sweep()
    await until(has(porter.done, "a"))


async def test_what_kills_its_process_each_time_is_kept_too(yard: Yard, clock: FakeClock) -> None:
    await yard.order("a")
    for _ in range(MOST_ATTEMPTS):
        killed = Porter()
        await yard.process(killed).sweep()
        await until(has(killed.begun, "a"))
        clock.advance(LEASE + 1)
    last = Porter()
    await yard.process(last).sweep()
    await until(lambda: last.ended == [("a", Ending.FAILED)])
    await until(yard.is_free)
    [failed] = await yard.failed()
    assert failed.error == "its process died each time"
    assert last.begun == []


async def test_what_cannot_be_read_is_over_at_once(yard: Yard) -> None:
    porter = Porter()
    porter.failure = Unreadable("it is in a form that this version does not know")
    porter.go_on.set()
    yard.process(porter).ring(await yard.order("a"))
    await until(lambda: porter.ended == [("a", Ending.FAILED)])
    await until(yard.is_free)
    [failed] = await yard.failed()
    assert failed.attempts == 1


async def test_after_the_database_was_away_the_living_keep_what_they_have(yard: Yard, clock: FakeClock) -> None:
    busy, eager = Porter(), Porter()
    living, database = yard.process(busy), Away(yard.database)
    living.ring(await yard.order("a"))
    await until(has(busy.begun, "a"))
    other = Errands(database, [Lane({"parcel": eager}, most=9)], clock=clock)
    yard.processes.append(other)
    database.away = True
    with pytest.raises(DatabaseUnavailable):
        await other.sweep()
    database.away = False
    clock.advance(LEASE + 1)
    await other.sweep()
    assert other.under_way == 0
    await living.renew()
    clock.advance(LEASE - 1)
    await other.sweep()
    clock.advance(LEASE + 1)
    assert eager.begun == []
    await other.sweep()
    await until(has(eager.begun, "a"))


async def test_a_kind_of_a_newer_version_is_left_to_newer_processes(yard: Yard) -> None:
    old, new = Porter(), Porter()
    new.go_on.set()
    await yard.order("a", kind="song")
    await yard.process(old).sweep()
    assert await yard.is_free()
    await yard.process(new, "song").sweep()
    await until(has(new.done, "a"))
    assert old.begun == []


async def has_begun(yard: Yard, porter: Porter, times: int) -> bool:
    return len(porter.begun) == times and await yard.is_free()


async def pause_of(yard: Yard) -> float:
    due = select(tables.errands.c.due_at).where(tables.errands.c.failed_at.is_(None))
    found = await yard.database.read(lambda c: c.execute(due).scalar_one_or_none())
    return 0 if found is None else found - yard.clock()
