import asyncio
from collections import Counter

import msgspec
import pytest

from maskarad.cache import Cache
from maskarad.metrics import Metrics
from tests.support.clock import FakeClock
from tests.support.counts import sample


class Source:
    """What is read: a value that the test sets, a door that the test opens, and a count of the reads."""

    def __init__(self) -> None:
        self.value = "first"
        self.error: Exception | None = None
        self.door = asyncio.Event()
        self.door.set()
        self.reads: Counter[int] = Counter()

    async def read(self, key: int) -> str:
        self.reads[key] += 1
        value, error = self.value, self.error
        await self.door.wait()
        if error is not None:
            raise error
        return f"{key}: {value}"


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


THREE_VALUES = 3 * len(msgspec.msgpack.encode("1: first"))


@pytest.fixture
def cache(source: Source, clock: FakeClock, metrics: Metrics) -> Cache[str]:
    return Cache("words", source.read, str, lifetime=300, room=THREE_VALUES, clock=clock, meter=metrics.cache("words"))


async def begun(cache: Cache[str], key: int = 1) -> "asyncio.Task[str]":
    """A read under way."""
    reading = asyncio.ensure_future(cache.get(key))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return reading


async def test_a_value_is_read_once_in_its_lifetime(cache: Cache[str], source: Source, clock: FakeClock) -> None:
    assert await cache.get(1) == "1: first"
    source.value = "second"
    clock.advance(299)
    assert await cache.get(1) == "1: first"
    clock.advance(1)
    assert await cache.get(1) == "1: second"
    assert source.reads[1] == 2


async def test_a_hundred_who_miss_make_one_read(cache: Cache[str], source: Source) -> None:
    source.door.clear()
    waiting = [await begun(cache) for _ in range(100)]
    source.door.set()
    assert set(await asyncio.gather(*waiting)) == {"1: first"}
    assert source.reads[1] == 1


async def test_a_dropped_value_is_read_again(cache: Cache[str], source: Source) -> None:
    await cache.get(1)
    await cache.get(2)
    source.value = "second"
    cache.drop(1)
    cache.drop(99)
    assert await cache.get(1) == "1: second"
    assert await cache.get(2) == "2: first"
    cache.clear()
    assert await cache.get(2) == "2: second"


@pytest.mark.parametrize("way", ["drop", "clear"])
async def test_a_drop_during_a_read_wins(cache: Cache[str], source: Source, way: str) -> None:
    source.door.clear()
    stale = await begun(cache)
    source.value = "second"
    if way == "drop":
        cache.drop(1)
    else:
        cache.clear()
    fresh = await begun(cache)
    source.door.set()
    assert await stale == "1: first"
    assert await fresh == "1: second"
    assert await cache.get(1) == "1: second"
    assert source.reads[1] == 2


async def test_an_error_reaches_all_who_wait_and_is_not_kept(cache: Cache[str], source: Source) -> None:
    source.door.clear()
    source.error = ZeroDivisionError()
    waiting = [await begun(cache) for _ in range(3)]
    source.error = None
    source.door.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ZeroDivisionError] * 3
    assert await cache.get(1) == "1: first"


async def test_one_who_gives_up_does_not_spoil_it_for_the_others(cache: Cache[str], source: Source) -> None:
    source.door.clear()
    waiting = [await begun(cache) for _ in range(3)]
    waiting[0].cancel()
    source.door.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert outcomes[1:] == ["1: first", "1: first"]
    assert source.reads[1] == 1


async def test_the_longest_unused_goes_first(cache: Cache[str], source: Source) -> None:
    for key in (1, 2, 3, 1, 4):
        await cache.get(key)
    assert source.reads == Counter((1, 2, 3, 4))
    await cache.get(1)
    await cache.get(2)
    assert source.reads == Counter((1, 2, 2, 3, 4))


async def test_a_value_that_takes_all_the_room_is_handed_out_and_not_kept(cache: Cache[str], source: Source) -> None:
    source.value = "x" * 100
    assert await cache.get(1) == await cache.get(1)
    assert source.reads[1] == 2
    source.value = "first"
    for key in (2, 3, 4, 2, 3, 4):
        await cache.get(key)
    assert source.reads == Counter((1, 1, 2, 3, 4))


async def test_hits_and_misses_are_counted(cache: Cache[str], metrics: Metrics) -> None:
    for key in (1, 1, 1, 2):
        await cache.get(key)
    assert sample(metrics, "maskarad_cache_requests_total", cache="words", result="hit") == 2
    assert sample(metrics, "maskarad_cache_requests_total", cache="words", result="miss") == 2
