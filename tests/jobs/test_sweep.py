"""After an outage of the database nobody takes for dead whoever could not renew in it."""

from functools import partial

import pytest

from maskarad.db import hearing, outbox, turns
from maskarad.db.engine import Database, Query, T
from maskarad.errors import DatabaseUnavailable
from maskarad.jobs.holding import Holding
from maskarad.jobs.leases import LEASE
from maskarad.jobs.sweep import Sweep
from maskarad.jobs.wakeup import Wakeups
from maskarad.values import ClaimedLink, PartDraft, PartKind, Queue, SentMessage, TurnOutcome
from tests.support import rows
from tests.support.clock import FakeClock
from tests.support.rows import NOW, said


class Server:
    """A database that may be away."""

    def __init__(self, database: Database) -> None:
        self.engines, self.close = database.engines, database.close
        self._database = database
        self.is_away = False

    async def read(self, query: Query[T]) -> T:
        self._check()
        return await self._database.read(query)

    async def write(self, query: Query[T]) -> T:
        self._check()
        return await self._database.write(query)

    def _check(self) -> None:
        if self.is_away:
            raise DatabaseUnavailable("away")


class Process:
    def __init__(self, server: Server, clock: FakeClock, token: str) -> None:
        self.server, self.clock, self.token = server, clock, token
        self.holding = Holding(server, clock=clock, steady=clock)
        self.wakeups = Wakeups(self.takes, most=10)
        self.sweep = Sweep(
            server, {Queue.TURNS: self.wakeups, Queue.DELIVERY: self.wakeups}, holding=self.holding, clock=clock
        )
        self.taken: list[ClaimedLink] = []

    async def takes(self, link_id: int, _bot_id: int) -> None:
        claimed = await self.server.write(
            partial(
                turns.claim,
                link_id=link_id,
                token=self.token,
                lease=LEASE,
                history_lines=9,
                now=self.clock(),
                takes_over=self.holding.takes_over,
            )
        )
        if claimed is not None:
            self.taken.append(claimed)

    async def looks(self) -> int:
        """How many links it has taken when nothing is left to take."""
        await self.sweep.look()
        await self.wakeups.fewer_than(1)
        return len(self.taken)

    async def rung(self, link_id: int) -> int:
        self.wakeups.ring(link_id, 1)
        await self.wakeups.fewer_than(1)
        return len(self.taken)


@pytest.fixture
async def server(database: Database) -> Server:
    """One link, number 1, where something is asked."""
    await database.write(rows.link)
    await database.write(partial(hearing.ask, link_id=1, message=said(10), due_at=NOW))
    return Server(database)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


async def test_what_was_sent_in_an_outage_is_marked_before_another_may_take_it(
    server: Server, clock: FakeClock
) -> None:
    sender, other = (Process(server, clock, token) for token in ("a", "b"))
    assert await sender.looks() == 1
    claim, part = sender.taken[0].claim, PartDraft(kind=PartKind.TEXT, text="hi")
    outcome = TurnOutcome(answered=1, parts=(part,))
    await server.write(partial(turns.finish, claim=claim, outcome=outcome, bill=None))
    [waiting] = await server.read(partial(outbox.waiting, link_id=1))

    server.is_away = True
    with pytest.raises(DatabaseUnavailable):
        await other.looks()
    clock.advance(LEASE + 2)
    assert await other.rung(1) == 0
    server.is_away = False
    assert await other.looks() == 0
    clock.advance(LEASE / 2)
    assert await other.looks() == 0
    assert await other.rung(1) == 0

    sent = SentMessage(message_id=11, bot_telegram_id=5, bot_name="Bot")
    progress = await server.write(partial(turns.sent, claim=claim, part=waiting, message=sent, now=clock()))
    assert progress.parts == 0


async def test_whoever_died_in_an_outage_is_followed_a_lease_after_it(server: Server, clock: FakeClock) -> None:
    dead, other = (Process(server, clock, token) for token in ("a", "b"))
    assert await dead.looks() == 1
    server.is_away = True
    with pytest.raises(DatabaseUnavailable):
        await other.looks()
    server.is_away = False
    assert await other.looks() == 0
    clock.advance(LEASE + 0.1)
    assert await other.looks() == 1


async def test_whoever_ends_looks_no_more(server: Server, clock: FakeClock) -> None:
    ends = Process(server, clock, "a")
    ends.sweep.close()
    assert await ends.looks() == 0


async def test_what_nobody_holds_is_taken_at_once(server: Server, clock: FakeClock) -> None:
    other = Process(server, clock, "b")
    server.is_away = True
    with pytest.raises(DatabaseUnavailable):
        await other.looks()
    server.is_away = False
    assert await other.looks() == 1
