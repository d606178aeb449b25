"""A process that holds one snapshot and prints, as seconds of the monotonic clock, when it has to read it again.

`python -m tests.support.cache_reader REDIS_URL`; the first line says that it has it.
"""

import asyncio
import os
import sys
import time

from maskarad.cache import Cache
from maskarad.metrics import Metrics
from maskarad.redis_cache import RedisCache
from tests.support.counts import sample
from tests.support.until import until


async def main(url: str) -> None:
    metrics = Metrics()
    shared = RedisCache(url, release="1", new_fence=lambda: os.urandom(8), clock=time.monotonic, metrics=metrics)

    async def read(_key: int) -> float:
        return time.monotonic()

    cache = Cache(
        "words", read, float, lifetime=300, room=1_000, clock=time.time, meter=metrics.cache("words"), shared=shared
    )
    following = asyncio.create_task(shared.run("one"))
    await until(lambda: sample(metrics, "maskarad_shared_cache_up") == 1)
    seen = 0.0
    while not following.done():
        if (read_at := await cache.get(1)) != seen:
            seen = read_at
            sys.stdout.write(f"{read_at}\n")
            sys.stdout.flush()
        await asyncio.sleep(0.001)


asyncio.run(main(sys.argv[1]))
