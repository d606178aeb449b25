"""A shell for tests: the real command line, in this process where a process of its own would prove no more."""

import asyncio
import io
import os
import signal
import sys
from pathlib import Path

import msgspec
import pytest
import structlog

from maskarad.cli import call
from maskarad.settings import Settings

START_WITHIN = 30.0
END_WITHIN = 30.0

VARIABLES = (*(name.upper() for name in Settings.model_fields), "OPENROUTER_API_KEY")


class Said(msgspec.Struct, frozen=True):
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> object:
        return msgspec.json.decode(self.out)


class Shell:
    """An empty folder with nothing set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def set(self, **variables: str) -> None:
        for name, value in variables.items():
            self._monkeypatch.setenv(name, value)

    def __call__(self, *arguments: str, stdin: io.StringIO | str = "") -> Said:
        """`maskarad` with these arguments."""
        source = io.StringIO(stdin) if isinstance(stdin, str) else stdin
        self._monkeypatch.setattr(sys, "stdin", source)
        self._capsys.readouterr()
        configuration = structlog.get_config()
        with structlog.testing.capture_logs():  # which `main` sends elsewhere
            code = call(arguments)
        structlog.configure(**configuration)  # `run` and the like have theirs write to what is closed after the test
        printed = self._capsys.readouterr()
        return Said(code, printed.out, printed.err)

    def complaint(self, *arguments: str, code: int, stdin: io.StringIO | str = "") -> str:
        """The one sentence of a command that must fail with that code."""
        said = self(*arguments, stdin=stdin)
        assert said.code == code, said
        assert said.out == ""
        [sentence] = said.err.splitlines()
        assert sentence.startswith("maskarad: ")
        return sentence.removeprefix("maskarad: ")


class Running:
    """`maskarad` as a process of its own, with these variables and nothing else of this machine's."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    @classmethod
    async def start(cls, *arguments: str, folder: Path, **variables: str) -> "Running":
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "maskarad",
                *arguments,
                cwd=folder,
                env={"PATH": os.environ["PATH"], **variables},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        )

    async def line(self) -> str:
        """The next line that it prints."""
        assert self.process.stdout is not None
        async with asyncio.timeout(START_WITHIN):
            return (await self.process.stdout.readline()).decode().strip()

    async def end(self, number: signal.Signals | None = None, *, stdin: str = "") -> Said:
        """Wait for its end, after a signal if one is given."""
        if number is not None:
            self.process.send_signal(number)
        async with asyncio.timeout(END_WITHIN):
            out, err = await self.process.communicate(stdin.encode())
        assert self.process.returncode is not None
        return Said(self.process.returncode, out.decode(), err.decode())

    async def close(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
            await self.process.communicate()
