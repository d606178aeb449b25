"""Who asks too fast: of one process, and of several that count in Redis or go on without it."""

import asyncio
import time
from collections.abc import AsyncIterator
from itertools import count, cycle

import pytest

from maskarad.intake.flood import Floods, held_back
from maskarad.intake.shared_flood import RedisFloods
from maskarad.values import Chat, ChatType, Decision, Incoming, PartDraft, PartKind, Sender, Verdict
from tests.support.remarks import known, said
from tests.support.rows import NOW
from tests.support.scripts import Counting, counting
from tests.support.servers import RedisServer

REMARK = PartDraft(kind=PartKind.TEXT, text="slower!")
CALLED = Decision(verdict=Verdict.ANSWER, reason="named", features={"called": 1.0})

numbers = count(1)


class Counters:
    """Two messages or thirty seconds are the limit, eight where a test says so; each message comes to the next of
    the processes."""

    def __init__(self, shared: list[RedisFloods | None]) -> None:
        self._shared = shared

    def of(self, most: int) -> "Asking":
        return Asking([Floods(most=most, seconds=30.0, clock=time.time, shared=each) for each in self._shared])


class Asking:
    def __init__(self, processes: list[Floods]) -> None:
        self._next = cycle(processes)

    async def asks(self, message: Incoming, *, alone: bool = False) -> bool:
        return await next(self._next).asks(message, alone=alone)

    async def all(self, messages: list[Incoming], *, alone: bool = False) -> list[bool]:
        return [await self.asks(message, alone=alone) for message in messages]


def flood_of(process: Counting) -> Floods:
    return Floods(most=2, seconds=30.0, clock=time.time, shared=RedisFloods(process.scripts))


@pytest.fixture(params=["one process", "three processes", "without Redis"])
async def counters(request: pytest.FixtureRequest) -> AsyncIterator[Counters]:
    if request.param == "one process":
        yield Counters([None])
        return
    redis: RedisServer = request.getfixturevalue("redis")
    redis.execute("FLUSHALL")
    if request.param == "three processes":
        async with counting(redis.url, processes=3) as processes:
            yield Counters([RedisFloods(each.scripts) for each in processes])
        return
    async with counting("redis://127.0.0.1:1/0", up=False) as [alone]:
        yield Counters([RedisFloods(alone.scripts)])


def asked(person: int = 5, *, at: float = 0.0, bot_id: int = 1, chat_id: int = -1) -> Incoming:
    """A message of its own, `at` seconds from now."""
    return said(
        "Устиме?",
        bot_id=bot_id,
        chat=Chat(id=chat_id, type=ChatType.GROUP),
        sender=Sender(id=person, name="Bob"),
        message_id=next(numbers),
        sent_at=NOW + at,
    )


async def test_one_too_many_in_half_a_minute_is_too_fast_until_the_rate_falls(counters: Counters) -> None:
    floods = counters.of(8)
    assert await floods.all([asked(at=second) for second in range(10)]) == 8 * [False] + 2 * [True]
    assert await floods.asks(asked(at=20))
    assert not await floods.asks(asked(at=60))


async def test_the_same_message_once_more_is_not_counted_again_however_many_came_meanwhile(counters: Counters) -> None:
    floods = counters.of(2)
    messages = [asked(at=0.1 * number) for number in range(40)]
    first = await floods.all(messages)
    assert first == [False, False] + 38 * [True]
    assert await floods.all(messages) == first
    assert not await floods.asks(asked(at=60))


async def test_what_others_ask_does_not_hold_up_what_is_counted_alone(counters: Counters) -> None:
    floods = counters.of(2)
    await floods.all([asked(person) for person in range(6, 12)])
    assert await floods.asks(asked(12))
    assert not await floods.asks(asked(13), alone=True)
    assert await floods.all([asked(13), asked(13)], alone=True) == [False, True]


async def test_people_chats_and_bots_are_counted_apart(counters: Counters) -> None:
    floods = counters.of(2)
    assert await floods.all([asked(5), asked(5)]) == [False, False]
    assert await floods.asks(asked(5))
    assert not await floods.asks(asked(6))
    assert not await floods.asks(asked(5, chat_id=-2))
    assert not await floods.asks(asked(5, bot_id=2))


async def test_a_chat_may_ask_three_times_as_much_and_one_who_floods_does_not_use_it_up(counters: Counters) -> None:
    floods = counters.of(2)
    await floods.all([asked(5) for _ in range(50)])
    assert await floods.all([asked(person) for person in range(6, 12)]) == 4 * [False] + 2 * [True]


async def test_what_an_outage_has_heaped_up_is_no_flood(counters: Counters) -> None:
    floods = counters.of(2)
    assert await floods.all([asked(at=20 * minute) for minute in range(30)]) == 30 * [False]


async def test_nought_is_no_limit(counters: Counters) -> None:
    assert await counters.of(0).all([asked() for _ in range(50)]) == 50 * [False]


async def test_a_message_that_comes_to_all_at_once_is_counted_once(redis_url: str) -> None:
    async with counting(redis_url, processes=4) as processes:
        floods = [flood_of(each) for each in processes]
        doubled = asked()
        assert await asyncio.gather(*(each.asks(doubled) for each in floods)) == 4 * [False]
        assert not await floods[0].asks(asked())
        assert await floods[1].asks(asked())


async def test_with_redis_frozen_each_goes_on_and_it_is_shared_again_afterwards(own_redis: RedisServer) -> None:
    async with counting(own_redis.url, processes=2) as processes:
        one, other = map(flood_of, processes)
        own_redis.freeze()
        try:
            assert [await one.asks(asked()) for _ in range(3)] == [False, False, True]
            assert [await other.asks(asked()) for _ in range(3)] == [False, False, True]
        finally:
            own_redis.thaw()
        await asyncio.gather(*(each.until(up=True) for each in processes))
        assert not await one.asks(asked(7))
        assert not await other.asks(asked(7))
        assert await one.asks(asked(7))


async def test_all_of_it_goes_away_by_itself_and_holds_no_words(redis: RedisServer, redis_url: str) -> None:
    async with counting(redis_url) as [process]:
        await flood_of(process).asks(asked())
    keys = [word for word in redis.execute("KEYS", "*").decode().split() if word.startswith("maskarad:")]
    assert len([key for key in keys if not key.endswith("tried")]) == 3
    assert all(redis.execute("TTL", key).startswith((b":1", b":6", b":5")) for key in keys)
    assert all("Устиме" not in redis.execute("DUMP", key).decode(errors="ignore") for key in keys)


def test_they_are_told_once_in_ten_minutes_and_only_where_there_would_be_an_answer() -> None:
    first = held_back(CALLED, known(), REMARK, NOW)
    assert (first.verdict, first.reason, first.part) == (Verdict.LISTEN, "flood", REMARK)
    assert held_back(CALLED, known(flood_told_at=NOW - 599), REMARK, NOW).part is None
    assert held_back(CALLED, known(flood_told_at=NOW - 601), REMARK, NOW).part == REMARK
    silent = Decision(verdict=Verdict.LISTEN, reason="silent")
    assert held_back(silent, known(), REMARK, NOW) == silent
