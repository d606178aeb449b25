import asyncio
from collections import Counter

import pytest

from maskarad.cache import Cache
from tests.support.clock import FakeClock


class Source:
    """What is read: a value that the test sets, a door that the test opens, and a count of the reads."""

    def __init__(self) -> None:
        self.value = "first"
        self.error: Exception | None = None
        self.door = asyncio.Event()
        self.door.set()
        self.reads: Counter[str] = Counter()

    async def read(self, key: str) -> str:
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
def cache(source: Source, clock: FakeClock) -> Cache[str, str]:
    return Cache(source.read, lifetime=300, clock=clock, most=3)


async def begun(cache: Cache[str, str], key: str = "a") -> "asyncio.Task[str]":
    """A read under way."""
    reading = asyncio.ensure_future(cache.get(key))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return reading


async def test_a_value_is_read_once_in_its_lifetime(cache: Cache[str, str], source: Source, clock: FakeClock) -> None:
    assert await cache.get("a") == "a: first"
    source.value = "second"
    clock.advance(299)
    assert await cache.get("a") == "a: first"
    clock.advance(1)
    assert await cache.get("a") == "a: second"
    assert source.reads["a"] == 2


async def test_a_hundred_who_miss_make_one_read(cache: Cache[str, str], source: Source) -> None:
    source.door.clear()
    waiting = [await begun(cache) for _ in range(100)]
    source.door.set()
    assert set(await asyncio.gather(*waiting)) == {"a: first"}
    assert source.reads["a"] == 1


async def test_a_dropped_value_is_read_again(cache: Cache[str, str], source: Source) -> None:
    await cache.get("a")
    await cache.get("b")
    source.value = "second"
    cache.drop("a")
    cache.drop("never there")
    assert await cache.get("a") == "a: second"
    assert await cache.get("b") == "b: first"
    cache.clear()
    assert await cache.get("b") == "b: second"


@pytest.mark.parametrize("way", ["drop", "clear"])
async def test_a_drop_during_a_read_wins(cache: Cache[str, str], source: Source, way: str) -> None:
    source.door.clear()
    stale = await begun(cache)
    source.value = "second"
    if way == "drop":
        cache.drop("a")
    else:
        cache.clear()
    fresh = await begun(cache)
    source.door.set()
    assert await stale == "a: first"
    assert await fresh == "a: second"
    assert await cache.get("a") == "a: second"
    assert source.reads["a"] == 2


async def test_a_value_put_during_a_read_wins(cache: Cache[str, str], source: Source) -> None:
    source.door.clear()
    stale = await begun(cache)
    cache.put("a", "put")
    source.door.set()
    await stale
    assert await cache.get("a") == "put"


async def test_an_error_reaches_all_who_wait_and_is_not_kept(cache: Cache[str, str], source: Source) -> None:
    source.door.clear()
    source.error = ZeroDivisionError()
    waiting = [await begun(cache) for _ in range(3)]
    source.error = None
    source.door.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ZeroDivisionError] * 3
    assert await cache.get("a") == "a: first"


async def test_one_who_gives_up_does_not_spoil_it_for_the_others(cache: Cache[str, str], source: Source) -> None:
    source.door.clear()
    waiting = [await begun(cache) for _ in range(3)]
    waiting[0].cancel()
    source.door.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert outcomes[1:] == ["a: first", "a: first"]
    assert source.reads["a"] == 1


async def test_the_longest_unused_goes_first(cache: Cache[str, str], source: Source) -> None:
    for key in ("a", "b", "c", "a", "d"):
        await cache.get(key)
    assert source.reads == Counter("abcd")
    await cache.get("a")
    await cache.get("b")
    assert source.reads == Counter("abbcd")
