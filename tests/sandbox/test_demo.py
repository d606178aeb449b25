"""The play is run as a user runs it; surroundings that would break it must not reach it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from maskarad.sandbox.person import Sandbox

LAST_LINE = re.compile(r"demo: (\d+) passed, (\d+) failed")
SETTINGS_OF_ANOTHER_PLATFORM = {
    "TELEGRAM_BOT_TOKEN": "2000000:somebody-elses-manager-token-of-real-life",
    "TELEGRAM_API_BASE_URL": "http://127.0.0.1:9",
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing",
    "OPENROUTER_API_KEY": "a-key-that-costs-money",
    "RUN_MODE": "webhook",
}


@contextmanager
def demo(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The demonstration, its temporary files in `folder`/tmp, started where another platform is set up."""
    temporary = folder / "tmp"
    temporary.mkdir()
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in SETTINGS_OF_ANOTHER_PLATFORM.items()))
    process = subprocess.Popen(
        [sys.executable, "-m", "maskarad.sandbox.demo"],
        cwd=folder,
        env={**os.environ, **SETTINGS_OF_ANOTHER_PLATFORM, "TMPDIR": str(temporary), "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


def address_in(line: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:\d+", line)
    assert found is not None
    return found.group()


def read_until(process: subprocess.Popen[str], word: str) -> str:
    """All lines up to the first with that word."""
    assert process.stdout is not None
    read = ""
    for line in process.stdout:
        read += line
        if word in line:
            return read
    raise AssertionError(f"{word!r} never came:\n{read}")


def left_running(folder: Path) -> list[psutil.Process]:
    """Processes whose working directory is in the folder, or was when it still existed."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.cwd().startswith(f"{folder}/tmp"):
                found.append(process)
    return found


@pytest.mark.timeout(240)
def test_all_acts_pass_and_nothing_is_left_behind(tmp_path: Path) -> None:
    with demo(tmp_path) as process:
        transcript, _ = process.communicate(timeout=200)
    last = LAST_LINE.fullmatch(transcript.rstrip("\n").splitlines()[-1])
    assert last is not None, transcript
    assert last.group(2) == "0", transcript
    assert int(last.group(1)) == transcript.count("✓")
    assert process.returncode == 0
    assert "\x1b" not in transcript
    assert list((tmp_path / "tmp").iterdir()) == []
    assert left_running(tmp_path) == []


async def test_a_play_that_breaks_off_is_told_with_the_platforms_log(tmp_path: Path) -> None:
    with demo(tmp_path) as process:
        begun = read_until(process, "Act 1.")
        async with Sandbox.at(address_in(begun)) as sandbox:
            await sandbox.reset()
        rest, _ = process.communicate(timeout=60)
    lines = rest.rstrip("\n").splitlines()
    assert LAST_LINE.fullmatch(lines[-1])
    assert "0 failed" not in lines[-1]
    assert process.returncode == 1
    assert "✗" in rest
    assert any("platform_started" in line for line in lines)
    kept = list((tmp_path / "tmp").iterdir())
    assert len(kept) == 1
    assert str(kept[0]) in rest


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_play_ends_everything_it_started(tmp_path: Path, told: signal.Signals) -> None:
    with demo(tmp_path) as process:
        read_until(process, "Act 1.")
        assert len(left_running(tmp_path)) == 2
        process.send_signal(told)
        rest, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in rest
    assert list((tmp_path / "tmp").iterdir()) == []
    assert left_running(tmp_path) == []
