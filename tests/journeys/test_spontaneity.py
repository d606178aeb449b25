"""A persona speaks unasked: what people in the chat see of it, with a clock that can be moved."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from maskarad.app import Platform
from maskarad.db import links
from maskarad.db.tables import chat_bot_instances, usage_records
from maskarad.values import Chattiness, Manners, Spontaneity
from tests.journeys.processes import PlatformProcess
from tests.journeys.stage import FRIEND, OWNER, Actor, Stage
from tests.support.clock import FakeClock
from tests.support.until import until

HOUR = 3600.0
LINE = "Хто бачив мій чайник?"

_TIMES = select(chat_bot_instances.c.stir_at)


@pytest.fixture
def clock() -> FakeClock:
    """Telegram's messages are of now."""
    return FakeClock(time.time())


@asynccontextmanager
async def playing(stage: Stage, clock: FakeClock, *, alone: bool = True, **more: Any) -> AsyncIterator[Platform]:
    """As `Stage.playing`, by the clock, and with nights like days. A platform looks for silences when it starts."""
    settings = stage.settings.model_copy(update={"quiet_hours": "0-0", **more})
    platform = Platform(settings, clock=clock)
    await platform.start(alone=alone)
    try:
        yield platform
    finally:
        await platform.stop()


async def times(stage: Stage) -> list[float | None]:
    """When the persona may next think of speaking, a link each."""
    return list(await stage.database.read(lambda connection: connection.execute(_TIMES).scalars().all()))


async def fall_silent(stage: Stage, clock: FakeClock, hours: float = 5) -> None:
    """It is hours later, and the platform has noticed, before that, that people talk there."""

    async def are_set() -> bool:
        return None not in await times(stage)

    async with playing(stage, clock):
        await until(are_set)
    clock.advance(hours * HOUR)


async def has_looked(stage: Stage, now: float) -> None:
    """Returns when nothing is due any more."""

    async def none_is_due() -> bool:
        return not any(at is not None and at <= now for at in await times(stage))

    await until(none_is_due)


async def has_run(platform: Platform, task: str) -> None:
    """Returns when the metrics say so."""
    address, headers = f"http://127.0.0.1:{platform.port}/metrics", {"Authorization": "Bearer scraper"}

    async def says_so() -> bool:
        async with aiohttp.request("GET", address, headers=headers) as answer:
            return f'maskarad_task_result{{result="ok",task="{task}"}} 1.0' in await answer.text()

    await until(says_so)


async def talked(stage: Stage, clock: FakeClock, **more: Any) -> tuple[Actor, str]:
    """An actor in a group where it was asked something."""
    actor = await stage.actor(**({"spontaneity": Spontaneity.OFTEN} | more))
    async with playing(stage, clock):
        group = await stage.group(actor, FRIEND)
        await stage.sandbox.ask(group, OWNER, "Устиме, якої музики послухаємо на концерті?")
        await stage.settled(actor)
    return actor, group


async def test_into_a_silence_it_says_something_without_a_sound(stage: Stage, clock: FakeClock) -> None:
    actor, group = await talked(stage, clock)
    await fall_silent(stage, clock)
    await stage.sandbox.direct_model(replies=[msgspec.json.encode({"response": [LINE]}).decode()])
    before = await stage.sandbox.position()
    async with playing(stage, clock):
        line = await stage.sandbox.next_message(group, after=before)
        await stage.settled(actor)
    assert line.text == LINE
    assert line.message["from"]["id"] == actor.telegram_id
    assert line.silent
    assert "reply_to_message" not in line.message
    prompt = (await stage.prompts())[-1]
    assert "Nobody has spoken to you." in prompt["messages"][-1]["content"]
    assert "концерті" in prompt["messages"][1]["content"]
    paid = select(usage_records.c.purpose).order_by(usage_records.c.id.desc()).limit(1)
    assert await stage.database.read(lambda connection: connection.execute(paid).scalar_one()) == "spontaneous"


async def test_what_it_said_is_remembered_and_can_be_answered(stage: Stage, clock: FakeClock) -> None:
    actor, group = await talked(stage, clock)
    await fall_silent(stage, clock)
    await stage.sandbox.direct_model(replies=[msgspec.json.encode({"response": [LINE]}).decode()])
    before = await stage.sandbox.position()
    async with playing(stage, clock, answer_within=7 * 86_400.0):
        line = await stage.sandbox.next_message(group, after=before)
        await stage.settled(actor)
        answer = await stage.sandbox.ask(group, FRIEND, "it is on the roof", reply_to=line.id)
    assert not answer.silent
    assert LINE in str((await stage.prompts())[-1])


async def test_in_private_it_speaks_unasked_too(stage: Stage, clock: FakeClock) -> None:
    actor = await stage.actor(spontaneity=Spontaneity.OFTEN)
    async with playing(stage, clock):
        await stage.ask(actor, "привіт")
        await stage.settled(actor)
    await fall_silent(stage, clock)
    await stage.sandbox.direct_model(replies=[msgspec.json.encode({"response": [LINE]}).decode()])
    before = await stage.sandbox.position()
    async with playing(stage, clock):
        line = await stage.sandbox.next_message(stage.private(actor), after=before)
    assert (line.text, line.silent) == (LINE, True)


async def test_silence_is_an_answer(stage: Stage, clock: FakeClock) -> None:
    actor, group = await talked(stage, clock)
    await fall_silent(stage, clock)
    asked = len(await stage.prompts())
    await stage.sandbox.direct_model(replies=['{"response": []}'])
    async with playing(stage, clock):
        await has_looked(stage, clock())
        await stage.settled(actor)
    assert len(await stage.prompts()) == asked + 1
    assert len(await stage.spoken_by(actor, group)) == 1


@pytest.mark.parametrize("chattiness", [Chattiness.SILENT, Chattiness.QUIET])
async def test_where_the_administrators_want_it_quiet_it_keeps_quiet(
    stage: Stage, clock: FakeClock, chattiness: Chattiness
) -> None:
    actor, group = await talked(stage, clock)
    await fall_silent(stage, clock)
    manners = Manners(chattiness=chattiness)
    await stage.database.write(partial(links.set_manners, link_id=1, manners=manners))
    asked = len(await stage.prompts())
    async with playing(stage, clock):
        await has_looked(stage, clock())
        await stage.settled(actor)
    assert len(await stage.prompts()) == asked
    assert len(await stage.spoken_by(actor, group)) == 1


async def test_it_lets_people_sleep(stage: Stage, clock: FakeClock) -> None:
    actor, group = await talked(stage, clock)
    await fall_silent(stage, clock)
    hour = time.gmtime(clock()).tm_hour
    asked = len(await stage.prompts())
    async with playing(stage, clock, quiet_hours=f"{(hour - 1) % 24}-{(hour + 2) % 24}"):
        await has_looked(stage, clock())
        await stage.settled(actor)
    assert len(await stage.prompts()) == asked
    assert len(await stage.spoken_by(actor, group)) == 1


async def test_one_that_is_not_to_speak_unasked_does_not(stage: Stage, clock: FakeClock) -> None:
    actor, group = await talked(stage, clock, spontaneity=Spontaneity.NEVER)
    clock.advance(5 * HOUR)
    asked = len(await stage.prompts())
    async with playing(stage, clock, metrics_token=SecretStr("scraper")) as platform:
        await has_run(platform, "spontaneous_activity_loop")
        await stage.settled(actor)
    assert await times(stage) == [None]
    assert len(await stage.prompts()) == asked
    assert len(await stage.spoken_by(actor, group)) == 1


async def test_two_platforms_on_one_database_say_it_once(stage: Stage, clock: FakeClock) -> None:
    actor, group = await talked(stage, clock)
    await fall_silent(stage, clock)
    replies = [msgspec.json.encode({"response": [LINE]}).decode()] * 2
    await stage.sandbox.direct_model(replies=replies, delay=0.3)
    asked = len(await stage.prompts())
    before = await stage.sandbox.position()
    async with playing(stage, clock, alone=False), playing(stage, clock, alone=False):
        await stage.sandbox.next_message(group, after=before)
        await has_looked(stage, clock())
        await stage.settled(actor)
    assert len(await stage.prompts()) == asked + 1
    assert (await stage.spoken_by(actor, group)).count(LINE) == 1


async def test_killed_before_sending_it_says_it_once(stage: Stage, clock: FakeClock, tmp_path: Path) -> None:
    """The outbox holds what was thought of; the next start sends it. Processes have clocks of their own, so here it is
    the chat that has grown old."""
    actor, group = await talked(stage, clock)
    long_ago = {"stir_at": 1.0, "last_message_at": clock() - 5 * HOUR, "spoke_at": clock() - 5 * HOUR}
    aged = update(chat_bot_instances).values(long_ago)
    await stage.database.write(lambda connection: connection.execute(aged))
    await stage.sandbox.direct_model(replies=[msgspec.json.encode({"response": [LINE]}).decode()])
    await stage.sandbox.order_fault("502", method="sendMessage", times=1_000)

    async def is_thought_of() -> bool:
        parts = select(chat_bot_instances.c.parts)
        return bool(await stage.database.read(lambda connection: connection.execute(parts).scalar_one()))

    process = PlatformProcess(stage.settings, tmp_path, QUIET_HOURS="0-0")
    try:
        await process.start()
        await until(is_thought_of)
        await process.kill()
        await stage.sandbox.clear_faults()
        before = await stage.sandbox.position()
        await process.start()
        line = await stage.sandbox.next_message(group, after=before, timeout=30)
        await stage.settled(actor)
    finally:
        await process.close()
    assert (line.text, line.silent) == (LINE, True)
    assert (await stage.spoken_by(actor, group)).count(LINE) == 1


async def test_what_could_not_be_sent_in_time_is_not_sent_into_the_night(stage: Stage, clock: FakeClock) -> None:
    actor, group = await talked(stage, clock)
    await fall_silent(stage, clock)
    await stage.sandbox.direct_model(replies=[msgspec.json.encode({"response": [LINE]}).decode()])
    await stage.sandbox.order_fault("502", method="sendMessage", times=1_000)
    parts = select(chat_bot_instances.c.parts)

    async def waiting() -> int:
        return int(await stage.database.read(lambda connection: connection.execute(parts).scalar_one()))

    async def is_thought_of() -> bool:
        return bool(await waiting())

    async with playing(stage, clock):
        await until(is_thought_of)
    await stage.sandbox.clear_faults()
    clock.advance(HOUR)
    async with playing(stage, clock):
        await stage.settled(actor)
    assert await waiting() == 0
    assert LINE not in await stage.spoken_by(actor, group)
