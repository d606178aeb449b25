"""Several processes poll for the bots of one platform, without Redis; they come, die, stop and are paused."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from maskarad.db.tables import polling_leases, processes
from maskarad.sandbox.person import Heard
from tests.journeys.processes import PlatformProcess
from tests.journeys.stage import MANAGER_ID, OWNER, Actor, Stage
from tests.support.until import until

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

BOTS = 6

TAKEN_OVER = 30.0
"""Seconds within which a dead process's bots are polled by others."""

AT_ONCE = 10.0
"""Seconds; those of one that was told to stop."""


@pytest.fixture
async def actors(stage: Stage) -> list[Actor]:
    return [await stage.actor(f"Устим {number}") for number in range(BOTS)]


@asynccontextmanager
async def running(stage: Stage, folder: Path, count: int) -> AsyncIterator[list[PlatformProcess]]:
    """So many processes, each with its share of the bots."""
    made = []
    for number in range(count):
        place = folder / f"process-{number}"
        place.mkdir()
        made.append(PlatformProcess(stage.settings, place, FLOOD_MESSAGES="1000"))
    try:
        await asyncio.gather(*(each.start() for each in made))
        await until(lambda: is_shared_out(stage, count), AT_ONCE)
        yield made
    finally:
        for each in made:
            await each.close()


async def is_shared_out(stage: Stage, count: int) -> bool:
    sizes = sorted(map(len, (await held(stage)).values()))
    return len(sizes) == count and sum(sizes) == BOTS + 1 and sizes[-1] - sizes[0] <= 1


async def held(stage: Stage) -> dict[int, list[int]]:
    """The bots that each process polls for, by the number of the process."""

    def read(connection: Connection) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for pid, bot_id in connection.execute(
            select(processes.c.pid, polling_leases.c.bot_instance_id).join_from(polling_leases, processes)
        ):
            found.setdefault(pid, []).append(bot_id)
        return found

    return await stage.database.read(read)


async def say_to_all(stage: Stage, actors: list[Actor], text: str) -> int:
    before = await stage.sandbox.position()
    for actor in actors:
        await stage.sandbox.say(stage.private(actor), OWNER, text)
    return before


async def all_answer(stage: Stage, actors: list[Actor], before: int, within: float) -> None:
    waiting = {stage.private(actor) for actor in actors}
    async with asyncio.timeout(within):
        while waiting:
            heard: Heard = await stage.sandbox.next_message(after=before, timeout=within)
            before = heard.seq
            waiting.discard(heard.chat)


async def told_to_owner(stage: Stage) -> list[str]:
    """What the manager bot said unasked."""
    chats = {each["key"] for each in await stage.sandbox.chats(OWNER)}
    manager = stage.sandbox.private(OWNER, MANAGER_ID)
    if manager not in chats:
        return []
    return [each["text"] for each in (await stage.sandbox.chat(manager))["messages"] if "text" in each]


async def answers(stage: Stage, actors: list[Actor]) -> list[int]:
    return [len(await stage.spoken_by(actor, stage.private(actor))) for actor in actors]


async def test_one_that_dies_or_stops_is_followed_and_nothing_is_lost(
    stage: Stage, actors: list[Actor], tmp_path: Path
) -> None:
    async with running(stage, tmp_path, 3) as (one, other, last):
        await all_answer(stage, actors, await say_to_all(stage, actors, "раз"), AT_ONCE)
        for actor in actors:
            await stage.settled(actor)
        await one.kill()
        await all_answer(stage, actors, await say_to_all(stage, actors, "два"), TAKEN_OVER)
        assert await other.stop() == 0
        await all_answer(stage, actors, await say_to_all(stage, actors, "три"), AT_ONCE)
        assert list(map(len, (await held(stage)).values())) == [BOTS + 1]
        await other.start()
        await until(lambda: is_shared_out(stage, 2), AT_ONCE)
        await all_answer(stage, actors, await say_to_all(stage, actors, "чотири"), AT_ONCE)
        assert await last.stop() == 0
    assert await answers(stage, actors) == [4] * BOTS
    assert await told_to_owner(stage) == []


async def test_one_paused_past_its_leases_does_nothing_twice(stage: Stage, actors: list[Actor], tmp_path: Path) -> None:
    async with running(stage, tmp_path, 2) as (one, _other):
        await all_answer(stage, actors, await say_to_all(stage, actors, "раз"), AT_ONCE)
        for actor in actors:
            await stage.settled(actor)
        one.pause()
        await all_answer(stage, actors, await say_to_all(stage, actors, "два"), TAKEN_OVER)
        await until(lambda: is_shared_out(stage, 1), TAKEN_OVER)
        one.go_on()
        await until(lambda: is_shared_out(stage, 2), TAKEN_OVER)
        await all_answer(stage, actors, await say_to_all(stage, actors, "три"), AT_ONCE)
    assert await answers(stage, actors) == [3] * BOTS
    assert await told_to_owner(stage) == []


async def test_a_process_started_again_after_a_crash_polls_at_once(
    stage: Stage, actors: list[Actor], tmp_path: Path
) -> None:
    async with running(stage, tmp_path, 1) as (one,):
        await one.kill()
        before = await say_to_all(stage, actors, "я тут")
        await one.start()
        await all_answer(stage, actors, before, AT_ONCE)
    assert await answers(stage, actors) == [1] * BOTS
