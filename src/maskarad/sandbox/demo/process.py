"""A program started for the play and watched: it is told apart from the user's own settings and never outlives us."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

START_SECONDS = 30.0
STOP_SECONDS = 25.0
_LONGEST_LINE = 1 << 20

_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "LD_LIBRARY_PATH")
"""What a program needs of its surroundings; everything else could be a setting of the user's own platform."""


class ProcessEnded(Exception):
    """The program ended, or said nothing, instead of starting; the text is its last line."""


class Process:
    """`start` is the way to one; `hear` gets every line it writes, on either stream."""

    def __init__(self, process: asyncio.subprocess.Process, ready: str, hear: Callable[[str], None]) -> None:
        self._process = process
        self._ready_word = ready
        self._hear = hear
        self._ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def start(
        cls,
        module: str,
        *arguments: str,
        folder: Path,
        settings: Mapping[str, str],
        ready: str,
        hear: Callable[[str], None],
    ) -> tuple["Process", str]:
        """Run a Python module in `folder` and wait for the line that holds `ready`, which is returned too. Raises
        `ProcessEnded`. Its standard input stays open as long as we live."""
        kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            *arguments,
            cwd=folder,
            env={**kept, **settings},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=_LONGEST_LINE,
            start_new_session=True,
        )
        started = cls(process, ready, hear)
        try:
            return started, await started._first_word()
        except BaseException:
            await started.kill()
            raise

    async def _first_word(self) -> str:
        try:
            return await asyncio.wait_for(asyncio.shield(self._ready), START_SECONDS)
        except TimeoutError:
            raise ProcessEnded(f"nothing like {self._ready_word!r} within {START_SECONDS:g} s") from None

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        line = "it wrote nothing"
        async for raw in self._process.stdout:
            line = raw.decode(errors="replace").rstrip()
            self._hear(line)
            if self._ready_word in line and not self._ready.done():
                self._ready.set_result(line)
        if not self._ready.done():
            self._ready.set_exception(ProcessEnded(line))

    async def stop(self) -> int:
        """Ask it to stop; returns its exit code. What does not stop is killed."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
        except TimeoutError:
            await self.kill()
        await self._listening
        return await self._process.wait()

    async def kill(self) -> None:
        """SIGKILL: it learns nothing of it."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        await self._listening
        if self._ready.done() and not self._ready.cancelled():
            self._ready.exception()
