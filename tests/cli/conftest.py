import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from maskarad.sandbox.person import Sandbox
from maskarad.sandbox.server import Options
from tests.cli.shell import VARIABLES, Shell
from tests.sandbox.scene import MANAGER_TOKEN, served

NewToken = Callable[[str], str]


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Shell:
    """The settings of whoever runs the tests are not those of the tests."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return Shell(monkeypatch, capsys)


@pytest.fixture
def home(shell: Shell, sqlite_url: str, tmp_path: Path) -> Shell:
    """A shell where a migrated, empty database and a data folder are named."""
    shell.set(DATABASE_URL=sqlite_url, DATA_DIR=str(tmp_path))
    return shell


@pytest.fixture(scope="session")
def sandbox_address() -> Iterator[str]:
    with served(Options(port=0, manager_token=MANAGER_TOKEN)) as address:
        yield address


@pytest.fixture
def new_token(sandbox_address: str, home: Shell) -> NewToken:
    """Makes a bot in an emptied sandbox, which is the Telegram of this shell."""
    home.set(TELEGRAM_BOT_TOKEN=MANAGER_TOKEN, TELEGRAM_API_BASE_URL=sandbox_address)

    async def reset() -> None:
        async with Sandbox.at(sandbox_address) as sandbox:
            await sandbox.reset()

    async def make(username: str) -> str:
        async with Sandbox.at(sandbox_address) as sandbox:
            return str((await sandbox.add_bot("Mira", username))["token"])

    asyncio.run(reset())
    return lambda username: asyncio.run(make(username))
