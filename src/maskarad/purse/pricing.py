"""Where the price table comes from: the provider is asked once a day, by one process for all; all read what it said.

One that tells nothing leaves no trace: each process asks it, once a day at most."""

from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from maskarad.db import prices as rows
from maskarad.db.engine import Database
from maskarad.errors import ModelError
from maskarad.llm.prices import Prices
from maskarad.purse.limits import DAY
from maskarad.values import Price

log = structlog.get_logger()


class Pricing:
    """`list_prices` asks the provider; most tell none."""

    def __init__(
        self,
        database: Database,
        prices: Prices,
        *,
        list_prices: Callable[[], Awaitable[dict[str, Price]]],
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._prices = prices
        self._list_prices = list_prices
        self._clock = clock
        self._ask_at = 0.0

    async def refresh(self) -> None:
        """Ask the provider, if no process was told anything for a day. What was known stays when it tells nothing.
        Raises DatabaseUnavailable."""
        now = self._clock()
        if now < self._ask_at or now < await self._database.read(rows.seen_at) + DAY:
            return
        try:
            listed = await self._list_prices()
        except ModelError as error:
            log.info("prices_not_told", error=str(error))
            return
        if listed:
            await self._database.write(partial(rows.replace, prices=listed, now=now))
            self._prices.learn(listed)
            log.info("prices_refreshed", models=len(listed))
        self._ask_at = now + DAY

    async def read(self) -> None:
        """Take over what any process was told. Raises DatabaseUnavailable."""
        if listed := await self._database.read(rows.everything):
            self._prices.learn(listed)
