"""A program that is measured: started with settings of its own and nothing else, watched from outside, stopped."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks import unlimited
from benchmarks.machine import cpu_of, resident_of
from benchmarks.stage import MANAGER_TOKEN, Stage

ROOT = Path(__file__).parent.parent
STOP_SECONDS = 25.0
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
"""What a program needs of its surroundings; everything else could be a setting of the user's own platform."""

PLATFORM = ("maskarad", "run")
OUTPUT = "output.txt"


class Program:
    def __init__(self, process: asyncio.subprocess.Process, started_at: float, output: Path) -> None:
        self.started_at = started_at
        """In seconds of `time.perf_counter`, just before it was executed."""
        self._process = process
        self._output = output

    @property
    def pid(self) -> int:
        return self._process.pid

    def cpu(self) -> float:
        return cpu_of(self._process.pid)

    def resident(self) -> float:
        return resident_of(self._process.pid)

    def tell(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def stop(self) -> None:
        """Raises RuntimeError when it does not end well, with the last that it said."""
        if self._process.returncode is None:
            self._process.terminate()
        try:
            code = await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
            code = -9
        if code:
            raise RuntimeError(f"the measured program ended with {code}: {self.said()[-2_000:]}")

    def said(self) -> str:
        """All that it wrote, on either stream."""
        return self._output.read_text()

    def complaints(self) -> list[str]:
        """What it logged at `warning` and above."""
        return [line for line in self.said().splitlines() if "Maskarad is running" not in line]


@asynccontextmanager
async def running(command: Sequence[str], settings: Mapping[str, str], folder: Path) -> AsyncIterator[Program]:
    """Run `python -m command…` while the block does."""
    output = folder / OUTPUT
    with output.open("a") as written:
        started_at = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *command,
            cwd=folder,
            env=surroundings(settings),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=written,
            stderr=written,
        )
    program = Program(process, started_at, output)
    try:
        yield program
    finally:
        await program.stop()


def surroundings(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of a program with these settings and no others."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join([str(ROOT), *_python_path()]), **settings}


def _python_path() -> list[str]:
    return [each for each in os.environ.get("PYTHONPATH", "").split(os.pathsep) if each]


def settings_for(stage: Stage, url: str, **more: str) -> dict[str, str]:
    """The environment of a platform that talks to the stub as fast as it can; `more` are further variables."""
    return {
        "TELEGRAM_BOT_TOKEN": MANAGER_TOKEN,
        "TELEGRAM_API_BASE_URL": url,
        "TELEGRAM_MAX_PER_SECOND": "0",
        "TELEGRAM_MAX_PER_CHAT_SECOND": "0",
        "TELEGRAM_MAX_PER_GROUP_MINUTE": "0",
        "FLOOD_MESSAGES": "0",
        **unlimited.VARIABLES,
        "REPLY_PACING": "none",
        "LLM_BASE_URL": f"{url}/v1",
        "LLM_API_KEY": "benchmark-key",
        "DATA_DIR": str(stage.folder),
        "DATABASE_URL": stage.database_url,
        "LOG_LEVEL": "warning",
        "PORT": "0",
        **more,
    }
