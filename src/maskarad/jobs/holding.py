"""The claims that this process works under: kept while it lives, and known to hold before anything is sent.

And when it may take those of others: a lease that ran out while the database was away says nothing about its holder,
who could not renew it, and may be about to write down what was sent.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from maskarad.clock import steady as steady_clock
from maskarad.db import Connection
from maskarad.db import turns as rows
from maskarad.db.engine import Database, write_patiently
from maskarad.errors import ClaimLost, DatabaseUnavailable
from maskarad.jobs.leases import LEASE
from maskarad.values import Claim

MARGIN = 2.0
"""Seconds before a lease's end from which on it counts as doubtful: sending takes time, and clocks differ a little."""

UNKNOWN = float("-inf")
NEVER = float("inf")


class Holding:
    """`clock` is the platform's, which leases are compared by; `steady` this process's own: it goes on while the
    process is stopped, and so tells it afterwards that others may have taken its work."""

    def __init__(
        self, database: Database, *, clock: Callable[[], float], steady: Callable[[], float] = steady_clock
    ) -> None:
        self._database = database
        self._clock = clock
        self._steady = steady
        self._claims: dict[str, Claim] = {}
        self._sure_until: dict[str, float] = {}
        self._takes_over_from = UNKNOWN

    @property
    def takes_over(self) -> bool:
        """Whether whoever let a lease run out counts as dead: not while the database is away, nor for a lease's time
        after it is back, in which the living renew theirs."""
        return self._steady() >= self._takes_over_from

    def now(self) -> float:
        """To be asked before a claim is written, for `holding`."""
        return self._steady()

    @contextmanager
    def holding(self, claim: Claim, since: float = UNKNOWN) -> Iterator[None]:
        """`renew` keeps the claim as long as the block runs."""
        self._claims[claim.token] = claim
        self._sure_until[claim.token] = since + LEASE - MARGIN
        try:
            yield
        finally:
            del self._claims[claim.token], self._sure_until[claim.token]

    async def renew(self) -> None:
        """Keep the claims that are being worked on. Raises DatabaseUnavailable."""
        if self._claims:
            asked, since = list(self._claims.values()), self._steady()
            try:
                kept = await self._database.write(partial(self._renew, asked))
            except DatabaseUnavailable:
                self.doubt()
                raise
            self._kept(kept, since)

    def doubt(self) -> None:
        """The database does not answer: whatever is sent now could not be written down, and would be sent again if this
        process died before it could. From here on each claim is asked for first, which waits for the database."""
        self._sure_until = dict.fromkeys(self._sure_until, UNKNOWN)
        self._takes_over_from = NEVER

    def answered(self) -> None:
        """The database answers, perhaps again."""
        if self._takes_over_from == NEVER:
            self._takes_over_from = self._steady() + LEASE

    async def make_sure(self, claim: Claim) -> None:
        """Returns when the claim holds, at once as long as its last renewal is fresh. While the database is away it
        waits. Raises ClaimLost, DatabaseUnavailable."""
        while self._steady() >= self._sure_until[claim.token]:
            since = self._steady()
            kept = await write_patiently(self._database, partial(self._renew, [claim]))
            if claim.token not in kept:
                raise ClaimLost(f"link {claim.link_id} was taken over")
            self._kept(kept, since)

    def _renew(self, claims: Sequence[Claim], connection: Connection) -> set[str]:
        return rows.renew(connection, claims, until=self._clock() + LEASE)

    def _kept(self, tokens: set[str], since: float) -> None:
        """They were renewed by a question that was put at `since`."""
        for token in tokens & self._sure_until.keys():
            self._sure_until[token] = since + LEASE - MARGIN
