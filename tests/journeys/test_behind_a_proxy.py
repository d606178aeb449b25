"""Two gateways and a worker behind the proxy of deploy/Caddyfile: one gateway dies, one restarts, nobody notices."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.journeys.processes import PlatformProcess
from tests.journeys.stage import MANAGER_ID, OWNER, Stage
from tests.support.proxy import needs_caddy, proxy
from tests.support.servers import free_port


@needs_caddy
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_gateway_that_dies_and_one_that_restarts_are_not_noticed(
    stage: Stage, tmp_path: Path, redis_url: str
) -> None:
    actor = await stage.actor()
    manager = stage.sandbox.private(OWNER, MANAGER_ID)
    ports = [free_port(), free_port()]
    async with AsyncExitStack() as running:
        address = await running.enter_async_context(proxy(ports, tmp_path))
        shared = {"RUN_MODE": "webhook", "WEBHOOK_URL_BASE": address, "REDIS_URL": redis_url}

        async def begin(*command: str, port: int) -> PlatformProcess:
            process = PlatformProcess(stage.settings, tmp_path, *command, **shared, PORT=str(port))
            running.push_async_callback(process.close)
            await process.start()
            return process

        first, second = [await begin("gateway", port=port) for port in ports]
        await begin("worker", port=0)
        assert (await stage.ask(actor, "привіт")).text
        menu = await stage.sandbox.ask(manager, OWNER, "/start")
        await first.kill()
        for number in range(4):
            assert (await stage.ask(actor, f"{number}")).text
            await stage.sandbox.press(manager, OWNER, menu.id, data="1:p:1")
        await begin("gateway", port=ports[0])
        assert await second.stop() == 0
        for number in range(4):
            assert (await stage.ask(actor, f"ще {number}")).text
            await stage.sandbox.press(manager, OWNER, menu.id, data="1:p:1")
