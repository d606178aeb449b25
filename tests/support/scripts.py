"""What processes count together in Redis, as one of them has it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from maskarad.metrics import Metrics
from maskarad.redis_scripts import LONGEST_PAUSE, RedisScripts
from tests.support.counts import sample
from tests.support.until import until


class Counting:
    """`scripts` of a process, with its metrics."""

    def __init__(self, url: str) -> None:
        self.metrics = Metrics()
        self.scripts = RedisScripts(url, clock=time.monotonic, metrics=self.metrics)

    def is_up(self) -> bool:
        return sample(self.metrics, "maskarad_shared_counts_up") == 1

    async def until(self, *, up: bool) -> None:
        await until(lambda: self.is_up() is up, LONGEST_PAUSE + 10)

    def asked(self, result: str) -> float:
        return sample(self.metrics, "maskarad_shared_counts_total", result=result)


@asynccontextmanager
async def counting(
    url: str, *, processes: int = 1, identity: str = "one", up: bool = True
) -> AsyncIterator[list[Counting]]:
    """So many processes that count together."""
    made = [Counting(url) for _ in range(processes)]
    for each in made:
        each.scripts.begin(identity)
    try:
        await asyncio.gather(*(each.until(up=up) for each in made))
        yield made
    finally:
        for each in made:
            await each.scripts.close()
