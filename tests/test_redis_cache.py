"""Processes share snapshots over a real Redis, never see a stale one for longer than a moment, and live without it."""

import asyncio
import itertools
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog

from maskarad.cache import Cache
from maskarad.errors import SettingsError
from maskarad.metrics import Metrics
from maskarad.redis_cache import LONGEST_PAUSE, MOST_BYTES, MOST_UNSENT, RedisCache
from tests.support.clock import FakeClock
from tests.support.counts import sample
from tests.support.servers import RedisServer
from tests.support.until import until

ROOT = Path(__file__).parent.parent


class Truth:
    """What the database would say; the processes share it."""

    def __init__(self) -> None:
        self.values: dict[int, str] = {}
        self.reads: Counter[int] = Counter()
        self.door = asyncio.Event()
        self.door.set()

    async def read(self, key: int) -> str:
        self.reads[key] += 1
        value = self.values.get(key, "first")
        await self.door.wait()
        return value


class Process:
    """A cache as a process of its own has it."""

    def __init__(self, url: str, truth: Truth, *, release: str = "1", lifetime: float = 300.0) -> None:
        self.metrics = Metrics()
        self.clock = FakeClock(0.0)
        self.before_next_fence: Callable[[], None] | None = None
        self._fences = itertools.count()
        self.shared = RedisCache(
            url,
            release=release,
            new_fence=self.new_fence,
            clock=self.clock,
            metrics=self.metrics,
        )
        self.cache = Cache(
            "words",
            truth.read,
            str,
            lifetime=lifetime,
            room=10 * MOST_BYTES,
            clock=time.time,
            meter=self.metrics.cache("words"),
            shared=self.shared,
        )

    def new_fence(self) -> bytes:
        first, self.before_next_fence = self.before_next_fence, None
        if first is not None:
            first()
        return f"{id(self)}-{next(self._fences)}".encode()

    def is_up(self) -> bool:
        return sample(self.metrics, "maskarad_shared_cache_up") == 1

    async def until(self, *, up: bool) -> None:
        await until(lambda: self.is_up() is up, LONGEST_PAUSE + 10)

    async def shows(self, value: str, key: int = 1) -> None:
        """Returns once it does. Raises TimeoutError when it goes on showing another."""

        async def does() -> bool:
            return await self.cache.get(key) == value

        await until(does)


@asynccontextmanager
async def process(
    url: str,
    truth: Truth,
    *,
    release: str = "1",
    lifetime: float = 300.0,
    up: bool = True,
    identity: str = "one",
) -> AsyncIterator[Process]:
    one = Process(url, truth, release=release, lifetime=lifetime)
    running = asyncio.create_task(one.shared.run(identity))
    try:
        await one.until(up=up)
        yield one
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await one.shared.close()


@pytest.fixture
def truth() -> Truth:
    return Truth()


async def test_what_one_process_has_read_another_need_not(redis_url: str, truth: Truth) -> None:
    async with process(redis_url, truth) as one, process(redis_url, truth) as other:
        assert await one.cache.get(1) == "first"
        assert await other.cache.get(1) == "first"
    assert truth.reads[1] == 1


async def test_a_hundred_misses_at_once_make_one_read(redis_url: str, truth: Truth) -> None:
    async with process(redis_url, truth) as one:
        assert set(await asyncio.gather(*(one.cache.get(1) for _ in range(100)))) == {"first"}
    assert truth.reads[1] == 1


@pytest.mark.parametrize("options", ["", "?protocol=3"])
async def test_a_drop_in_one_process_is_heard_in_every_other(redis_url: str, truth: Truth, options: str) -> None:
    """With RESP3, today's default of the client, nothing would be heard and nothing would fail."""
    url = redis_url + options
    async with process(url, truth) as one, process(url, truth) as other, process(url, truth) as third:
        for number in range(20):
            for each in (one, other, third):
                await each.cache.get(1)
            truth.values[1] = f"value {number}"
            one.cache.drop(1)
            assert await one.cache.get(1) == f"value {number}"
            await other.shows(f"value {number}")
            await third.shows(f"value {number}")


async def test_every_connection_speaks_resp2(redis: RedisServer, redis_url: str, truth: Truth) -> None:
    async with process(redis_url + "?client_name=under-test", truth) as one:
        await one.cache.get(1)
        listed = await asyncio.to_thread(redis.execute, "CLIENT", "LIST")
        ours = [line for line in listed.decode().splitlines() if "name=under-test" in line]
        assert len(ours) == 2
        assert all("resp=2" in line for line in ours)


async def test_a_reader_overtaken_by_a_write_spoils_it_for_nobody(
    redis: RedisServer, redis_url: str, truth: Truth
) -> None:
    async with process(redis_url, truth) as slow, process(redis_url, truth) as writer:
        truth.door.clear()
        overtaken = asyncio.create_task(slow.cache.get(1))
        await until(lambda: truth.reads[1] > 0)
        truth.values[1] = "second"
        writer.cache.drop(1)
        await until(lambda: redis.execute("EXISTS", "maskarad:one:fence:words:1") == b":1\r\n")
        truth.door.set()
        assert await overtaken == "first"
        for each in (slow, writer):
            await each.shows("second")
        async with process(redis_url, truth) as newcomer:
            assert await newcomer.cache.get(1) == "second"


async def test_more_readers_than_connections_wait_for_each_other(redis_url: str, truth: Truth) -> None:
    async with process(redis_url, truth) as one:
        for _ in range(2):
            await asyncio.gather(*(one.cache.get(key) for key in range(300)))
        assert one.is_up()
    assert set(truth.reads.values()) == {1}


async def test_a_key_that_nobody_understands_drops_everything_and_stops_nobody(
    redis: RedisServer, redis_url: str, truth: Truth
) -> None:
    async with process(redis_url, truth) as one, process(redis_url, truth) as other:
        for number, key in enumerate((b"words:1:x", b"words", b"later:1", b"\xff")):
            await one.cache.get(1)
            truth.values[1] = f"value {number}"
            await asyncio.to_thread(redis.execute, "SET", "maskarad:one:fence:" + key.decode(errors="replace"), "1")
            await asyncio.to_thread(redis.execute, "DEL", "maskarad:one:value:1:words:1")
            await one.shows(f"value {number}")
        truth.values[1] = "last"
        other.cache.drop(1)
        await one.shows("last")


async def test_what_is_dropped_while_it_comes_back_is_told_too(own_redis: RedisServer, truth: Truth) -> None:
    async with process(own_redis.url, truth) as one, process(own_redis.url, truth) as other:
        own_redis.kill()
        await one.until(up=False)
        await other.until(up=False)
        one.cache.drop(1)
        own_redis.start()
        await other.until(up=True)
        await other.cache.get(2)
        truth.values[2] = "second"
        one.before_next_fence = lambda: one.cache.drop(2)
        if one.is_up():
            one.cache.drop(1)
        await one.until(up=True)
        await other.shows("second", 2)


async def test_what_is_dropped_as_redis_dies_is_told_when_it_is_back(own_redis: RedisServer, truth: Truth) -> None:
    async with process(own_redis.url, truth) as one, process(own_redis.url, truth) as other:
        await other.cache.get(1)
        own_redis.kill()
        truth.values[1] = "second"
        one.cache.drop(1)
        await one.until(up=False)
        own_redis.start()
        for each in (one, other):
            await each.until(up=True)
            await each.shows("second")


@pytest.mark.parametrize(
    "url", ["redis://:hun/ter2@127.0.0.1/0", "redis://127.0.0.1:abc", "redis://127.0.0.1/0?hunter2=1"]
)
def test_an_address_that_cannot_be_one_is_refused_without_its_words(url: str, truth: Truth) -> None:
    with pytest.raises(SettingsError, match="REDIS_URL") as refused:
        Process(url, truth)
    assert "hun" not in str(refused.value)


async def test_two_platforms_share_a_redis_and_nothing_else(redis_url: str, truth: Truth) -> None:
    elsewhere = Truth()
    elsewhere.values[1] = "theirs"
    async with process(redis_url, truth) as ours, process(redis_url, elsewhere, identity="another") as theirs:
        assert await ours.cache.get(1) == "first"
        assert await theirs.cache.get(1) == "theirs"
        ours.cache.drop(1)
        assert await theirs.cache.get(1) == "theirs"
    assert elsewhere.reads[1] == 1


@pytest.mark.parametrize("words", [("CONFIG", "SET", "maxmemory", "1"), ("REPLICAOF", "127.0.0.1", "1")])
async def test_a_redis_that_lets_nobody_write_is_away_until_it_does(
    own_redis: RedisServer, truth: Truth, words: tuple[str, ...]
) -> None:
    async with process(own_redis.url, truth) as one:
        await one.cache.get(1)
        await asyncio.to_thread(own_redis.execute, *words)
        with structlog.testing.capture_logs() as logged:
            for key in range(10, 20):
                assert await one.cache.get(key) == "first"
            await one.until(up=False)
            assert await one.cache.get(1) == "first"
            await until(lambda: len(logged) >= 4, 60)
        assert truth.reads[1] == 1
        assert {each["event"] for each in logged} == {"redis_away"}
        await asyncio.to_thread(own_redis.execute, "CONFIG", "SET", "maxmemory", "0")
        await asyncio.to_thread(own_redis.execute, "REPLICAOF", "NO", "ONE")
        await one.until(up=True)


async def test_an_operator_who_empties_redis_empties_every_memory(
    redis: RedisServer, redis_url: str, truth: Truth
) -> None:
    async with process(redis_url, truth) as one:
        await one.cache.get(1)
        truth.values[1] = "restored from a backup"
        await asyncio.to_thread(redis.execute, "FLUSHALL")
        await one.shows("restored from a backup")


async def test_a_value_lives_no_longer_because_it_is_shared(redis_url: str, truth: Truth) -> None:
    async with process(redis_url, truth, lifetime=0.3) as one, process(redis_url, truth, lifetime=0.3) as other:
        await one.cache.get(1)
        truth.values[1] = "second"
        await other.shows("second")
        assert truth.reads[1] == 2


async def test_other_code_and_too_large_values_share_nothing(redis_url: str, truth: Truth) -> None:
    truth.values[2] = "x" * (MOST_BYTES + 1)
    async with process(redis_url, truth) as old, process(redis_url, truth, release="2") as new:
        for each in (old, new):
            await each.cache.get(1)
            await each.cache.get(2)
        assert truth.reads == Counter((1, 1, 2, 2))
        truth.values[1] = "second"
        old.cache.drop(1)
        await new.shows("second")


async def test_what_somebody_else_wrote_there_counts_as_nothing(
    redis: RedisServer, redis_url: str, truth: Truth
) -> None:
    async with process(redis_url, truth) as one:
        await asyncio.to_thread(redis.execute, "SET", "maskarad:one:value:1:words:1", "not ours")
        assert await one.cache.get(1) == "first"


async def test_reads_of_redis_are_counted(redis_url: str, truth: Truth) -> None:
    async with process(redis_url, truth) as one, process(redis_url, truth) as other:
        await one.cache.get(1)
        await other.cache.get(1)
        await other.cache.get(1)
        assert sample(one.metrics, "maskarad_shared_cache_reads_total", result="miss") == 1
        assert sample(other.metrics, "maskarad_shared_cache_reads_total", result="hit") == 1


async def test_without_redis_at_the_start_it_begins_alone_and_joins_later(own_redis: RedisServer, truth: Truth) -> None:
    own_redis.kill()
    async with process(own_redis.url, truth, up=False) as one:
        assert await one.cache.get(1) == "first"
        own_redis.start()
        await one.until(up=True)
        async with process(own_redis.url, truth) as other:
            await one.cache.get(1)
            truth.values[1] = "second"
            other.cache.drop(1)
            await one.shows("second")


@pytest.mark.parametrize("trouble", ["killed", "frozen"])
async def test_while_redis_is_away_everything_goes_on_and_nothing_dropped_comes_back(
    own_redis: RedisServer, truth: Truth, trouble: str
) -> None:
    async with process(own_redis.url, truth) as one, process(own_redis.url, truth) as other:
        for each in (one, other):
            await each.cache.get(1)
        if trouble == "killed":
            own_redis.kill()
        else:
            own_redis.freeze()
        with structlog.testing.capture_logs() as logged:
            for key in range(10, 30):
                assert await one.cache.get(key) == "first"
            await one.until(up=False)
            truth.values[1] = "second"
            one.cache.drop(1)
            assert await one.cache.get(1) == "second"
            one.clock.advance(59)
            await one.cache.get(40)
        assert [each["event"] for each in logged if each["log_level"] == "warning"].count("redis_away") <= 2
        if trouble == "killed":
            own_redis.start()
        else:
            own_redis.thaw()
        for each in (one, other):
            await each.until(up=True)
            await each.shows("second")
        truth.values[1] = "third"
        other.cache.drop(1)
        await one.shows("third")


async def test_an_outage_warns_once_a_minute(own_redis: RedisServer, truth: Truth) -> None:
    async with process(own_redis.url, truth) as one:
        own_redis.kill()
        with structlog.testing.capture_logs() as logged:
            await one.until(up=False)
            await until(lambda: len(logged) >= 3, 60)
            one.clock.advance(61)
            tried = len(logged)
            await until(lambda: len(logged) >= tried + 3, 60)
        assert [each["log_level"] for each in logged if each["event"] == "redis_away"].count("warning") == 2


async def test_more_drops_than_are_remembered_empty_the_cache(own_redis: RedisServer, truth: Truth) -> None:
    async with process(own_redis.url, truth) as one, process(own_redis.url, truth) as other:
        await one.cache.get(MOST_UNSENT + 7)
        await other.cache.get(MOST_UNSENT + 7)
        own_redis.kill()
        await one.until(up=False)
        truth.values[MOST_UNSENT + 7] = "second"
        for key in range(MOST_UNSENT + 8):
            one.cache.drop(key)
        own_redis.start()
        for each in (one, other):
            await each.until(up=True)
            await each.shows("second", MOST_UNSENT + 7)


async def test_another_process_hears_of_a_drop_within_50_milliseconds(redis_url: str) -> None:
    """Measured between two processes of the system, by the clock that they share; most of thirty drops, for this
    machine may be busy."""
    reader = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.cache_reader", redis_url, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert reader.stdout is not None
    truth = Truth()
    delays = []
    try:
        async with process(redis_url, truth) as writer, asyncio.timeout(30):
            await reader.stdout.readline()
            for _ in range(30):
                writer.cache.drop(1)
                dropped_at = time.monotonic()
                delays.append(json.loads(await reader.stdout.readline()) - dropped_at)
    finally:
        reader.terminate()
        await reader.wait()
    assert sorted(delays)[20] <= 0.05
