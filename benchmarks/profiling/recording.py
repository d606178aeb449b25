"""py-spy beside a running process: it samples while a block runs, from outside, all threads."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.profiling.stacks import Stack, read_stacks

SAMPLES_A_SECOND = 500
ATTACH_SECONDS = 20.0
END_SECONDS = 60.0
"""py-spy reads every process's symbols at its start and writes at its end; on a busy machine both take seconds."""

_BEGUN = b"Sampling process"
_FORBIDDEN = ("permission denied", "operation not permitted", "eperm")


PY_SPY = str(Path(sys.executable).with_name("py-spy"))


class CannotWatch(Exception):
    """Says in one sentence what to do."""


class Recording:
    """What was seen, once its block has ended: what the thread did that held the interpreter's lock. Who waits is not
    seen, nor what SQLite and the kernel do without the lock.

    Without `--gil` py-spy takes for running whomever its own stopping of the process has just woken: a third of the
    samples were threads that waited.
    """

    def __init__(self, output: Path) -> None:
        self._output = output

    def stacks(self) -> Mapping[Stack, int]:
        return read_stacks(self._output.read_text())


@asynccontextmanager
async def recording(pid: int, folder: Path, *, py_spy: str = PY_SPY) -> AsyncIterator[Recording]:
    """Sample the process while the block runs. Raises CannotWatch."""
    output = folder / "stacks.raw"
    process = await _start(py_spy, pid, output)
    try:
        await _begun(process)
        yield Recording(output)
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.communicate(), END_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _start(py_spy: str, pid: int, output: Path) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *(py_spy, "record", "--pid", str(pid), "--output", str(output), "--format", "raw"),
            *("--rate", str(SAMPLES_A_SECOND), "--gil", "--threads", "--nolineno"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except FileNotFoundError:
        raise CannotWatch(
            "py-spy is not installed beside this Python; `make profile` uses the one of .venv, which `make` fills."
        ) from None


async def _begun(process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None
    said = b""
    try:
        async with asyncio.timeout(ATTACH_SECONDS):
            while line := await process.stdout.readline():
                said += line
                if _BEGUN in line:
                    return
    except TimeoutError:
        raise CannotWatch(f"py-spy did not begin within {ATTACH_SECONDS:g} s.") from None
    words = said.decode(errors="replace")
    if any(word in words.lower() for word in _FORBIDDEN):
        raise CannotWatch(
            "py-spy may not look into the platform's process. Run as the same user as the platform, set "
            "kernel.yama.ptrace_scope to 0 or 1 (sysctl), and in a container add SYS_PTRACE (`docker run --cap-add "
            "SYS_PTRACE`)."
        )
    raise CannotWatch(f"py-spy ended at once: {words.strip().splitlines()[0] if words.strip() else 'no word'}.")
