"""The platform's end of the drawing process: started when there is something to draw, ended when there is not."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from pathlib import Path

import structlog

from maskarad.analytics.order import Order, encode
from maskarad.errors import MaskaradError

log = structlog.get_logger()

PATIENCE = 20.0
"""Seconds for one picture, the start of the process included; then it is killed."""

IDLE = 60.0
"""Seconds without an order after which the process ends: it is 100 MB that nobody needs then."""

COMMAND = (sys.executable, "-m", "maskarad.analytics.worker")

_LENGTH_BYTES = 4
_DRAWN = b"\x01"
_HANDED_ON = ("PATH", "PYTHONPATH", "PYTHONTZPATH", "LD_LIBRARY_PATH")
"""All that the process gets of the platform's environment, which holds its secrets."""


class PictureFailed(MaskaradError):
    """The picture could not be drawn. `reason` is a word for metrics: late, died, refused."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"picture: {reason}{f' ({detail})' if detail else ''}")
        self.reason = reason


class Painter:
    """Draws one picture at a time. `folder` is where matplotlib keeps what it knows of the fonts."""

    def __init__(
        self, folder: Path, *, command: Sequence[str] = COMMAND, patience: float = PATIENCE, idle: float = IDLE
    ) -> None:
        self._folder = folder
        self._command = command
        self._patience = patience
        self._idle = idle
        self._turn = asyncio.Lock()
        self._process: Process | None = None
        self._rest: asyncio.TimerHandle | None = None

    @property
    def process_id(self) -> int | None:
        """None while there is no drawing process."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def draw(self, order: Order) -> bytes:
        """The picture as a PNG. Raises PictureFailed; then the next one is drawn by a new process."""
        async with self._turn:
            if self._rest is not None:
                self._rest.cancel()
            try:
                async with asyncio.timeout(self._patience):
                    answer = await self._ask(encode(order))
            except TimeoutError:
                await self._end()
                raise PictureFailed("late", f"not there after {self._patience:g} s") from None
            # RuntimeError is uvloop's word for writing to a pipe whose other end has just closed.
            except (OSError, RuntimeError, asyncio.IncompleteReadError) as error:
                await self._end()
                raise PictureFailed("died", type(error).__name__) from None
            except asyncio.CancelledError:
                await self._end()
                raise
            self._rest = asyncio.get_running_loop().call_later(self._idle, self._let_go)
        if answer[:1] != _DRAWN:
            raise PictureFailed("refused", answer[1:].decode(errors="replace"))
        return answer[1:]

    async def close(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
        await self._end()

    async def _ask(self, order: bytes) -> bytes:
        if self._process is None or self._process.returncode is not None or _is_leaving(self._process):
            await self._end()
            self._process = await self._start()
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(len(order).to_bytes(_LENGTH_BYTES) + order)
        await process.stdin.drain()
        length = await process.stdout.readexactly(_LENGTH_BYTES)
        return await process.stdout.readexactly(int.from_bytes(length))

    async def _start(self) -> Process:
        environment = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
        environment["MPLCONFIGDIR"] = str(self._folder)
        process = await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, stdout=PIPE, stderr=asyncio.subprocess.DEVNULL, env=environment
        )
        log.debug("painter_started", pid=process.pid)
        return process

    def _let_go(self) -> None:
        """It ends by itself when nothing more can come."""
        if self._process is not None and self._process.stdin is not None and not self._turn.locked():
            self._process.stdin.close()

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()


def _is_leaving(process: Process) -> bool:
    return process.stdin is None or process.stdin.is_closing()
