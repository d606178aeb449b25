"""A process that was stopped for a while, or cannot reach the database, sends nothing before it knows that it may."""

from functools import partial

import pytest

from maskarad.db import hearing, turns
from maskarad.db.engine import Database
from maskarad.errors import ClaimLost, DatabaseUnavailable
from maskarad.jobs.holding import MARGIN, Holding
from maskarad.jobs.leases import LEASE
from maskarad.values import Claim
from tests.support import rows
from tests.support.clock import FakeClock
from tests.support.rows import NOW, said
from tests.support.statements import counted


@pytest.fixture
async def world(database: Database) -> Database:
    """One link, number 1, where something is asked."""
    await database.write(rows.link)
    await database.write(partial(hearing.ask, link_id=1, message=said(10), due_at=NOW))
    return database


class Process:
    """`steady` is its own time, `clock` the platform's."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock, self.steady = FakeClock(), FakeClock()
        self.clock.now, self.steady.now = NOW, 100.0
        self.holding = Holding(database, clock=self.clock, steady=self.steady)

    def passes(self, seconds: float) -> None:
        self.clock.now += seconds
        self.steady.now += seconds

    async def claims(self, token: str) -> Claim | None:
        take = partial(turns.claim, link_id=1, token=token, lease=LEASE, history_lines=9, now=self.clock.now)
        claimed = await self.database.write(take)
        return claimed.claim if claimed else None


@pytest.fixture
def process(world: Database) -> Process:
    return Process(world)


async def test_a_fresh_claim_and_a_renewed_one_are_sure_without_asking(process: Process) -> None:
    since = process.holding.now()
    claim = await process.claims("a")
    assert claim is not None
    with process.holding.holding(claim, since):
        process.passes(LEASE - MARGIN - 1)
        with counted(process.database) as seen:
            await process.holding.make_sure(claim)
        assert seen.count == 0
        await process.holding.renew()
        process.passes(LEASE - MARGIN - 1)
        with counted(process.database) as seen:
            await process.holding.make_sure(claim)
        assert seen.count == 0


async def test_a_doubtful_claim_that_nobody_took_is_confirmed_and_kept(process: Process) -> None:
    claim = await process.claims("a")
    assert claim is not None
    with process.holding.holding(claim, process.holding.now()):
        process.passes(10 * LEASE)
        await process.holding.make_sure(claim)
        assert await process.claims("b") is None


async def test_a_claim_that_another_took_meanwhile_is_lost(process: Process) -> None:
    claim = await process.claims("a")
    assert claim is not None
    with process.holding.holding(claim, process.holding.now()):
        process.passes(LEASE + 0.1)
        assert await process.claims("b") is not None
        with pytest.raises(ClaimLost):
            await process.holding.make_sure(claim)
        # Nor does the renewal of all claims make it sure again.
        await process.holding.renew()
        with pytest.raises(ClaimLost):
            await process.holding.make_sure(claim)


async def test_a_claim_of_unknown_age_is_asked_for(process: Process) -> None:
    claim = await process.claims("a")
    assert claim is not None
    with process.holding.holding(claim), counted(process.database) as seen:
        await process.holding.make_sure(claim)
        assert seen.count == 1


class Away:
    """The process's database, of which one write in a row fails at first."""

    def __init__(self, database: Database) -> None:
        self.engines, self.read, self.close = database.engines, database.read, database.close
        self._database = database
        self.failures = 0

    async def write(self, query):  # type: ignore[no-untyped-def]
        if self.failures:
            self.failures -= 1
            raise DatabaseUnavailable("away")
        return await self._database.write(query)


async def test_once_the_database_was_away_every_claim_is_asked_for(process: Process) -> None:
    away = Away(process.database)
    holding = Holding(away, clock=process.clock, steady=process.steady)
    claim = await process.claims("a")
    assert claim is not None
    with holding.holding(claim, holding.now()):
        holding.doubt()
        away.failures = 2
        await holding.make_sure(claim)
        assert away.failures == 0
        with counted(process.database) as seen:
            await holding.make_sure(claim)
        assert seen.count == 0
        away.failures = 1
        with pytest.raises(DatabaseUnavailable):
            await holding.renew()
        with counted(process.database) as seen:
            await holding.make_sure(claim)
        assert seen.count == 1


async def test_while_the_database_is_away_nothing_is_sure(process: Process) -> None:
    away = Away(process.database)
    holding = Holding(away, clock=process.clock, steady=process.steady)
    claim = await process.claims("a")
    assert claim is not None
    with holding.holding(claim, holding.now()):
        away.failures = 1
        with pytest.raises(DatabaseUnavailable):
            await holding.renew()
        process.passes(LEASE - MARGIN)
        away.failures = 2
        await holding.make_sure(claim)
        assert away.failures == 0
