"""One queue's wake-ups in a Redis stream: taskiq's broker with what it lacks (docs/decisions/dispatch.md).

Rows say what is due, so an entry may be lost (the stream is bounded, a Redis may be emptied) and may come twice.
Imported only by those who have a Redis.
"""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, cast

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from maskarad.backoff import backoff
from maskarad.jobs.bells import Room
from maskarad.jobs.taskiq_parts import AckableMessage, BrokerMessage, RedisStreamBroker
from maskarad.redis_connections import end_if_cancelled, open_pool

log = structlog.get_logger()

GROUP = "workers"
LONGEST_STREAM = 10_000
READ_AT_ONCE = 16
"""Few, so that what waits is shared among processes."""
BLOCK = 1.0
"""Seconds that one question waits for entries."""
PATIENCE = 2.0
"""Seconds without any answer after which a connection counts as dead."""
LEFT_AFTER = 3.0
"""Seconds after which an entry that was read and not acknowledged is another process's: handing one on takes
milliseconds, so whoever took it is dead."""
LOOK_EVERY = 2.0
GONE_AFTER = 3_600.0
"""Seconds after which a reader that left nothing behind is forgotten."""
LONGEST_PAUSE = 5.0

Entries = Sequence[tuple[bytes, dict[bytes, bytes]]]


class RingBroker(RedisStreamBroker):
    """`consumer` names this process among those that share the queue."""

    def __init__(self, url: str, stream: str, *, consumer: str, room: Room | None = None) -> None:
        """Raises SettingsError."""
        super().__init__(
            url,
            queue_name=stream,
            consumer_group_name=GROUP,
            consumer_name=consumer,
            consumer_id="0",
            maxlen=LONGEST_STREAM,
        )
        self.connection_pool = open_pool(url, patience=PATIENCE)
        self._redis = Redis(connection_pool=self.connection_pool)
        self._room = room
        self._look_at = 0.0
        self._reading = True
        self._kicked: list[bytes] = []
        self._handled: list[bytes] = []
        self._acknowledging: asyncio.Task[None] | None = None

    async def kick(self, message: BrokerMessage) -> None:
        """It leaves with the next `flush`."""
        self._kicked.append(message.message)

    async def flush(self) -> None:
        """Send what was kicked, in one go; what cannot be sent is lost. Raises RedisError, OSError."""
        kicked, self._kicked = self._kicked, []
        async with self._redis.pipeline(transaction=False) as pipeline:
            for data in kicked:
                pipeline.xadd(self.queue_name, {b"data": data}, maxlen=self.maxlen, approximate=True)
            await pipeline.execute()

    def forget(self) -> None:
        """What was kicked and not sent is lost."""
        self._kicked.clear()

    def stop_reading(self) -> None:
        """`listen` ends soon, whatever becomes of a cancellation in redis-py."""
        self._reading = False

    async def listen(self) -> AsyncGenerator[AckableMessage, None]:
        """What comes, as long as there is room for more. An outage is waited out."""
        failures = 0
        while self._reading:
            if self._room is not None:
                await self._room()
            try:
                entries = await self._fetch()
            except (RedisError, OSError) as error:
                failures += 1
                if failures == 1:
                    log.warning("redis_away", error=type(error).__name__, meanwhile="sweeps find the work")
                end_if_cancelled()
                await asyncio.sleep(backoff(failures, random.random, LONGEST_PAUSE))
                continue
            end_if_cancelled()
            failures = 0
            for entry_id, fields in entries:
                yield AckableMessage(data=fields.get(b"data", b""), ack=partial(self._acknowledge, entry_id))

    async def _fetch(self) -> Entries:
        try:
            return await self._left_behind() or await self._read()
        except ResponseError as error:
            # Redis was emptied, or nobody was here before.
            if not str(error).startswith(("NOGROUP", "UNBLOCKED")):
                raise
            await self._declare_consumer_group()
            return ()

    async def _read(self) -> Entries:
        found = cast(
            list[tuple[bytes, Entries]],
            await self._redis.xreadgroup(
                GROUP, self.consumer_name, {self.queue_name: ">"}, count=READ_AT_ONCE, block=round(BLOCK * 1e3)
            ),
        )
        return [entry for _, entries in found for entry in entries]

    async def _left_behind(self) -> Entries:
        """From time to time: what dead processes had read and not handed on."""
        now = time.monotonic()
        if now < self._look_at:
            return ()
        _, entries, *_ = await self._redis.xautoclaim(
            self.queue_name, GROUP, self.consumer_name, round(LEFT_AFTER * 1e3), count=READ_AT_ONCE
        )
        if not entries:
            self._look_at = now + LOOK_EVERY
            await self._forget_the_gone()
        for entry_id, fields in entries:
            if not fields:  # trimmed since it was read; Redis 6 brings it again and again
                await self._acknowledge(entry_id)
        return [(entry_id, fields) for entry_id, fields in entries if fields]

    async def _forget_the_gone(self) -> None:
        readers: list[dict[str, Any]] = await self._redis.xinfo_consumers(self.queue_name, GROUP)
        for each in readers:
            if each["pending"] == 0 and each["idle"] > GONE_AFTER * 1e3:
                await self._redis.xgroup_delconsumer(self.queue_name, GROUP, each["name"])

    async def _acknowledge(self, entry_id: bytes) -> None:
        """Soon, with others that come meanwhile."""
        self._handled.append(entry_id)
        if self._acknowledging is None:
            self._acknowledging = asyncio.create_task(self._acknowledge_all())

    async def _acknowledge_all(self) -> None:
        """Out of the stream, too. What fails here comes once more."""
        try:
            while self._handled:
                handled, self._handled = self._handled, []
                async with self._redis.pipeline(transaction=False) as pipeline:
                    pipeline.xack(self.queue_name, GROUP, *handled)
                    pipeline.xdel(self.queue_name, *handled)
                    await pipeline.execute()
        except (RedisError, OSError):
            self._handled.clear()
        finally:
            self._acknowledging = None

    async def leave(self) -> None:
        """To be called when `listen` has ended: this process reads no more."""
        if self._acknowledging is not None:
            await self._acknowledging
        with suppress(RedisError, OSError):
            async with asyncio.timeout(PATIENCE):
                readers = await self._redis.xinfo_consumers(self.queue_name, GROUP)
                if any(each["name"] == self.consumer_name.encode() and not each["pending"] for each in readers):
                    await self._redis.xgroup_delconsumer(self.queue_name, GROUP, self.consumer_name)
