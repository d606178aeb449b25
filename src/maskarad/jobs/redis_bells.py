"""Wake-ups between processes over Redis: taskiq, one stream a queue. Imported only by those who have a Redis."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import islice

import structlog
from redis.exceptions import RedisError

from maskarad.backoff import backoff
from maskarad.jobs.bells import Room
from maskarad.jobs.broker import LONGEST_PAUSE, READ_AT_ONCE, RingBroker
from maskarad.jobs.taskiq_parts import AcknowledgeType, AsyncKicker, Receiver
from maskarad.jobs.timers import Timers
from maskarad.metrics import Metrics

log = structlog.get_logger()

TASK = "maskarad:ring"

MOST_UNSENT = 10_000
"""Rings that wait to be sent, and as many that wait for their time."""

SENT_AT_ONCE = 100

CLOSING = 1.0
"""Seconds that the last rings get when the process ends."""

OnRing = Callable[[int, int], None]
"""What is to be looked at, and whose bot's it is."""


class RedisBells:
    """Tells other processes of work, and hears of it. While Redis does not answer, rings are lost (and counted): sweeps
    find the rows. `consumer` names this process among all."""

    def __init__(self, url: str, *, consumer: str, metrics: Metrics) -> None:
        self._url = url
        self._consumer = consumer
        self._heard: dict[str, tuple[OnRing, Room | None]] = {}
        self._namespace = ""
        self._brokers: dict[str, RingBroker] = {}
        self._unsent: dict[tuple[str, int], int] = {}
        self._later: Timers[tuple[str, int]] = Timers(MOST_UNSENT)
        self._something = asyncio.Event()
        self._sent_all = asyncio.Event()
        self._sent_all.set()
        self._sends = False
        self._under_way = 0
        self._finish = asyncio.Event()
        self._listening: list[asyncio.Task[None]] = []
        self._sent = metrics.rings.labels("sent").inc
        self._away = metrics.rings.labels("away").inc
        self._full = metrics.rings.labels("full").inc

    def listen(self, queue: str, on_ring: OnRing, room: Room | None = None) -> None:
        """To be called before `run`: hear of the queue's work, no faster than `room` lets."""
        self._heard[queue] = (on_ring, room)

    def ring(self, queue: str, key: int, bot_id: int, delay: float = 0.0) -> None:
        """Returns at once and never raises."""
        if delay > 0:
            if not self._later.call((queue, key), delay, partial(self.ring, queue, key, bot_id)):
                self._full()
        elif not self._sends:
            self._away()
        elif len(self._unsent) >= MOST_UNSENT and (queue, key) not in self._unsent:
            self._full()
        else:
            self._unsent[queue, key] = bot_id
            self._sent_all.clear()
            self._something.set()

    async def run(self, identity: str) -> None:
        """Send and listen until cancelled. Platforms of different identities may share a Redis."""
        self._namespace = f"maskarad:{identity}:rings:"
        self._sends = True
        self._listening = [
            asyncio.create_task(self._listen(queue, on_ring), name=f"bell of {queue}")
            for queue, (on_ring, _) in self._heard.items()
        ]
        try:
            await self._send()
        finally:
            self._sends = False
            for task in self._listening:
                task.cancel()
            await asyncio.gather(*self._listening, return_exceptions=True)
            await asyncio.gather(*(broker.shutdown() for broker in self._brokers.values()))

    async def stop_listening(self) -> None:
        """Hear of nothing more; what was heard has been handed on when this returns. Rings are still sent."""
        for broker in self._brokers.values():
            broker.stop_reading()
        self._finish.set()
        await asyncio.gather(*self._listening, return_exceptions=True)
        await asyncio.gather(*(self._brokers[queue].leave() for queue in self._heard.keys() & self._brokers.keys()))

    async def close(self) -> None:
        """Send what is left, if that is possible at once. To be called before `run` is cancelled."""
        self._later.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING):
                await self._sent_all.wait()

    async def _send(self) -> None:
        failures = 0
        while True:
            await self._something.wait()
            try:
                await self._send_all()
                failures = 0
            except (RedisError, OSError) as error:
                failures += 1
                if failures == 1:
                    log.warning("rings_not_sent", error=type(error).__name__, meanwhile="sweeps find the work")
                await self._be_away(backoff(failures, random.random, LONGEST_PAUSE))

    async def _send_all(self) -> None:
        """Raises RedisError, OSError."""
        while self._unsent:
            batch = list(islice(self._unsent.items(), SENT_AT_ONCE))
            for (queue, key), bot_id in batch:
                del self._unsent[queue, key]
                kicker: AsyncKicker[[int, int], None] = AsyncKicker(TASK, self._broker(queue), labels={})
                await kicker.kiq(key, bot_id)
            self._under_way = len(batch)
            for queue in {queue for (queue, _), _ in batch}:
                await self._broker(queue).flush()
            self._sent(len(batch))
        self._something.clear()
        self._sent_all.set()

    async def _be_away(self, seconds: float) -> None:
        self._away(len(self._unsent) + self._under_way)
        self._unsent.clear()
        for broker in self._brokers.values():
            broker.forget()
        self._something.clear()
        self._sent_all.set()
        self._sends = False
        await asyncio.sleep(seconds)
        self._sends = True

    def _broker(self, queue: str) -> RingBroker:
        if queue not in self._brokers:
            _, room = self._heard.get(queue, (None, None))
            self._brokers[queue] = RingBroker(self._url, self._namespace + queue, consumer=self._consumer, room=room)
        return self._brokers[queue]

    async def _listen(self, queue: str, on_ring: OnRing) -> None:
        async def hear(key: int, bot_id: int) -> None:
            on_ring(key, bot_id)

        broker = self._broker(queue)
        broker.register_task(hear, task_name=TASK)
        failures = 0
        while not self._finish.is_set():
            # Its acknowledgement says that a ring was handed on, not that the work is done: rows say that.
            receiver = Receiver(
                broker,
                max_async_tasks=READ_AT_ONCE,
                ack_type=AcknowledgeType.WHEN_EXECUTED,
                run_startup=False,
            )
            try:
                await receiver.listen(self._finish)
            except Exception:
                log.exception("bell_failed", queue=queue)
                failures += 1
                await asyncio.sleep(backoff(failures, random.random, LONGEST_PAUSE))
