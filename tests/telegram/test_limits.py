import asyncio
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskarad.errors import Flooded
from maskarad.telegram.limits import TIDY_FROM, WAITING_PER_CHAT, FloodLimits

BOT, PERSON, OTHER_PERSON, GROUP = 1, 10, 11, -100


class Clock:
    """Sleeping moves it, so that an hour of sending takes no time."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


def limits_with(
    clock: Clock, *, per_bot_second: float = 0, per_chat_second: float = 0, per_group_minute: float = 0
) -> FloodLimits:
    return FloodLimits(
        per_bot_second=per_bot_second,
        per_chat_second=per_chat_second,
        per_group_minute=per_group_minute,
        clock=clock,
        sleep=clock.sleep,
    )


async def send(limits: FloodLimits, clock: Clock, chat_id: int, times: int) -> list[float]:
    sent = []
    for _ in range(times):
        async with limits.turn(BOT, chat_id) as turn:
            await turn.ready()
            sent.append(clock())
    return sent


def most_within(sent: list[float], seconds: float) -> int:
    return max(sum(start <= each < start + seconds for each in sent) for start in sent)


@given(rate=st.sampled_from([0.2, 0.5, 1.0, 1.5, 3.0, 30.0]))
@settings(max_examples=6, deadline=None)
async def test_a_chat_gets_its_rate_and_no_more(rate: float) -> None:
    clock = Clock()
    sent = await send(limits_with(clock, per_chat_second=rate), clock, PERSON, 60)
    count, seconds = max(1, int(rate)), max(1, int(rate)) / rate
    assert most_within(sent, seconds - 1e-6) == count
    assert sent[-1] - sent[0] <= 60 / rate


async def test_a_group_never_sees_more_than_20_in_any_minute() -> None:
    clock = Clock()
    limits = limits_with(clock, per_group_minute=20)
    sent = await send(limits, clock, GROUP, 100)
    assert most_within(sent, 59.999) == 20
    assert sent[19] == sent[0]
    assert await send(limits, clock, PERSON, 100) == [clock()] * 100


async def test_the_bots_rate_is_shared_by_its_chats() -> None:
    clock = Clock()
    limits = limits_with(clock, per_bot_second=30)
    sent = [time for chat_id in range(1, 91) for time in await send(limits, clock, chat_id, 1)]
    assert most_within(sent, 0.999) == 30
    assert sent[-1] - sent[0] == pytest.approx(2.0)


async def test_a_chat_that_waited_for_its_bot_still_keeps_its_own_rate() -> None:
    """With 40 chats in front of it at 10 a second, its first message leaves when its second would have been due."""
    faster = 20

    def clock() -> float:
        return faster * time.monotonic()

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds / faster)

    limits = FloodLimits(per_bot_second=10, per_chat_second=1, per_group_minute=0, clock=clock, sleep=sleep)
    sent: dict[int, list[float]] = {}

    async def one(chat_id: int) -> None:
        async with limits.turn(BOT, chat_id) as turn:
            await turn.ready()
            sent.setdefault(chat_id, []).append(clock())

    await asyncio.gather(*(one(chat_id) for chat_id in range(100, 140)), *(one(PERSON) for _ in range(3)))
    first, second, third = sent[PERSON]
    assert second - first > 0.99
    assert third - second > 0.99
    assert most_within([each for times in sent.values() for each in times], 0.99) <= 10


async def test_a_chats_queue_has_an_end() -> None:
    clock = Clock()
    limits = limits_with(clock)
    async with limits.turn(BOT, PERSON):
        waiting = [asyncio.create_task(send(limits, clock, PERSON, 1)) for _ in range(WAITING_PER_CHAT)]
        await asyncio.sleep(0)
        with pytest.raises(Flooded):
            await send(limits, clock, PERSON, 1)
        assert len(await send(limits, clock, OTHER_PERSON, 1)) == 1
    await asyncio.gather(*waiting)
    assert len(await send(limits, clock, PERSON, 1)) == 1


async def test_zero_turns_a_limit_off() -> None:
    clock = Clock()
    assert await send(limits_with(clock), clock, GROUP, 500) == [clock()] * 500


async def test_a_chats_messages_keep_their_order() -> None:
    limits = FloodLimits(per_bot_second=0, per_chat_second=200, per_group_minute=0, clock=time.monotonic)
    order: list[int] = []

    async def one(number: int) -> None:
        async with limits.turn(BOT, PERSON) as turn:
            await turn.ready()
            if number == 3:
                turn.pause(0.05)
                await turn.ready()
            order.append(number)

    await asyncio.gather(*map(one, range(20)))
    assert order == list(range(20))


async def test_a_paused_chat_holds_up_no_other() -> None:
    limits = FloodLimits(per_bot_second=30, per_chat_second=1, per_group_minute=20, clock=time.monotonic)
    limits.pause(BOT, PERSON, 30)
    paused = asyncio.create_task(send(limits, Clock(), PERSON, 1))
    async with asyncio.timeout(2):
        await asyncio.gather(*(send(limits, Clock(), chat_id, 1) for chat_id in range(100, 130)))
    assert not paused.done()
    paused.cancel()


async def test_a_cancelled_waiter_gives_its_place_up() -> None:
    clock = Clock()
    limits = limits_with(clock, per_chat_second=1)
    async with limits.turn(BOT, PERSON):
        waiting = asyncio.create_task(send(limits, clock, PERSON, 1))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert len(await send(limits, clock, PERSON, 1)) == 1


async def test_a_pause_beyond_patience_is_raised_with_what_is_left_of_it() -> None:
    clock = Clock()
    limits = limits_with(clock)
    limits.pause(BOT, PERSON, 600)
    clock.now += 100
    async with limits.turn(BOT, PERSON) as turn:
        with pytest.raises(Flooded) as caught:
            await turn.ready()
    assert caught.value.retry_after == 500
    with pytest.raises(Flooded):
        await limits.after_pause(BOT, PERSON)
    await limits.after_pause(BOT, OTHER_PERSON)


async def test_idle_chats_are_forgotten_and_paused_ones_are_not() -> None:
    clock = Clock()
    limits = limits_with(clock, per_bot_second=0, per_chat_second=1, per_group_minute=20)
    limits.pause(BOT, PERSON, 86_400)
    for chat_id in range(1_000, 1_000 + 20 * TIDY_FROM):
        await send(limits, clock, chat_id, 1)
        clock.now += 0.5
    assert len(limits) <= TIDY_FROM
    with pytest.raises(Flooded):
        await limits.after_pause(BOT, PERSON)
