"""Several processes send for the same bots, over a real Redis: the limits hold for all of them together."""

import asyncio
import time
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from maskarad.errors import Flooded
from maskarad.redis_scripts import PLACES
from maskarad.telegram.limits import FloodLimits, Rate, Wait
from maskarad.telegram.shared_limits import RedisLimits
from tests.support.scripts import Counting, counting
from tests.support.servers import RedisServer
from tests.support.until import until

BOT, PERSON, OTHER_PERSON, GROUP = 1, 10, 11, -100

FREE = Wait(0, 0, 0)
GONE = -2
"""What Redis says of the lifetime of a key that is not there."""

Sent = list[float]


def limits_of(
    process: Counting, *, per_bot_second: float = 0, per_chat_second: float = 0, per_group_minute: float = 0
) -> FloodLimits:
    return FloodLimits(
        per_bot_second=per_bot_second,
        per_chat_second=per_chat_second,
        per_group_minute=per_group_minute,
        clock=time.monotonic,
        shared=RedisLimits(process.scripts),
    )


@pytest.fixture
async def processes(redis_url: str) -> AsyncIterator[list[Counting]]:
    async with counting(redis_url, processes=3) as counted:
        yield counted


async def send(limits: FloodLimits, chat_id: int, times: int, sent: Sent) -> None:
    for _ in range(times):
        async with limits.turn(BOT, chat_id) as turn:
            await turn.ready()
            sent.append(time.monotonic())


def most_within(sent: Sent, seconds: float) -> int:
    return max(sum(start <= each < start + seconds for each in sent) for start in sent)


async def test_a_chat_gets_its_rate_of_all_processes_together(processes: list[Counting]) -> None:
    sent: Sent = []
    await asyncio.gather(*(send(limits_of(each, per_chat_second=1), PERSON, 1, sent) for each in processes))
    assert all(later - earlier > 0.99 for earlier, later in pairwise(sent))


async def test_a_bots_rate_is_shared_by_all_its_chats_in_all_processes(processes: list[Counting]) -> None:
    sent: Sent = []
    limits = [limits_of(each, per_bot_second=30) for each in processes]
    chats = [(each, chat_id) for each in limits for chat_id in range(100, 120)]
    await asyncio.gather(*(send(each, chat_id, 1, sent) for each, chat_id in chats))
    assert len(sent) == 60
    assert most_within(sent, 0.95) == 30
    assert sent[-1] - sent[0] < 5


async def test_a_group_has_one_rate_for_a_second_and_one_for_a_minute(processes: list[Counting]) -> None:
    limits = [RedisLimits(each.scripts) for each in processes]
    rates = (Rate(19, 0.001), Rate(20, 60.0))
    for number in range(20):
        while (wait := await limits[number % 3].take(BOT, GROUP, of_bot=(), of_chat=rates)) != FREE:
            assert wait is not None
            assert wait.chat <= 0.001
    wait = await limits[0].take(BOT, GROUP, of_bot=(), of_chat=rates)
    assert wait is not None
    assert 50 < wait.chat <= 60
    assert await limits[0].take(BOT, GROUP - 1, of_bot=(), of_chat=rates) == FREE


async def test_who_has_to_wait_for_its_chat_is_not_counted_for_its_bot(processes: list[Counting]) -> None:
    limits = [RedisLimits(each.scripts) for each in processes]
    of_bot, of_chat = (Rate(2, 60.0),), (Rate(1, 60.0),)
    for each in (*limits, *limits):
        await each.take(BOT, PERSON, of_bot=of_bot, of_chat=of_chat)
    assert await limits[0].take(BOT, OTHER_PERSON, of_bot=of_bot, of_chat=of_chat) == FREE
    wait = await limits[1].take(BOT, GROUP, of_bot=of_bot, of_chat=of_chat)
    assert wait is not None
    assert (wait.pause, wait.chat) == (0, 0)
    assert 50 < wait.bot <= 60


async def test_who_has_to_wait_for_its_bot_is_not_counted_for_its_chat(processes: list[Counting]) -> None:
    one, other, third = (RedisLimits(each.scripts) for each in processes)
    of_bot, of_chat = (Rate(1, 60.0),), (Rate(1, 60.0),)
    assert await one.take(BOT, PERSON, of_bot=of_bot, of_chat=of_chat) == FREE
    wait = await other.take(BOT, OTHER_PERSON, of_bot=of_bot, of_chat=of_chat)
    assert wait is not None
    assert wait.bot > 50
    assert await third.take(BOT, OTHER_PERSON, of_bot=(), of_chat=of_chat) == FREE


async def test_a_pause_that_one_process_was_told_is_kept_by_all(processes: list[Counting]) -> None:
    one, other, third = (limits_of(each) for each in processes)
    one.pause(BOT, PERSON, 300)
    async with one.turn(BOT, OTHER_PERSON) as turn:
        await turn.ready()

    async def is_paused_for(limits: FloodLimits) -> bool:
        try:
            await limits.after_pause(BOT, PERSON)
        except Flooded as flooded:
            return 290 < flooded.retry_after <= 300
        return False

    await until(lambda: is_paused_for(other))
    async with third.turn(BOT, PERSON) as turn:
        with pytest.raises(Flooded):
            await turn.ready()
    await third.after_pause(BOT, OTHER_PERSON)


async def test_a_shorter_pause_does_not_end_a_longer_one(processes: list[Counting]) -> None:
    one, other, third = (limits_of(each) for each in processes)
    async with one.turn(BOT, PERSON) as turn:
        turn.pause(300)

    async def knows(limits: FloodLimits) -> bool:
        return await RedisLimits(processes[1].scripts).paused_for(BOT, PERSON) > 0

    await until(lambda: knows(other))
    other.pause(BOT, PERSON, 1)
    await asyncio.gather(*(each.scripts.close() for each in processes[1:2]))
    with pytest.raises(Flooded) as caught:
        await third.after_pause(BOT, PERSON)
    assert caught.value.retry_after > 290


async def test_another_platform_on_the_same_redis_has_limits_of_its_own(redis_url: str) -> None:
    async with counting(redis_url, identity="one") as [one], counting(redis_url, identity="two") as [two]:
        async with asyncio.timeout(5):
            await send(limits_of(one, per_chat_second=0.01), PERSON, 1, [])
            await send(limits_of(two, per_chat_second=0.01), PERSON, 1, [])


async def test_one_message_is_one_round_trip(processes: list[Counting], redis: RedisServer) -> None:
    limits = limits_of(processes[0], per_bot_second=30, per_chat_second=100, per_group_minute=100)
    await send(limits, GROUP, 1, [])
    before = processes[0].asked("answered")
    await send(limits, GROUP, 10, [])
    assert processes[0].asked("answered") - before == 10


async def test_what_is_counted_goes_away_with_its_window(processes: list[Counting], redis: RedisServer) -> None:
    await send(limits_of(processes[0], per_bot_second=30, per_chat_second=1, per_group_minute=20), GROUP, 1, [])
    of_bot, of_chat = f"maskarad:one:sent:{BOT}", f"maskarad:one:sent:{BOT}:{GROUP}"

    def lifetime(key: str) -> int:
        return int(redis.execute("PTTL", key)[1:])

    assert 50_000 < lifetime(of_chat) <= 60_000
    assert lifetime(of_bot) <= 1_000
    await until(lambda: lifetime(of_bot) == GONE)


async def test_a_clock_of_redis_that_was_set_back_holds_nobody_up(
    processes: list[Counting], redis: RedisServer
) -> None:
    future = str(round((time.time() + 86_400) * 1e6))
    redis.execute("LPUSH", f"maskarad:one:sent:{BOT}:{PERSON}", future)
    async with asyncio.timeout(5):
        await send(limits_of(processes[0], per_chat_second=0.01), PERSON, 1, [])


async def test_redis_frozen_holds_nobody_up_for_longer_than_a_quarter_of_a_second(own_redis: RedisServer) -> None:
    async with counting(own_redis.url, processes=2) as processes:
        limits = [limits_of(each, per_chat_second=1) for each in processes]
        sent: Sent = []
        await asyncio.gather(*(send(each, PERSON, 1, sent) for each in limits))
        own_redis.freeze()
        try:
            async with asyncio.timeout(2):
                await asyncio.gather(*(send(limits[0], chat_id, 1, sent) for chat_id in range(1_000)))
            assert processes[0].asked("away") > 0
            assert not processes[0].is_up()
            alone: Sent = []
            await send(limits[0], OTHER_PERSON, 2, alone)
            assert alone[-1] - alone[0] > 0.99
        finally:
            own_redis.thaw()
        await asyncio.gather(*(each.until(up=True) for each in processes))
        sent.clear()
        await asyncio.gather(*(send(each, PERSON, 1, sent) for each in limits))
        assert sent[1] - sent[0] > 0.99


async def test_a_redis_that_forgot_the_scripts_is_told_them_again(own_redis: RedisServer) -> None:
    async with counting(own_redis.url) as [process]:
        limits = limits_of(process, per_chat_second=1)
        await send(limits, PERSON, 1, [])
        own_redis.kill()
        await send(limits, PERSON, 1, [])
        assert process.asked("away") == 1
        own_redis.start()
        await process.until(up=True)
        before = process.asked("answered")
        await send(limits, PERSON, 1, [])
        assert process.asked("answered") > before


async def test_without_redis_from_the_start_each_process_keeps_its_own(own_redis: RedisServer) -> None:
    own_redis.kill()
    async with counting(own_redis.url, up=False) as [process]:
        sent: Sent = []
        await send(limits_of(process, per_chat_second=1), PERSON, 2, sent)
        assert sent[-1] - sent[0] > 0.99
        own_redis.start()
        await process.until(up=True)


async def test_a_read_only_redis_counts_as_away(own_redis: RedisServer) -> None:
    async with counting(own_redis.url) as [process]:
        own_redis.execute("CONFIG", "SET", "min-replicas-to-write", "1")
        await send(limits_of(process, per_chat_second=1), PERSON, 2, [])
        assert not process.is_up()
        own_redis.execute("CONFIG", "SET", "min-replicas-to-write", "0")
        await process.until(up=True)


async def test_thousands_of_askers_at_once_share_a_few_connections(redis: RedisServer, redis_url: str) -> None:
    async with counting(redis_url + "?client_name=many-askers") as [process]:
        limits, rates = RedisLimits(process.scripts), (Rate(1, 60.0),)
        waits = await asyncio.gather(
            *(limits.take(bot_id, PERSON, of_bot=rates, of_chat=rates) for bot_id in range(5_000))
        )
        listed = await asyncio.to_thread(redis.execute, "CLIENT", "LIST")
    assert len(waits) == 5_000
    assert set(waits) <= {FREE, None}
    assert 1 < listed.count(b"name=many-askers") <= PLACES + 1


async def test_who_is_cancelled_while_redis_is_asked_gives_its_place_up(own_redis: RedisServer) -> None:
    async with counting(own_redis.url) as [process]:
        limits = limits_of(process, per_chat_second=1, per_bot_second=30)
        own_redis.freeze()
        try:
            asking = asyncio.create_task(send(limits, PERSON, 1, []))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
        finally:
            own_redis.thaw()
        async with asyncio.timeout(5):
            await send(limits, PERSON, 1, [])
