"""Wake-ups between processes over a real Redis, in everything that may happen to it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from prometheus_client.parser import text_string_to_metric_families
from redis.asyncio import Redis

from maskarad.jobs.broker import GROUP, LONGEST_STREAM
from maskarad.jobs.redis_bells import RedisBells
from maskarad.metrics import Metrics
from tests.support.servers import RedisServer
from tests.support.until import until

IDENTITY = "platform-1"
STREAM = f"maskarad:{IDENTITY}:rings:turns"
BACK = 15.0
"""Seconds for whatever comes back after an outage: the longest pause, the deadest connection."""


class Process:
    """One that rings, and hears what it listens to."""

    def __init__(self, url: str, name: str) -> None:
        self.metrics = Metrics()
        self.bells = RedisBells(url, consumer=name, metrics=self.metrics)
        self.heard: list[tuple[int, int]] = []

    def listens(self, queue: str = "turns", room: Callable[[], object] | None = None) -> None:
        self.bells.listen(queue, lambda key, bot_id: self.heard.append((key, bot_id)), room)  # type: ignore[arg-type]

    def counted(self, result: str) -> float:
        families = text_string_to_metric_families(self.metrics.exposition().decode())
        return sum(
            sample.value
            for family in families
            for sample in family.samples
            if sample.name == "maskarad_rings_total" and sample.labels["result"] == result
        )

    def has_heard(self, *keys: int) -> Callable[[], bool]:
        return lambda: {key for key, _ in self.heard} >= set(keys)


@asynccontextmanager
async def running(*processes: Process, identity: str = IDENTITY) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(each.bells.run(identity)) for each in processes]
    await asyncio.sleep(0)
    try:
        yield
    finally:
        for each in processes:
            await each.bells.stop_listening()
            await each.bells.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def length(url: str) -> int:
    async with Redis.from_url(url) as redis:
        return int(await redis.xlen(STREAM))


async def ring_until_heard(gateway: Process, worker: Process, key: int) -> None:
    """As an outage ends: what is rung in it is lost, what is rung after it comes."""

    async def heard() -> bool:
        gateway.bells.ring("turns", key, 7)
        await asyncio.sleep(0.05)
        return worker.has_heard(key)()

    await until(heard, BACK)


@pytest.fixture
def gateway(redis_url: str) -> Process:
    return Process(redis_url, "gateway")


@pytest.fixture
def worker(redis_url: str) -> Process:
    made = Process(redis_url, "worker")
    made.listens()
    return made


async def test_what_one_process_rings_another_hears_and_the_stream_is_empty_again(
    redis_url: str, gateway: Process, worker: Process
) -> None:
    async with running(gateway, worker):
        for key in range(50):
            gateway.bells.ring("turns", key, key % 3)
        await until(worker.has_heard(*range(50)))
        assert sorted(worker.heard) == [(key, key % 3) for key in range(50)]
        assert gateway.counted("sent") == 50

        async def is_empty() -> bool:
            return await length(redis_url) == 0

        await until(is_empty)


async def test_what_was_rung_before_the_first_worker_came_is_heard(gateway: Process, worker: Process) -> None:
    async with running(gateway):
        gateway.bells.ring("turns", 5, 1)
        await until(lambda: gateway.counted("sent") == 1)
        async with running(worker):
            await until(worker.has_heard(5))


async def test_a_ring_is_sent_when_its_time_has_come(gateway: Process, worker: Process) -> None:
    async with running(gateway, worker):
        gateway.bells.ring("turns", 1, 1, 0.3)
        gateway.bells.ring("turns", 2, 1)
        await until(worker.has_heard(2))
        assert worker.heard == [(2, 1)]
        await until(worker.has_heard(1))


async def test_each_queue_and_each_platform_hears_its_own(redis_url: str, gateway: Process, worker: Process) -> None:
    slow, foreign = Process(redis_url, "slow"), Process(redis_url, "foreign")
    slow.listens("slow")
    foreign.listens()
    async with running(gateway, worker, slow), running(foreign, identity="another"):
        gateway.bells.ring("slow", 1, 0)
        gateway.bells.ring("turns", 2, 0)
        await until(lambda: worker.has_heard(2)() and slow.has_heard(1)())
    assert (worker.heard, slow.heard, foreign.heard) == ([(2, 0)], [(1, 0)], [])


async def test_two_workers_share_and_each_ring_comes_once(redis_url: str, gateway: Process, worker: Process) -> None:
    other = Process(redis_url, "other")
    other.listens()
    async with running(gateway, worker, other):
        for key in range(300):
            gateway.bells.ring("turns", key, 1)
        await until(lambda: len(worker.heard) + len(other.heard) >= 300)
    assert sorted(key for key, _ in worker.heard + other.heard) == list(range(300))
    assert worker.heard
    assert other.heard


async def test_a_worker_that_has_enough_leaves_the_rest_to_another(redis_url: str, gateway: Process) -> None:
    busy, free = Process(redis_url, "busy"), Process(redis_url, "free")
    enough = asyncio.Event()

    async def room() -> None:
        if busy.heard:
            await enough.wait()

    busy.listens(room=room)
    free.listens()
    async with running(busy):
        async with running(gateway):
            gateway.bells.ring("turns", 0, 1)
            await until(busy.has_heard(0))
            for key in range(1, 100):
                gateway.bells.ring("turns", key, 1)
            await until(lambda: gateway.counted("sent") == 100)
        async with running(free):
            await until(lambda: len(busy.heard) + len(free.heard) >= 100)
        enough.set()
    assert len(busy.heard) <= 17
    assert sorted(key for key, _ in busy.heard + free.heard) == list(range(100))


async def test_what_a_killed_worker_had_read_goes_to_another(redis_url: str, gateway: Process, worker: Process) -> None:
    async with Redis.from_url(redis_url) as redis:
        await redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
        async with running(gateway):
            for key in range(20):
                gateway.bells.ring("turns", key, 1)
            await until(lambda: gateway.counted("sent") == 20)
        # Read, and then no word more: that is what a kill leaves.
        assert await redis.xreadgroup(GROUP, "killed", {STREAM: ">"}, count=100)
    async with running(worker):
        await until(worker.has_heard(*range(20)), BACK)
    assert await length(redis_url) == 0


async def test_a_worker_that_leaves_is_forgotten(redis_url: str, gateway: Process, worker: Process) -> None:
    async with running(gateway, worker):
        gateway.bells.ring("turns", 1, 1)
        await until(worker.has_heard(1))
    async with Redis.from_url(redis_url) as redis:
        assert await redis.xinfo_consumers(STREAM, GROUP) == []


async def test_a_stream_that_nobody_reads_stays_short(redis_url: str, gateway: Process) -> None:
    async with Redis.from_url(redis_url) as redis, redis.pipeline(transaction=False) as pipeline:
        for _ in range(LONGEST_STREAM + 500):
            pipeline.xadd(STREAM, {"data": "x"})
        await pipeline.execute()
    async with running(gateway):
        gateway.bells.ring("turns", 1, 1)
        await until(lambda: gateway.counted("sent") == 1)
    assert await length(redis_url) <= LONGEST_STREAM + 200


async def test_what_is_no_ring_is_skipped(redis_url: str, gateway: Process, worker: Process) -> None:
    async with Redis.from_url(redis_url) as redis:
        for fields in ({"data": "\xff not JSON"}, {"other": "field"}, {"data": '{"task_name": "os.system"}'}):
            await redis.xadd(STREAM, fields)  # type: ignore[arg-type]
    async with running(gateway, worker):
        gateway.bells.ring("turns", 3, 1)
        await until(worker.has_heard(3))

        async def is_empty() -> bool:
            return await length(redis_url) == 0

        await until(is_empty)
    assert worker.heard == [(3, 1)]


async def test_an_emptied_redis_is_begun_anew(
    redis: RedisServer, redis_url: str, gateway: Process, worker: Process
) -> None:
    async with running(gateway, worker):
        gateway.bells.ring("turns", 1, 1)
        await until(worker.has_heard(1))
        redis.execute("FLUSHALL")
        gateway.bells.ring("turns", 2, 1)
        await until(worker.has_heard(2), BACK)


async def test_after_a_restart_of_redis_rings_come_again(own_redis: RedisServer) -> None:
    gateway, worker = Process(own_redis.url, "gateway"), Process(own_redis.url, "worker")
    worker.listens()
    async with running(gateway, worker):
        await ring_until_heard(gateway, worker, 1)
        own_redis.kill()
        gateway.bells.ring("turns", 2, 1)
        await until(lambda: gateway.counted("away") > 0, BACK)
        own_redis.start()
        await ring_until_heard(gateway, worker, 3)


async def test_a_frozen_redis_holds_nobody_up_and_collects_nothing(own_redis: RedisServer) -> None:
    gateway, worker = Process(own_redis.url, "gateway"), Process(own_redis.url, "worker")
    worker.listens()
    async with running(gateway, worker):
        await ring_until_heard(gateway, worker, 1)
        before = len(asyncio.all_tasks())
        own_redis.freeze()
        try:
            for key in range(20_000):
                gateway.bells.ring("turns", 100 + key, 1)
            assert len(asyncio.all_tasks()) == before
            await until(lambda: gateway.counted("away") == 10_000, BACK)
            assert gateway.counted("full") == 10_000
        finally:
            own_redis.thaw()
        await ring_until_heard(gateway, worker, 2)


async def test_without_redis_from_the_start_nothing_fails_and_it_begins_when_it_comes(own_redis: RedisServer) -> None:
    own_redis.stop()
    gateway, worker = Process(own_redis.url, "gateway"), Process(own_redis.url, "worker")
    worker.listens()
    async with running(gateway, worker):
        gateway.bells.ring("turns", 1, 1)
        await until(lambda: gateway.counted("away") > 0, BACK)
        own_redis.start()
        await ring_until_heard(gateway, worker, 2)


async def test_it_ends_while_redis_is_frozen(own_redis: RedisServer) -> None:
    gateway, worker = Process(own_redis.url, "gateway"), Process(own_redis.url, "worker")
    worker.listens()
    try:
        async with asyncio.timeout(BACK), running(gateway, worker):
            await ring_until_heard(gateway, worker, 1)
            own_redis.freeze()
            gateway.bells.ring("turns", 2, 1)
    finally:
        own_redis.thaw()


async def test_what_was_lost_in_an_outage_does_not_come_after_it(own_redis: RedisServer) -> None:
    gateway, worker = Process(own_redis.url, "gateway"), Process(own_redis.url, "worker")
    queues = [f"queue {number}" for number in range(5)]
    for queue in queues:
        worker.listens(queue)
    async with running(gateway):
        gateway.bells.ring(queues[0], 1, 1)
        await until(lambda: gateway.counted("sent") == 1)
        own_redis.kill()
        for number, queue in enumerate(queues):
            gateway.bells.ring(queue, 10 + number, 1)
        await until(lambda: gateway.counted("away") == len(queues), BACK)
        own_redis.start()

        async def all_were_heard() -> bool:
            for number, queue in enumerate(queues):
                gateway.bells.ring(queue, 20 + number, 1)
            await asyncio.sleep(0.05)
            return worker.has_heard(20, 21, 22, 23, 24)()

        async with running(worker):
            await until(all_were_heard, BACK)
    assert {key for key, _ in worker.heard} <= {1, 20, 21, 22, 23, 24}


async def test_a_ring_before_it_runs_is_lost_and_counted(gateway: Process) -> None:
    gateway.bells.ring("turns", 1, 1)
    assert gateway.counted("away") == 1
