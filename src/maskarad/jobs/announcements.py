"""With Redis, processes tell each other at once that a bot or persona changed. Without it, or while it is away, each
finds out by looking (`changes.py`): losing Redis costs two seconds, never a change."""

import asyncio
import random
from collections.abc import Callable

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

log = structlog.get_logger()

CHANNEL = "maskarad:changed"
LONGEST_PAUSE = 10.0


class Announcements:
    """`heard` is called for what other processes announced; it must return at once."""

    def __init__(self, url: str, heard: Callable[[], None]) -> None:
        self._redis = Redis.from_url(url, socket_connect_timeout=2, socket_timeout=5, health_check_interval=15)
        self._heard = heard

    async def announce(self) -> None:
        try:
            await self._redis.publish(CHANNEL, b"")
        except (RedisError, OSError) as error:
            log.debug("announcement_lost", error=type(error).__name__)

    async def listen(self) -> None:
        """Until cancelled; one warning when Redis goes away, one line when it is back."""
        failures = 0
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as subscription:
                    await subscription.subscribe(CHANNEL)
                    if failures:
                        log.info("redis_back", failures=failures)
                        self._heard()
                    failures = 0
                    await self._follow(subscription)
            except (RedisError, OSError) as error:
                failures += 1
                if failures == 1:
                    log.warning("redis_away", error=type(error).__name__)
                await asyncio.sleep(min(0.5 * 2**failures, LONGEST_PAUSE) * (0.5 + random.random() / 2))

    async def _follow(self, subscription: PubSub) -> None:
        while True:
            if await subscription.get_message(timeout=2.0) is not None:
                self._heard()

    async def close(self) -> None:
        await self._redis.aclose()
