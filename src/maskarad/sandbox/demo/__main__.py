"""`python -m maskarad.sandbox.demo`: sets the stage, plays, prints the transcript, and cleans up whatever happens."""

import argparse
import asyncio
import contextlib
import io
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from maskarad.sandbox.demo.play import perform
from maskarad.sandbox.demo.process import Process, ProcessEnded
from maskarad.sandbox.demo.stage import MANAGER_TOKEN, Platform
from maskarad.sandbox.demo.transcript import Transcript
from maskarad.sandbox.person import Sandbox

LOG_LINES_SHOWN = 40
_WIDEST = 110


def main(arguments: list[str] | None = None) -> int:
    given = _given(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace", line_buffering=True)
    folder = Path(tempfile.mkdtemp(prefix="maskarad-demo-"))
    keep = given.keep
    try:
        failed = asyncio.run(_demo(folder, given))
        keep = keep or failed
        return int(failed)
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.stdout.write("\nThe curtain falls early.\n")
        return 130
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _given(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="maskarad demo", description="Plays a scene through the sandbox and checks what the platform does."
    )
    parser.add_argument("--keep", action="store_true", help="keep the folder with the platform's data and log")
    parser.add_argument("--verbose", action="store_true", help="show the platform's log as it is written")
    return parser.parse_args(arguments)


async def _demo(folder: Path, given: argparse.Namespace) -> bool:
    """True when something failed; the folder is then kept, and named like one that was to be kept."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    transcript = Transcript(
        sys.stdout.write,
        colour=sys.stdout.isatty() and not os.environ.get("NO_COLOR"),
        width=min(shutil.get_terminal_size((100, 24)).columns, _WIDEST),
    )
    transcript.title("Maskarad: a play for three people, a bot and a mountain wizard")
    log: list[str] = []
    try:
        log = await _play(folder, transcript, verbose=given.verbose)
    except ProcessEnded as error:
        transcript.check(f"the sandbox starts ({error})", False)
    if transcript.failed:
        _tell_end_of_log(transcript, log)
    if transcript.failed or given.keep:
        transcript.direction(f"the platform's data and log are kept in {folder}")
    transcript.count()
    return transcript.failed > 0


async def _play(folder: Path, transcript: Transcript, *, verbose: bool) -> list[str]:
    """Returns the platform's log. Raises `ProcessEnded` when there is no stage to play on."""
    async with _sandbox(folder) as address, Sandbox.at(address) as sandbox:
        transcript.direction(f"the sandbox, a Telegram of its own, is at {address}/")
        platform = Platform(folder, address, transcript, verbose=verbose)
        try:
            await perform(sandbox, transcript, platform)
        finally:
            await platform.stop()
        return platform.log


@contextlib.asynccontextmanager
async def _sandbox(folder: Path) -> AsyncIterator[str]:
    """A sandbox of the play's own, which ends with it. Yields its address."""
    options = ["--port", "0", "--manager-token", MANAGER_TOKEN, "--end-with-input"]
    process, line = await Process.start(
        "maskarad.sandbox", *options, folder=folder, settings={}, ready="sandbox: http", hear=lambda _: None
    )
    try:
        yield line.removeprefix("sandbox: ").rstrip("/")
    finally:
        await process.stop()


def _tell_end_of_log(transcript: Transcript, log: list[str]) -> None:
    transcript.title(f"\nThe platform's last {LOG_LINES_SHOWN} lines")
    for line in log[-LOG_LINES_SHOWN:]:
        transcript.log_line(line)


if __name__ == "__main__":
    sys.exit(main())
