"""Machines whose clocks differ by a minute: a real process that is told another time by libfaketime."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.journeys.processes import PlatformProcess
from tests.journeys.stage import OWNER, Actor, Stage
from tests.support.servers import HOW_TO_INSTALL, free_port

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

THINKING = 3.0
"""Seconds of the model: longer than two sweeps."""


def a_minute(ahead: bool) -> dict[str, str]:
    """Variables of a process whose clock is wrong. What never goes back goes on as it is."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    assert found, f"libfaketime is not installed: {HOW_TO_INSTALL}"
    return {
        "LD_PRELOAD": str(found[0]),
        "FAKETIME": "+60s" if ahead else "-60s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


@pytest.fixture
async def actors(stage: Stage) -> list[Actor]:
    return [await stage.actor(f"Мольфар {number}") for number in range(4)]


@pytest.fixture
async def skewed(stage: Stage, actors: list[Actor], tmp_path: Path, redis_url: str) -> AsyncIterator[None]:
    """A gateway that is right, a worker that is behind, and one that is ahead."""
    port = free_port()
    settings = {"RUN_MODE": "webhook", "WEBHOOK_URL_BASE": f"http://127.0.0.1:{port}", "REDIS_URL": redis_url}
    async with AsyncExitStack() as running:
        for command, more in (
            ("gateway", {"PORT": str(port)}),
            ("worker", a_minute(ahead=False)),
            ("worker", a_minute(ahead=True)),
        ):
            process = PlatformProcess(stage.settings, tmp_path, command, **(settings | {"PORT": "0"} | more))
            running.push_async_callback(process.close)
            await process.start()
        yield


async def test_nobody_takes_a_claim_that_still_holds(
    stage: Stage, actors: list[Actor], skewed: None, tmp_path: Path
) -> None:
    await stage.sandbox.direct_model(delay=THINKING)
    answers = await asyncio.gather(
        *(stage.sandbox.ask(stage.private(each), OWNER, f"привіт, {each.bot_id}", timeout=30) for each in actors)
    )
    assert all(each.text for each in answers)
    assert len(await stage.prompts()) == len(actors)
    told = [line for line in (tmp_path / "platform.log").read_text().splitlines() if "clock_is_wrong" in line]
    assert len(told) == 2
