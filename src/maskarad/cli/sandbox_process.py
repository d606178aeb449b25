"""The sandbox as a process beside the platform: started, watched, and ended with it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from maskarad.cli.place import SANDBOX_MANAGER_TOKEN, remember_address
from maskarad.errors import MaskaradError

LOG = "sandbox.log"


class SandboxProcess:
    def __init__(self, process: subprocess.Popen[bytes], folder: Path, address: str) -> None:
        self.address = address
        self._process = process
        self._folder = folder

    @property
    def output(self) -> int:
        """A file descriptor that becomes readable when the process ends, and not before."""
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def check(self) -> None:
        """Raises MaskaradError when it has ended."""
        code = self._process.poll()
        if code is not None:
            raise MaskaradError(
                f"the sandbox has ended ({code}), and so does the platform; {self._folder / LOG} may say why"
            )


@contextmanager
def running_sandbox(folder: Path, port: int) -> Iterator[SandboxProcess]:
    """A sandbox with its world in `folder` while the block runs. It ends with us, however we die. Raises MaskaradError
    when it does not start."""
    with (
        (folder / LOG).open("wb") as log,
        subprocess.Popen(
            _command(folder, port),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            bufsize=0,
            start_new_session=True,
        ) as process,
    ):
        try:
            address = _first_word(process, folder)
            remember_address(folder, address)
            yield SandboxProcess(process, folder, address)
        finally:
            process.terminate()


def _command(folder: Path, port: int) -> list[str]:
    options = ["--port", str(port), "--state", str(folder / "world.json"), "--manager-token", SANDBOX_MANAGER_TOKEN]
    return [sys.executable, "-m", "maskarad.sandbox", "--end-with-input", *options]


def _first_word(process: subprocess.Popen[bytes], folder: Path) -> str:
    """Its address, from the one line that it prints when it is ready."""
    assert process.stdout is not None
    line = process.stdout.readline().decode()
    address = next((word for word in line.split() if word.startswith("http://")), None)
    if address is None:
        complaint = (folder / LOG).read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
        todo = "; SANDBOX_PORT takes another port" if complaint.startswith("cannot listen on") else ""
        raise MaskaradError(f"the sandbox did not start: {complaint}{todo}")
    return address.rstrip("/")
