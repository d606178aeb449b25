"""The process: one line at the start, exit 0 on a signal, and what it remembers over a kill."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from maskarad.sandbox.person import Sandbox


@asynccontextmanager
async def started(*arguments: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    command = (sys.executable, "-m", "maskarad.sandbox", "--port", "0", *arguments)
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(20):
        line = (await process.stdout.readline()).decode()
    assert line.startswith("sandbox: http://127.0.0.1:")
    try:
        yield process, line.removeprefix("sandbox: ").strip()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
async def test_it_ends_with_0_on_a_signal_though_calls_wait(end: signal.Signals) -> None:
    async with started() as (process, address), Sandbox.at(address) as sandbox:
        waiting = asyncio.create_task(sandbox.events(after=0, wait=30))
        await asyncio.wait({waiting}, timeout=0.3)
        process.send_signal(end)
        async with asyncio.timeout(5):
            assert await process.wait() == 0
        await asyncio.wait({waiting})
        waiting.exception()


async def test_a_kill_loses_nothing_that_is_in_the_file(tmp_path: Path) -> None:
    state = tmp_path / "state"
    options = ("--state", str(state), "--manager-token", "123456:manager-token-1")
    async with started(*options) as (process, address), Sandbox.at(address) as sandbox:
        alice = (await sandbox.add_user("Аліса 🎭"))["id"]
        luna = await sandbox.add_bot("Luna", "luna_bot")
        chat = sandbox.private(alice, luna["id"])
        said = await sandbox.say(chat, alice, "remember me")
        async with asyncio.timeout(10):
            while b"remember me" not in (state.read_bytes() if state.exists() else b""):
                await sandbox.events(after=await sandbox.position(), wait=0.05)
        process.kill()
        await process.wait()
    assert state.stat().st_mode & 0o077 == 0

    async with started(*options) as (process, address), Sandbox.at(address) as sandbox:
        shown = await sandbox.chat(chat)
        assert shown["messages"] == [said]
        assert {bot["token"] for bot in await sandbox.bots()} == {luna["token"], "123456:manager-token-1"}
        assert (await sandbox.say(chat, alice, "next"))["message_id"] == said["message_id"] + 1


async def test_a_bad_start_says_why_and_exits_2(tmp_path: Path) -> None:
    spoilt = tmp_path / "state"
    spoilt.write_bytes(b"something else")
    for arguments in (("--state", str(spoilt)), ("--manager-token", "nonsense"), ("--host", "203.0.113.1")):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "maskarad.sandbox", "--port", "0", *arguments, stderr=asyncio.subprocess.PIPE
        )
        _, said = await process.communicate()
        assert process.returncode == 2
        assert len(said.decode().strip().splitlines()) == 1
