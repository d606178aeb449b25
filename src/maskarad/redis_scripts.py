"""What all processes count together: each question is one script in Redis, answered soon or not at all.

Whoever asks goes on by itself when there is no answer. After the first question without one nobody else waits: Redis
is then tried in the background until it answers again. Imported only by those who have a Redis.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any, cast

import structlog
from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import RedisError

from maskarad.backoff import Jitter, backoff
from maskarad.metrics import Metrics
from maskarad.redis_connections import PATIENCE, end_if_cancelled, open_pool

log = structlog.get_logger()

LONGEST_PAUSE = 5.0
WARNINGS_APART = 60.0
PLACES = 8
"""Questions asked at once. Redis answers far faster than this process asks: more would only wait for each other with
their time running."""


class RedisScripts:
    """Nobody is asked before `begin`. Keys stand under the platform's identity."""

    def __init__(
        self,
        url: str,
        *,
        clock: Callable[[], float],
        metrics: Metrics,
        jitter: Jitter = random.random,
    ) -> None:
        """`clock` never goes back. Raises SettingsError."""
        self._redis = Redis.from_pool(open_pool(url))
        self._clock = clock
        self._jitter = jitter
        self._namespace = ""
        self._up = False
        self._places = asyncio.Semaphore(PLACES)
        self._coming_back: asyncio.Task[None] | None = None
        self._told: set[asyncio.Task[Any]] = set()
        self._warned_at = float("-inf")
        self._warned = False
        self._shown_up = metrics.shared_counts_up.set
        self._answered = metrics.shared_counts.labels("answered").inc
        self._away = metrics.shared_counts.labels("away").inc

    def script(self, source: str) -> "Script":
        """`source` is Lua and returns a list of whole numbers."""
        return Script(self, self._redis.register_script(source))

    def begin(self, identity: str) -> None:
        """Ask from now on, as soon as Redis answers. Platforms of different identities may share a Redis."""
        self._namespace = f"maskarad:{identity}:"
        self._come_back_later()

    async def run(self, script: AsyncScript, keys: Sequence[str], values: Sequence[float]) -> list[int] | None:
        """What the script returns; None when Redis cannot be asked."""
        # Waiting for a place is no sign of a Redis that is away, so the time for an answer begins with the place.
        async with self._places:
            answer = await self._ask(script, keys, values) if self._up else None
        (self._away if answer is None else self._answered)()
        return answer

    async def _ask(self, script: AsyncScript, keys: Sequence[str], values: Sequence[float]) -> list[int] | None:
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await script(keys=[self._namespace + key for key in keys], args=values)
        except (RedisError, OSError, TimeoutError) as error:
            end_if_cancelled()
            self._went_away(error)
            return None
        return cast(list[int], answer)

    def tell(self, script: "Script", keys: Sequence[str], values: Sequence[float]) -> None:
        """Run a script whose answer nobody waits for."""
        if self._up:
            task = asyncio.create_task(script(keys, values))
            self._told.add(task)
            task.add_done_callback(self._told.discard)

    async def close(self) -> None:
        """Nobody is asked afterwards."""
        self._up = False
        if self._coming_back is not None:
            self._coming_back.cancel()
            await asyncio.gather(self._coming_back, return_exceptions=True)
        await asyncio.gather(*self._told)
        await self._redis.aclose()

    def _went_away(self, error: Exception) -> None:
        if not self._up:
            return  # others have asked at the same time
        self._up = False
        self._shown_up(0)
        self._warn(error)
        self._come_back_later()

    def _come_back_later(self) -> None:
        self._coming_back = asyncio.create_task(self._come_back(), name="limits over Redis")

    async def _come_back(self) -> None:
        failures = 0
        while not await self._answers():
            failures += 1
            await asyncio.sleep(backoff(failures, self._jitter, LONGEST_PAUSE))
        self._up = True
        self._shown_up(1)
        if self._warned:
            self._warned = False
            log.info("shared_limits_back")

    async def _answers(self) -> bool:
        """And lets us write, which one that is full, or a replica, does not."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._redis.set(f"{self._namespace}tried", b"", ex=1)
        except (RedisError, OSError, TimeoutError) as error:
            end_if_cancelled()
            self._warn(error)
            return False
        return True

    def _warn(self, error: Exception) -> None:
        now = self._clock()
        loud = now - self._warned_at >= WARNINGS_APART
        if loud:
            self._warned_at, self._warned = now, True
        (log.warning if loud else log.debug)(
            "shared_limits_away", error=type(error).__name__, meanwhile="each process keeps the limits by itself"
        )


class Script:
    """One of the questions. Called with keys (within the platform's own) and values."""

    def __init__(self, scripts: RedisScripts, script: AsyncScript) -> None:
        self._scripts = scripts
        self._script = script

    async def __call__(self, keys: Sequence[str], values: Sequence[float]) -> list[int] | None:
        """What it returns; None when Redis cannot be asked."""
        return await self._scripts.run(self._script, keys, values)

    def tell(self, keys: Sequence[str], values: Sequence[float]) -> None:
        """Call it without waiting for its answer."""
        self._scripts.tell(self, keys, values)
