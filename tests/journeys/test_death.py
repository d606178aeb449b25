"""Processes die at the worst moments; every accepted message is answered all the same, and once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest

from maskarad.sandbox.person import Event
from tests.journeys.processes import PlatformProcess
from tests.journeys.stage import FRIEND, OWNER, Actor, Stage, new_lines

PENDING = range(2001, 2011)


@pytest.fixture
async def process(stage: Stage, tmp_path: Path) -> AsyncIterator[PlatformProcess]:
    # Here people write in seconds what they would in minutes.
    made = PlatformProcess(stage.settings, tmp_path, FLOOD_MESSAGES="1000")
    yield made
    await made.close()


async def test_killed_in_the_middle_of_a_turn_it_answers_once_after_the_restart(
    stage: Stage, process: PlatformProcess
) -> None:
    actor = await stage.actor()
    chat = stage.private(actor)
    await process.start()
    await stage.sandbox.direct_model(delay=5)
    before = await stage.sandbox.position()
    await stage.sandbox.say(chat, OWNER, "мого кота звати Мурчик")
    await stage.until_model_is_asked(1)
    await process.kill()
    await stage.sandbox.direct_model(delay=0)
    await process.start()
    await stage.sandbox.next_message(chat, after=before, timeout=40)
    answer = await stage.ask(actor, "як звати мого кота?")
    assert "Мурчик" in answer.text
    assert len(await stage.spoken_by(actor, chat)) == 2
    assert await process.stop() == 0


async def test_with_ten_answers_pending_none_is_lost(stage: Stage, process: PlatformProcess) -> None:
    actor = await stage.actor()
    for person in PENDING:
        await stage.sandbox.add_user(f"Guest {person}", id=person)
    await process.start()
    await stage.sandbox.direct_model(delay=5)
    before = await stage.sandbox.position()
    for person in PENDING:
        await stage.sandbox.say(stage.private(actor, person), person, f"я гість {person}")
    await stage.until_model_is_asked(len(PENDING))
    await process.kill()
    await stage.sandbox.direct_model(delay=0)
    await process.start()
    waiting = {stage.private(actor, person) for person in PENDING}
    while waiting:
        heard = await stage.sandbox.next_message(after=before, timeout=40)
        before = heard.seq
        waiting.discard(heard.chat)
    assert [len(await stage.spoken_by(actor, stage.private(actor, person))) for person in PENDING] == [1] * 10


async def test_killed_between_two_parts_it_goes_on_with_the_second(stage: Stage, process: PlatformProcess) -> None:
    actor = await stage.actor()
    chat = stage.private(actor)
    await stage.sandbox.direct_model(replies=['{"response": ["раз", "два", "три"]}'])
    await stage.sandbox.order_fault("slow", method="sendMessage", seconds=1, times=3)
    await process.start()
    before = await stage.sandbox.position()
    await stage.sandbox.say(chat, OWNER, "порахуй")
    first = await stage.sandbox.next_message(chat, after=before)
    await stage.sandbox.clear_faults()
    await process.kill()
    await process.start()
    last = await stage.sandbox.wait_for(lambda event: says(event, "три"), 40, after=first.seq)
    spoken = await stage.spoken_by(actor, chat)
    assert last["chat"] == chat
    assert list(dict.fromkeys(spoken)) == ["раз", "два", "три"]
    assert len(spoken) <= 4
    assert len(await stage.prompts()) == 1


async def test_killed_again_and_again_it_loses_nothing_and_keeps_the_order(
    stage: Stage, process: PlatformProcess
) -> None:
    actor = await stage.actor()
    dice, kills = Random(7), 4
    await stage.sandbox.direct_model(delay=0.05)
    await process.start()
    for number in range(30):
        await stage.sandbox.say(stage.private(actor, OWNER), OWNER, f"слово {number}")
        await stage.sandbox.say(stage.private(actor, FRIEND), FRIEND, f"word {number}")
        if number % 7 == 6:
            await asyncio.sleep(dice.uniform(0.0, 0.3))
            await process.kill()
            await process.start()
    before = await stage.sandbox.position()
    await stage.sandbox.say(stage.private(actor, OWNER), OWNER, "кінець")
    await stage.sandbox.say(stage.private(actor, FRIEND), FRIEND, "the end")
    await all_answered(stage, actor, before)
    asked = [line for prompt in await stage.prompts() for line in new_lines(prompt)]
    for words in (["слово", "кінець"], ["word", "the end"]):
        mine = [line for line in asked if line.startswith(tuple(words))]
        once = list(dict.fromkeys(mine))
        assert once == [f"{words[0]} {number}" for number in range(30)] + [words[1]]
        doubled = len(await stage.spoken_by(actor, stage.private(actor, OWNER if words[0] == "слово" else FRIEND)))
        assert doubled <= len(mine) + kills


async def test_told_to_stop_in_the_middle_of_a_turn_it_finishes_the_turn(
    stage: Stage, process: PlatformProcess
) -> None:
    actor = await stage.actor()
    chat = stage.private(actor)
    await stage.sandbox.direct_model(delay=1.5)
    await process.start()
    before = await stage.sandbox.position()
    await stage.sandbox.say(chat, OWNER, "ще одне, і спати")
    await stage.until_model_is_asked(1)
    assert await process.stop() == 0
    await stage.sandbox.next_message(chat, after=before, timeout=1)
    assert len(await stage.spoken_by(actor, chat)) == 1


async def all_answered(stage: Stage, actor: Actor, after: int) -> None:
    """Both private chats hold an answer given after their last message was asked about."""
    waiting = {stage.private(actor, OWNER): "кінець", stage.private(actor, FRIEND): "the end"}
    seen = 0
    async with asyncio.timeout(60):
        while waiting:
            found = await stage.sandbox.model_requests(seen, wait=10)
            seen = found[-1]["seq"] if found else seen
            lines = {line for request in found for line in new_lines(request["body"])}
            for chat in [chat for chat, text in waiting.items() if text in lines]:
                await stage.sandbox.next_message(chat, after=after)
                del waiting[chat]


def says(event: Event, text: str) -> bool:
    return bool(event["kind"] == "message" and event["message"].get("text") == text)
