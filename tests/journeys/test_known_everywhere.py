"""What the command line changes is known to gateways and workers within seconds; webhooks are told of once for all."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from maskarad.app import Platform
from maskarad.db.tables import polling_leases
from maskarad.sandbox.person import Heard
from maskarad.settings import Settings
from tests.journeys.processes import PlatformProcess
from tests.journeys.stage import FRIEND, OWNER, Actor, Stage
from tests.support.servers import free_port
from tests.support.until import until

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

KNOWN = 15.0
"""Seconds: five are promised on a machine that has time for it; what starts and asks meanwhile takes its own."""


@pytest.fixture(params=["alone", "redis"])
async def processes(request: pytest.FixtureRequest, stage: Stage, tmp_path: Path) -> AsyncIterator[None]:
    """A gateway that polls and a worker, without Redis and with one."""
    redis = str(request.getfixturevalue("redis_url")) if request.param == "redis" else ""
    async with AsyncExitStack() as running:
        for role in ("gateway", "worker"):
            folder = tmp_path / role
            folder.mkdir()
            # Who asks until something changes asks faster than people do.
            made = PlatformProcess(stage.settings, folder, role, REDIS_URL=redis, FLOOD_MESSAGES="0")
            running.push_async_callback(made.close)
            await made.start()
        yield


async def command(settings: Settings, *words: str) -> str:
    """`maskarad` with these words, in a process of its own; returns what it printed."""
    assert settings.telegram_bot_token is not None
    done = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "maskarad",
        *words,
        cwd=settings.data_dir,
        env={
            "PATH": os.environ["PATH"],
            "TELEGRAM_BOT_TOKEN": settings.telegram_bot_token.get_secret_value(),
            "TELEGRAM_API_BASE_URL": settings.telegram_api_base_url,
            "DATABASE_URL": settings.database,
            "DATA_DIR": str(settings.data_dir),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await done.communicate()
    assert done.returncode == 0, said.decode()
    return said.decode().strip()


async def ask(stage: Stage, telegram_id: int, text: str, person: int = OWNER) -> Heard:
    """The next thing that the bot says. One that was bound anew is polled anew, which takes its time beside what has to
    be known."""
    chat = stage.sandbox.private(person, telegram_id)
    before = await stage.sandbox.position()
    await stage.sandbox.say(chat, person, text)
    return await stage.sandbox.next_message(chat, after=before, timeout=KNOWN)


@pytest.mark.usefixtures("processes")
async def test_a_bot_that_the_command_line_adds_is_received_and_answered_for(stage: Stage) -> None:
    made = await stage.sandbox.add_bot("Мара", "mara_test_bot")
    persona = await command(
        stage.settings, "persona", "add", "--owner", str(OWNER), "--name", "Мара", "--description", "Відьма."
    )
    await command(stage.settings, "bot", "add", "--persona", persona, "--token", made["token"])
    assert (await ask(stage, made["id"], "привіт")).text
    fresh = await stage.sandbox.revoke_token(made["id"])
    await command(stage.settings, "bot", "add", "--persona", persona, "--token", fresh["token"])
    assert (await ask(stage, made["id"], "ти ще тут?")).text


@pytest.mark.usefixtures("processes")
async def test_what_the_command_line_changes_holds_everywhere(stage: Stage) -> None:
    actor = await stage.actor()
    assert "invited" not in (await ask(stage, actor.telegram_id, "hello", FRIEND)).text
    [token] = [each["token"] for each in await stage.sandbox.bots() if each["id"] == actor.telegram_id]
    persona = str(actor.persona_id)
    await command(stage.settings, "bot", "add", "--persona", persona, "--token", token, "--access", "owner_only")
    await until(lambda: is_turned_away(stage, actor), KNOWN)
    await command(stage.settings, "persona", "edit", persona, "--description", "Стара русалка.")
    await until(lambda: is_prompted(stage, actor, "Стара русалка."), KNOWN)


async def is_turned_away(stage: Stage, actor: Actor) -> bool:
    return "invited" in (await ask(stage, actor.telegram_id, "hello again", FRIEND)).text


async def is_prompted(stage: Stage, actor: Actor, words: str) -> bool:
    await ask(stage, actor.telegram_id, "хто ти?")
    return words in str((await stage.prompts())[-1])


@pytest.mark.usefixtures("processes")
async def test_a_bot_that_is_put_to_rest_is_polled_no_more_and_goes_on_when_it_is_woken(stage: Stage) -> None:
    actor = await stage.actor()
    assert (await ask(stage, actor.telegram_id, "привіт")).text
    await command(stage.settings, "bot", "disable", str(actor.bot_id))
    await until(lambda: is_polled(stage, actor, False), KNOWN)
    chat, before = stage.private(actor), await stage.sandbox.position()
    await stage.sandbox.say(chat, OWNER, "ти спиш?")
    await command(stage.settings, "bot", "enable", str(actor.bot_id))
    assert (await stage.sandbox.next_message(chat, after=before, timeout=KNOWN)).text
    await command(stage.settings, "bot", "remove", "--yes", str(actor.bot_id))
    await until(lambda: is_polled(stage, actor, False), KNOWN)
    assert len(await stage.spoken_by(actor, chat)) == 2


async def is_polled(stage: Stage, actor: Actor, expected: bool) -> bool:
    mine = select(polling_leases).where(polling_leases.c.bot_instance_id == actor.bot_id)
    found = await stage.database.read(lambda connection: connection.execute(mine).first())
    return (found is not None) is expected


@asynccontextmanager
async def gateway(stage: Stage, url_base: str, port: int) -> AsyncIterator[Platform]:
    """One of several that are called under one address."""
    settings = stage.settings.model_copy(update={"run_mode": "webhook", "webhook_url_base": url_base, "port": port})
    platform = Platform(settings)
    await platform.start(alone=False)
    try:
        yield platform
    finally:
        await platform.stop()


async def registered(stage: Stage) -> list[str]:
    """The addresses that Telegram was told, in order; every bot has one of its own."""
    return [each["params"]["url"] for each in await stage.sandbox.calls(method="setWebhook")]


async def test_gateways_tell_telegram_of_a_webhook_once(stage: Stage) -> None:
    actor, port = await stage.actor(), free_port()
    base = f"http://127.0.0.1:{port}"

    async def are_told(count: int) -> bool:
        return len(await registered(stage)) == count

    async with gateway(stage, base, port), gateway(stage, base, free_port()):
        await until(lambda: are_told(2))
        assert (await stage.ask(actor, "привіт")).text
        other = await stage.actor("Мара")
        await until(lambda: are_told(3))
        assert (await stage.ask(other, "і тобі")).text
    async with gateway(stage, base, port), gateway(stage, base, free_port()):
        assert (await stage.ask(actor, "знову привіт")).text
        assert (await stage.ask(other, "і тобі знову")).text
    told = await registered(stage)
    assert len(told) == len(set(told)) == 3
    moved = free_port()
    async with gateway(stage, f"http://127.0.0.1:{moved}", moved), gateway(stage, f"http://127.0.0.1:{moved}", 0):
        await until(lambda: are_told(6))
        assert (await stage.ask(actor, "а тепер?")).text
    anew = (await registered(stage))[3:]
    assert sorted(each.replace(f":{moved}/", f":{port}/") for each in anew) == sorted(told)
