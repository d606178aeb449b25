"""A gateway and workers as processes of their own: together they are what `maskarad run` is."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from maskarad.db import processes
from maskarad.db.tables import chat_contexts
from maskarad.values import Character, GroupReply
from tests.journeys.processes import PlatformProcess
from tests.journeys.stage import FRIEND, MANAGER_ID, OWNER, Stage
from tests.support.servers import free_port
from tests.support.until import until

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

GATEWAY_BYTES = 110_000_000

Start = Callable[..., Awaitable[PlatformProcess]]


@pytest.fixture
async def start(stage: Stage, tmp_path: Path, redis_url: str) -> AsyncIterator[Start]:
    """Starts a process of the platform; all of them end with the test."""
    port = free_port()
    async with AsyncExitStack() as running:

        async def begin(*command: str, **more: str) -> PlatformProcess:
            is_gateway = command[0] == "gateway"
            receiving = {
                "RUN_MODE": "webhook",
                "WEBHOOK_URL_BASE": f"http://127.0.0.1:{port}",
                "PORT": str(port) if is_gateway else "0",
                "REDIS_URL": redis_url,
            }
            process = PlatformProcess(stage.settings, tmp_path, *command, **(receiving | more))
            running.push_async_callback(process.close)
            await process.start()
            return process

        yield begin


async def test_a_gateway_takes_in_what_workers_answer(stage: Stage, start: Start) -> None:
    actor = await stage.actor()
    gateway = await start("gateway")
    await start("worker")
    assert (await stage.ask(actor, "привіт")).text
    assert gateway.resident_bytes < GATEWAY_BYTES
    known = await stage.database.read(processes.everyone)
    assert [each.role for each in known] == ["gateway intake", "worker turns,delivery,slow"]


async def test_each_queue_may_have_a_worker_of_its_own(stage: Stage, start: Start) -> None:
    actor = await stage.actor()
    await start("gateway")
    await start("worker", "--queues", "turns")
    await start("worker", "--queues", "delivery")
    for number in range(3):
        assert (await stage.ask(actor, f"привіт, {number}")).text


async def test_buttons_need_no_worker(stage: Stage, start: Start) -> None:
    await start("gateway")
    chat = stage.sandbox.private(OWNER, MANAGER_ID)
    greeting = await stage.sandbox.ask(chat, OWNER, "/start")
    assert greeting.text


async def test_what_came_while_no_worker_ran_is_answered_when_one_does(stage: Stage, start: Start) -> None:
    actor = await stage.actor()
    await start("gateway")
    chat = stage.private(actor, FRIEND)
    before = await stage.sandbox.position()
    await stage.sandbox.say(chat, FRIEND, "is anybody there?")
    await until(partial(is_stored, stage, "is anybody there?"))
    await start("worker")
    assert (await stage.sandbox.next_message(chat, after=before, timeout=20)).text


async def is_stored(stage: Stage, text: str) -> bool:
    found = select(chat_contexts.c.id).where(chat_contexts.c.text == text)
    return await stage.database.read(lambda connection: connection.execute(found).first()) is not None


async def test_a_worker_weighs_what_a_gateway_cannot(stage: Stage, start: Start) -> None:
    actor = await stage.actor(
        group_reply=GroupReply.MENTIONED_OR_CONTEXTUAL, character=Character(likes="трави, місяць, заварювати чай")
    )
    await stage.sandbox.direct_model(replies=['{"response": ["у печі"]}'])
    group = await stage.group(actor, FRIEND)
    await start("gateway")
    await start("worker")
    answer = await stage.sandbox.ask(group, FRIEND, "Хтось знає, як заварювати чай?", timeout=20)
    assert answer.text == "у печі"


@pytest.mark.parametrize("role", ["gateway", "worker"])
async def test_a_process_with_another_key_does_not_start(stage: Stage, start: Start, tmp_path: Path, role: str) -> None:
    await start("gateway")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    process = PlatformProcess(stage.settings, tmp_path, role, DATA_DIR=str(elsewhere))
    assert await process.fails() == 1
    assert "processes at work have another key: gateway intake" in (tmp_path / "platform.log").read_text()
    assert not list(elsewhere.iterdir())


async def test_a_stray_gateway_that_polls_takes_nothing_from_those_that_are_called(
    stage: Stage, start: Start, tmp_path: Path
) -> None:
    actor = await stage.actor()
    await start("gateway")
    await start("worker")
    assert (await stage.ask(actor, "привіт")).text
    stray = PlatformProcess(stage.settings, tmp_path, "gateway", RUN_MODE="polling")
    assert await stray.fails() == 1
    assert "RUN_MODE: another process" in (tmp_path / "platform.log").read_text()
    assert (await stage.ask(actor, "ти ще тут?")).text
