"""One process of the platform: started, killed, paused, told to stop, and started again."""

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import aiohttp

from benchmarks.machine import resident_of
from benchmarks.program import surroundings

START_WITHIN = 40.0
STOP_WITHIN = 40.0
LOOK = 0.05


class MemberFailed(Exception):
    """A process did not come up, or ended by itself; the text says which, and the last that it wrote."""


class Member:
    """A gateway or a worker. It logs to `{name}.log`, a restart appending to it."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        settings: Mapping[str, str],
        folder: Path,
        session: aiohttp.ClientSession,
    ) -> None:
        """`settings` name its PORT, where it says how it is."""
        self.name = name
        self.log = folder / f"{name}.log"
        self._command = command
        self._settings = settings
        self._folder = folder
        self._session = session
        self._process: asyncio.subprocess.Process | None = None
        self._paused = False
        self._wanted = False
        self._changing = asyncio.Lock()

    @property
    def role(self) -> str:
        return self._command[1]

    @property
    def pid(self) -> int | None:
        """None while it does not run."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if self._process is not None and running else None

    @property
    def has_failed(self) -> bool:
        """It should run, and has ended."""
        return self._wanted and self.pid is None

    def resident(self) -> float | None:
        """Megabytes; None while it does not run."""
        pid = self.pid
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            return None if pid is None else resident_of(pid)
        return None

    async def start(self) -> float:
        """Returns when it says that it is well, with the seconds that took. Raises MemberFailed."""
        began = time.monotonic()
        await self.launch()
        while not await self.is_well():
            if self.pid is None or time.monotonic() - began > START_WITHIN:
                raise MemberFailed(f"{self.name} did not come up: {self.last_words()}")
            await asyncio.sleep(LOOK)
        return time.monotonic() - began

    async def launch(self) -> None:
        """Start it without waiting for it. Nothing happens to one that runs."""
        async with self._changing:
            if self.pid is not None:
                return
            with self.log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", *self._command),
                    cwd=self._folder,
                    env=surroundings(self._settings),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
            self._wanted = True

    def page(self, path: str) -> str:
        """The address of one of its pages."""
        return f"http://127.0.0.1:{self._settings['PORT']}{path}"

    async def is_well(self) -> bool:
        """Whether its page of health says so."""
        timeout = aiohttp.ClientTimeout(total=2)
        try:
            async with self._session.get(self.page("/healthz"), timeout=timeout) as found:
                return found.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def kill(self) -> None:
        """SIGKILL. Nothing happens to one that does not run."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """SIGTERM; returns the exit code, -9 for one that had to be killed for not ending in time."""
        return await self._end(signal.SIGTERM)

    def pause(self) -> None:
        """SIGSTOP: it is there and does nothing."""
        if self._process is not None and self.pid is not None:
            self._process.send_signal(signal.SIGSTOP)
            self._paused = True

    def resume(self) -> None:
        if self._paused and self._process is not None and self.pid is not None:
            self._process.send_signal(signal.SIGCONT)
        self._paused = False

    def last_words(self) -> str:
        return self.log.read_text(errors="replace")[-2_000:]

    async def _end(self, number: signal.Signals) -> int:
        async with self._changing:
            return await self._end_now(number)

    async def _end_now(self, number: signal.Signals) -> int:
        process, self._wanted = self._process, False
        if process is None:
            return 0
        if process.returncode is None:
            process.send_signal(number)
            self.resume()
        try:
            return await asyncio.wait_for(process.wait(), STOP_WITHIN)
        except TimeoutError:
            process.kill()
            await process.wait()
            return -9
