"""`maskarad run` as what it is: a process, and the other commands beside it."""

import asyncio
import re
import signal
import socket
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from maskarad.key_file import KeyFile
from maskarad.sandbox.person import Heard, Sandbox
from tests.cli.shell import Running
from tests.sandbox.scene import MANAGER_TOKEN

Start = Callable[..., Awaitable[Running]]

PICKED_UP_WITHIN = 5.0
SILENCE = 1.5
"""Seconds without an answer from a bot that answers in a tenth of one."""


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Starts `maskarad` in the test's folder; what still runs at the end is killed."""
    started: list[Running] = []

    async def begin(*arguments: str, **variables: str) -> Running:
        started.append(await Running.start(*arguments, folder=tmp_path, **({"PORT": "0"} | variables)))
        return started[-1]

    yield begin
    for each in started:
        await each.close()


async def sandbox_of(platform: Running) -> str:
    """The address in the one line that it prints."""
    line = await platform.line()
    found = re.fullmatch(r"Maskarad is running with its sandbox; open (http://\S+)/ in a browser\. Ctrl-C.*", line)
    assert found, line
    return found[1]


async def test_a_running_platform_picks_up_what_the_command_line_does(start: Start) -> None:
    async def done(*arguments: str, stdin: str = "") -> str:
        said = await (await start(*arguments)).end(stdin=stdin)
        assert (said.code, said.err) == (0, ""), said
        return said.out.strip()

    platform = await start("run", "--sandbox-port", "0", REPLY_PACING="none")
    address = await sandbox_of(platform)
    async with Sandbox.at(address) as sandbox:
        oksana = (await sandbox.add_user("Oksana"))["id"]
        made = await sandbox.add_bot("Mira", "mira_test_bot")
        chat = sandbox.private(oksana, made["id"])

        persona = await done(
            "persona", "add", "--owner", str(oksana), "--name", "Mira", "--description", "A tea witch."
        )
        bot = await done("bot", "add", "--persona", persona, stdin=made["token"])
        heard = await sandbox.ask(chat, oksana, "Good evening, Mira!", timeout=PICKED_UP_WITHIN)

        await done("persona", "edit", persona, "--description", "A coffee wizard.")
        async with asyncio.timeout(PICKED_UP_WITHIN):
            while "A coffee wizard." not in await last_prompt(sandbox):
                heard = await sandbox.ask(chat, oksana, "Who are you?")

        await done("bot", "disable", bot)
        unanswered = await until_silent(sandbox, chat, oksana)
        await done("bot", "enable", bot)
        heard = await sandbox.next_message(chat, after=unanswered.seq, timeout=PICKED_UP_WITHIN)
        assert heard.message["from"]["id"] == made["id"]

        await done("bot", "remove", bot, "--yes")
        await until_silent(sandbox, chat, oksana)
    assert (await platform.end(signal.SIGTERM)).code == 0


async def last_prompt(sandbox: Sandbox) -> str:
    return str((await sandbox.model_requests())[-1]["body"])


async def until_silent(sandbox: Sandbox, chat: str, person: int) -> Heard:
    """Say something until nobody answers, which must come within seconds; returns what was not answered."""
    async with asyncio.timeout(PICKED_UP_WITHIN + SILENCE):
        while True:
            before = await sandbox.position()
            await sandbox.say(chat, person, "Are you there?")
            said = await sandbox.next_message(chat, after=before, from_bot=False)
            try:
                await sandbox.next_message(chat, after=said.seq, timeout=SILENCE)
            except TimeoutError:
                return said


async def test_with_a_sandbox_it_ends_cleanly_and_takes_it_along(start: Start) -> None:
    platform = await start("run", "--sandbox-port", "0")
    await sandbox_of(platform)
    [sandbox] = psutil.Process(platform.process.pid).children()
    twin = await (await start("run", "--sandbox-port", "0")).end()
    assert (twin.code, twin.out) == (1, "")
    assert twin.err == (
        "maskarad: DATA_DIR: another Maskarad is running on data/sandbox/maskarad.db; stop it or name another folder\n"
    )
    assert (await platform.end(signal.SIGINT)).code == 0
    assert not sandbox.is_running()


async def test_it_does_not_stay_when_its_sandbox_is_gone(start: Start) -> None:
    platform = await start("run", "--sandbox-port", "0")
    await sandbox_of(platform)
    [sandbox] = psutil.Process(platform.process.pid).children()
    sandbox.kill()
    said = await platform.end()
    assert said.code == 1
    assert said.err.splitlines()[-1].startswith("maskarad: the sandbox has ended (-9), and so does the platform")


async def test_a_signal_before_it_runs_ends_it_too(start: Start) -> None:
    platform = await start("run", "--sandbox-port", "0")
    async with asyncio.timeout(20):
        await asyncio.to_thread(first_child, psutil.Process(platform.process.pid))
    said = await platform.end(signal.SIGTERM)
    assert (said.code, said.out) == (0, "")
    assert "Traceback" not in said.err


async def test_a_taken_port_is_told(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        sandbox = await (await start("run", "--sandbox-port", port)).end()
        own = await (await start("run", "--sandbox-port", "0", PORT=port)).end()
    assert (sandbox.code, own.code) == (1, 1)
    assert sandbox.err == (
        f"maskarad: the sandbox did not start: cannot listen on 127.0.0.1:{port}: Address already in use; "
        "SANDBOX_PORT takes another port\n"
    )
    assert own.err == (
        f"maskarad: HOST, PORT: cannot listen on 127.0.0.1:{port}: Address already in use; PORT=0 takes a free port\n"
    )


async def test_with_a_token_it_says_to_whom_to_write(start: Start, sandbox_address: str) -> None:
    with_token = {"TELEGRAM_BOT_TOKEN": MANAGER_TOKEN, "TELEGRAM_API_BASE_URL": sandbox_address}
    greeting = "Maskarad is running; write to @maskarad_manager_bot on Telegram."
    platform = await start("run", **with_token, LLM_API_KEY="sandbox")
    assert await platform.line() == f"{greeting} Ctrl-C stops it."
    assert (await platform.end(signal.SIGTERM)).code == 0
    dumb = await start("run", **with_token)
    warning = "LLM_API_KEY is not set: no persona can answer before it is."
    assert await dumb.line() == f"{greeting} {warning} Ctrl-C stops it."
    assert (await dumb.end(signal.SIGTERM)).code == 0


async def test_a_lost_key_is_told_and_no_other_is_made(start: Start, sandbox_address: str, tmp_path: Path) -> None:
    """Without bots there is nothing to lose, and the platform goes on with a new one."""
    named = {"TELEGRAM_BOT_TOKEN": MANAGER_TOKEN, "TELEGRAM_API_BASE_URL": sandbox_address, "DATA_DIR": str(tmp_path)}
    key = KeyFile(tmp_path)
    async with Sandbox.at(sandbox_address) as sandbox:
        await sandbox.reset()
        token = str((await sandbox.add_bot("Mira", "mira_test_bot"))["token"])
    bot_add = ("bot", "add", "--persona", "1", "--token", token)
    await done(start, "persona", "add", "--owner", "1001", "--name", "Mira", "--description", "a tea witch", **named)
    await done(start, *bot_add, **named)
    await runs(start, **named)
    kept = key.read()
    await asyncio.to_thread(key.path.unlink)
    for _ in range(2):
        said = await (await start("run", **named)).end()
        assert (said.code, said.out) == (1, "")
        assert said.err.startswith("maskarad: bots are stored, but the key to their tokens is gone: put the old key ")
        assert key.stamp() is None
    await done(start, *bot_add, **named)
    await runs(start, **named)
    assert key.read() != kept
    await done(start, "bot", "remove", "@mira_test_bot", "--yes", **named)
    await asyncio.to_thread(key.path.unlink)
    await runs(start, **named)


async def done(start: Start, *arguments: str, **variables: str) -> None:
    said = await (await start(*arguments, **variables)).end()
    assert said.code == 0, said


async def test_a_spoiled_world_is_told_with_the_way_out(start: Start, tmp_path: Path) -> None:
    world = tmp_path / "data" / "sandbox" / "world.json"
    world.parent.mkdir(parents=True)
    world.write_bytes(b"spoiled")
    said = await (await start("run", "--sandbox-port", "0")).end()
    assert said.code == 1
    assert said.err.startswith(f"maskarad: the sandbox did not start: {world.relative_to(tmp_path)} cannot be read as ")
    assert said.err.endswith("; move it away to begin anew\n")


async def runs(start: Start, **variables: str) -> None:
    platform = await start("run", **variables)
    assert (await platform.line()).startswith("Maskarad is running; write to @maskarad_manager_bot")
    assert (await platform.end(signal.SIGTERM)).code == 0


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"TELEGRAM_BOT_TOKEN": "abc"}, "TELEGRAM_BOT_TOKEN: this is not a bot's token; it looks like 123456:ABC-DEF…"),
        (
            {"TELEGRAM_BOT_TOKEN": "123456:refused-by-telegram"},
            "TELEGRAM_BOT_TOKEN: {address} refuses it; copy it anew from @BotFather",
        ),
        (
            {},
            "TELEGRAM_BOT_TOKEN: is not set, though TELEGRAM_API_BASE_URL is; "
            "set both, or none to run with the sandbox",
        ),
    ],
    ids=["shape", "refused", "missing"],
)
async def test_a_wrong_token_ends_it_with_a_sentence(
    start: Start, sandbox_address: str, variables: dict[str, str], complaint: str
) -> None:
    said = await (await start("run", TELEGRAM_API_BASE_URL=sandbox_address, **variables)).end()
    assert (said.code, said.out) == (1, "")
    assert said.err == f"maskarad: {complaint.format(address=sandbox_address)}\n"


async def test_a_telegram_that_does_not_answer_is_told_and_waited_for(start: Start) -> None:
    platform = await start("run", TELEGRAM_BOT_TOKEN=MANAGER_TOKEN, TELEGRAM_API_BASE_URL="http://127.0.0.1:9")
    assert await platform.line() == (
        "Maskarad is running, but http://127.0.0.1:9 does not answer; it goes on trying. Ctrl-C stops it."
    )
    assert (await platform.end(signal.SIGTERM)).code == 0


def first_child(process: psutil.Process) -> psutil.Process:
    """Waits for it; nothing tells when a process gets a child."""
    while not (children := process.children()):
        time.sleep(0.01)
    return children[0]


async def test_a_schema_of_a_newer_version_is_left_alone(start: Start, sqlite_url: str, sandbox_address: str) -> None:
    revise(Path(sqlite_url.removeprefix("sqlite:///")), "9999")
    named = {"TELEGRAM_API_BASE_URL": sandbox_address, "DATABASE_URL": sqlite_url}
    said = await (await start("run", TELEGRAM_BOT_TOKEN=MANAGER_TOKEN, **named)).end()
    assert said.code == 1
    assert said.err.splitlines()[-1].startswith("maskarad: the schema stays as it is: ")
    assert "9999" in said.err.splitlines()[-1]
    listing = await (await start("persona", "list", **named)).end()
    assert (listing.code, listing.out) == (1, "")
    assert listing.err.startswith("maskarad: the database's schema is 9999, which this version ")


def revise(file: Path, revision: str) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        connection.execute("UPDATE platform_identity SET oldest_code = ?", (revision,))
    connection.close()
