"""Which bots this process polls for, where several processes poll: its share of them, by leases
(`docs/decisions/polling-leases.md`)."""

import asyncio
from contextlib import suppress
from typing import Protocol

import structlog

from maskarad.cache import Shared
from maskarad.db import Connection, polling, processes, registrations
from maskarad.db.engine import Database
from maskarad.errors import ClaimLost, DatabaseUnavailable
from maskarad.jobs.presence import PRESUMED_DEAD, Presence

log = structlog.get_logger()

INTERVAL = 2.0
"""Seconds between two looks at the leases when nothing is announced."""

HUNGRY = 0.5
"""The same while the process has less than its share: what others give back is not to lie about."""

GIVEN_AT_ONCE = 100
"""Bots that go to others in one round, so that one process that joins does not stop the polls of all."""

NEWS = "polling"
"""What processes that share a Redis call the news that leases are free."""

SETTLING = 1.0
"""Seconds to wait for the batches of bots that are given away."""


class Pollers(Protocol):
    """`hold` polls for these and no others from now on; `at_work` waits at most so long for the polls that were ended,
    and returns the bots of those that still have a batch in work."""

    def hold(self, bot_ids: frozenset[int]) -> None: ...

    async def at_work(self, within: float) -> frozenset[int]: ...


class Polling:
    """To be given pollers by `serve` before the first round."""

    conflict_seconds = PRESUMED_DEAD + 5.0
    """A conflict that lasts as long is not one between processes of ours."""

    def __init__(self, database: Database, presence: Presence, *, shared: Shared | None = None) -> None:
        self._database = database
        self._presence = presence
        self._holder: str | None = None
        self._pollers: Pollers | None = None
        self._leaving = False
        self._look = asyncio.Event()
        self._look.set()
        self._pause = INTERVAL
        self._shared = shared
        if shared is not None:
            shared.follow(NEWS, lambda _ids: self._look.set(), lambda: None)

    def serve(self, pollers: Pollers) -> None:
        self._pollers = pollers

    def may_poll(self) -> bool:
        """Nobody else can hold what this process was told that it holds. To be asked right before each poll."""
        return self._holder is not None and self._holder == self._presence.id and self._presence.is_sure

    async def follow(self) -> None:
        """The next round: at once after an announcement, else when it is time. Raises DatabaseUnavailable."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._look.wait(), self._pause)
        self._look.clear()
        if not self._leaving:
            await self.round()

    async def round(self) -> None:
        """Take what this process lacks of its share, give back what it has too much of. Raises DatabaseUnavailable."""
        assert self._pollers is not None
        if self._holder is not None and not self.may_poll():
            self._pollers.hold(frozenset())
        if self._holder is None:
            await self._begin()
        holder = self._presence.id
        assert holder is not None
        try:
            standing = await self._database.write(lambda connection: polling.settle(connection, holder))
        except ClaimLost:
            self._pollers.hold(frozenset())
            await self._presence.beat()
            self._look.set()
            return
        if self._leaving:
            return
        if standing.taken:
            log.info("polls_taken", bots=standing.taken)
        self._holder = holder
        self._pause = HUNGRY if standing.missing else INTERVAL
        given = frozenset(sorted(standing.surplus, reverse=True)[:GIVEN_AT_ONCE])
        self._pollers.hold(standing.held - given)
        if to_give := given | standing.unwanted:
            await self._give_back(self._pollers, holder, to_give)

    async def _begin(self) -> None:
        await self._presence.beat()
        await self._database.write(registrations.drop_all)  # whoever polls for a bot has its webhook deleted

    async def _give_back(self, pollers: Pollers, holder: str, bot_ids: frozenset[int]) -> None:
        """Those with a batch in work are kept until a later round: what is not confirmed would be done twice."""
        free = bot_ids - await pollers.at_work(SETTLING)
        await self._database.write(lambda connection: polling.release(connection, holder, free))
        log.info("polls_given_back", bots=len(free))
        self._announce()

    async def leave(self) -> None:
        """The process is about to end: its bots go to the others, but for those that still have a batch in work. To be
        called again when these are done."""
        self._leaving = True
        holder, pollers = self._holder, self._pollers
        if pollers is None or holder is None:
            return
        pollers.hold(frozenset())
        busy = await pollers.at_work(SETTLING)

        def let_go(connection: Connection) -> None:
            processes.polls_no_more(connection, holder)
            polling.release_all_but(connection, holder, busy)

        with suppress(DatabaseUnavailable):  # then the others find it out by our silence
            await self._database.write(let_go)
            self._announce()

    def _announce(self) -> None:
        if self._shared is not None:
            self._shared.drop(NEWS, (0,))
