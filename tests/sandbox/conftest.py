"""The people every scene in the sandbox needs: Alice starts things, Bob is with her, Luna is a bot in privacy mode."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from maskarad.sandbox.person import Sandbox
from tests.sandbox.scene import Telegram, make_bot


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
async def alice(sandbox: Sandbox) -> int:
    person = await sandbox.add_user("Alice", username="alice_in", id=1001)
    return int(person["id"])


@pytest.fixture
async def bob(sandbox: Sandbox) -> int:
    person = await sandbox.add_user("Bob", language_code="uk", id=1002)
    return int(person["id"])


@pytest.fixture
async def luna(sandbox: Sandbox, session: aiohttp.ClientSession) -> Telegram:
    return await make_bot(sandbox, session, "Luna")


@pytest.fixture
async def private(sandbox: Sandbox, alice: int, luna: Telegram) -> str:
    """Alice has started Luna; nothing waits."""
    key = sandbox.private(alice, luna.id)
    await sandbox.say(key, alice, "/start")
    await luna.updates()
    return key


@pytest.fixture
async def group(sandbox: Sandbox, alice: int, bob: int, luna: Telegram) -> str:
    """A supergroup of Alice (creator), Bob and Luna; nothing waits."""
    made = await sandbox.add_group("Tea at five", alice)
    key = str(made["key"])
    await sandbox.join(key, bob)
    await sandbox.join(key, luna.id, by=alice)
    await luna.updates()
    return key
