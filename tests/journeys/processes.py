"""The platform as a process of its own, to be killed for real."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import psutil

from maskarad.settings import Settings

START_WITHIN = 30.0


class PlatformProcess:
    """`maskarad run`, or another command that serves, with a test's settings and nothing of this machine's
    environment."""

    def __init__(self, settings: Settings, folder: Path, *command: str, **more: str) -> None:
        self._folder = folder
        self._command = command or ("run",)
        self._environment = _environment(settings) | more
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Returns when it says that it is running."""
        await self._launch()
        assert self._process is not None
        assert self._process.stdout is not None
        async with asyncio.timeout(START_WITHIN):
            line = await self._process.stdout.readline()
        assert b"running" in line, self.log()

    async def fails(self) -> int:
        """Start it, though it cannot; returns the exit code."""
        await self._launch()
        assert self._process is not None
        async with asyncio.timeout(START_WITHIN):
            return await self._process.wait()

    async def kill(self) -> None:
        await self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Nothing of it runs until `go_on`, and it does not know."""
        self._send(signal.SIGSTOP)

    def go_on(self) -> None:
        self._send(signal.SIGCONT)

    def log(self) -> str:
        return (self._folder / "platform.log").read_text()

    async def stop(self) -> int:
        """As an init system does; returns the exit code."""
        return await self._end(signal.SIGTERM)

    @property
    def resident_bytes(self) -> int:
        assert self._process is not None
        return int(psutil.Process(self._process.pid).memory_info().rss)

    async def close(self) -> None:
        if self._process is not None and self._process.returncode is None:
            await self.kill()

    def _send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    async def _launch(self) -> None:
        with (self._folder / "platform.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "maskarad",
                *self._command,
                cwd=self._folder,
                env=self._environment,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )

    async def _end(self, number: signal.Signals) -> int:
        self._send(number)
        assert self._process is not None
        async with asyncio.timeout(30):
            return await self._process.wait()


def _environment(settings: Settings) -> dict[str, str]:
    assert settings.telegram_bot_token is not None
    return {
        "PATH": os.environ["PATH"],
        "TELEGRAM_BOT_TOKEN": settings.telegram_bot_token.get_secret_value(),
        "TELEGRAM_API_BASE_URL": settings.telegram_api_base_url,
        "TELEGRAM_MAX_PER_SECOND": "0",
        "TELEGRAM_MAX_PER_CHAT_SECOND": "0",
        "TELEGRAM_MAX_PER_GROUP_MINUTE": "0",
        "REPLY_PACING": "none",
        "PORT": "0",
        "DRAIN_SECONDS": str(settings.drain_seconds),
        "DATABASE_URL": settings.database_url,
        "DATA_DIR": str(settings.data_dir),
        "LLM_BASE_URL": settings.llm_base_url,
        "LLM_API_KEY": settings.llm_api_key[0].get_secret_value(),
    }
