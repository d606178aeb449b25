"""The sandbox and the stage, for every test that plays on them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from maskarad.db.engine import Database
from maskarad.sandbox.person import Sandbox
from maskarad.sandbox.server import Options
from tests.journeys.stage import Stage, settings_for
from tests.sandbox.scene import MANAGER_TOKEN, served


@pytest.fixture(scope="session")
def sandbox_address() -> Iterator[str]:
    with served(Options(port=0, manager_token=MANAGER_TOKEN)) as address:
        yield address


@pytest.fixture
async def sandbox(sandbox_address: str) -> AsyncIterator[Sandbox]:
    async with Sandbox.at(sandbox_address) as client:
        await client.reset()
        yield client


@pytest.fixture
async def stage(sandbox: Sandbox, database: Database, database_url: str, tmp_path: Path) -> Stage:
    """An empty stage, once with SQLite and once with PostgreSQL; nothing plays yet."""
    made = Stage(sandbox, database, settings_for(sandbox.address, database_url, tmp_path))
    await made.people()
    return made
