"""Processes tell each other of changes over a real Redis, and live without it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from maskarad.jobs.announcements import CHANNEL, Announcements
from tests.support.servers import RedisServer


@asynccontextmanager
async def listening(url: str, heard: asyncio.Event) -> AsyncIterator[Announcements]:
    announcements = Announcements(url, heard.set)
    task = asyncio.create_task(announcements.listen())
    try:
        yield announcements
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await announcements.close()


async def told(redis: RedisServer, heard: asyncio.Event) -> None:
    """Publish as another process does until it is heard: a subscription may still be under way."""
    async with asyncio.timeout(20):
        while not heard.is_set():
            await asyncio.to_thread(redis.execute, "PUBLISH", CHANNEL, "")
            with suppress(TimeoutError):
                await asyncio.wait_for(heard.wait(), 0.05)


async def test_what_one_process_announces_another_hears(redis: RedisServer, redis_url: str) -> None:
    heard = asyncio.Event()
    async with listening(redis_url, heard):
        await told(redis, heard)
        heard.clear()
        other = Announcements(redis_url, lambda: None)
        await other.announce()
        async with asyncio.timeout(5):
            await heard.wait()
        await other.close()


async def test_it_hears_again_after_redis_was_killed(own_redis: RedisServer) -> None:
    heard = asyncio.Event()
    async with listening(own_redis.url, heard) as announcements:
        await told(own_redis, heard)
        own_redis.kill()
        await announcements.announce()
        heard.clear()
        own_redis.start()
        await told(own_redis, heard)
