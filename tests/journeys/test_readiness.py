"""/readyz of running processes: a word for each thing that they stand on."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from random import Random

import aiohttp
from pydantic import SecretStr
from sqlalchemy import Connection, text

from maskarad.app import Platform
from maskarad.assembly.ground import Ground
from maskarad.assembly.readiness import build_readiness
from maskarad.db.schema import REVISION
from maskarad.ops.readiness import Finding
from maskarad.values import GATEWAY, Queue, Role
from tests.journeys.pages import TOKEN, WELL, ready
from tests.journeys.stage import MANAGER_ID, Stage
from tests.support.servers import RedisServer, free_port
from tests.support.until import until
from tests.telegram.people import Notices, bot, token, webhook
from tests.web.house import House

WORKER = Role(name="worker", receives=False, queues=frozenset(Queue))


def shows(platform: Platform, **checks: str) -> Callable[[], Awaitable[bool]]:
    async def is_shown() -> bool:
        _, found = await ready(platform)
        return bool({**found["checks"], **checks} == found["checks"])

    return is_shown


async def test_each_process_names_what_it_stands_on(stage: Stage) -> None:
    gateway, worker = Platform(stage.settings, GATEWAY), Platform(stage.settings, WORKER)
    try:
        await gateway.start(alone=False)
        await worker.start(alone=False)
        assert await ready(gateway) == (200, {"ready": True, "checks": WELL})
        assert await ready(worker) == (200, {"ready": True, "checks": WELL | {"manager": "off"}})
    finally:
        await worker.stop()
        await gateway.stop()


def set_revision(connection: Connection, revision: str) -> None:
    connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


async def test_a_schema_of_another_version_is_not_ready(stage: Stage) -> None:
    async with stage.playing() as platform:
        await stage.database.write(partial(set_revision, revision="0001"))
        try:
            status, found = await ready(platform)
        finally:
            await stage.database.write(partial(set_revision, revision=REVISION))
    assert (status, found) == (503, {"ready": False, "checks": WELL | {"schema": "failed"}})


async def test_without_redis_a_process_is_ready_and_says_so(stage: Stage, own_redis: RedisServer) -> None:
    stage.settings = stage.settings.model_copy(update={"redis_url": own_redis.url})
    async with stage.playing() as platform:
        await until(shows(platform, cache="ok"))
        own_redis.kill()
        await until(shows(platform, cache="degraded"))
        assert await ready(platform) == (200, {"ready": True, "checks": WELL | {"cache": "degraded"}})
        own_redis.start()
        await until(shows(platform, cache="ok"), within=30)


async def test_a_process_that_stops_says_so_while_it_still_takes_webhooks(stage: Stage) -> None:
    port = free_port()
    webhook: dict[str, object] = {"run_mode": "webhook", "webhook_url_base": f"http://127.0.0.1:{port}", "port": port}
    webhook["metrics_token"] = SecretStr(TOKEN)
    stage.settings = stage.settings.model_copy(update={**webhook, "drain_seconds": 1.0})
    platform = Platform(stage.settings, GATEWAY)
    await platform.start(alone=False)
    assert await ready(platform) == (200, {"ready": True, "checks": WELL})
    stopping = asyncio.create_task(platform.stop())
    try:
        await until(shows(platform, running="failed"))
        assert await ready(platform) == (503, {"ready": False, "checks": WELL | {"running": "failed"}})
    finally:
        await stopping


async def test_a_refused_manager_leaves_a_process_ready_for_all_other_bots(stage: Stage) -> None:
    await stage.sandbox.order_fault("401", method="getUpdates", bot=MANAGER_ID, lasting=60)
    async with stage.playing() as platform:
        await until(shows(platform, manager="degraded"))
        assert await ready(platform) == (200, {"ready": True, "checks": WELL | {"manager": "degraded"}})
        async with aiohttp.request("GET", f"http://127.0.0.1:{platform.port}/healthz") as health:
            assert (health.status, await health.json()) == (200, {"ok": False, "failed": ["manager"]})


async def test_a_refused_bot_leaves_a_process_ready_for_all_others(stage: Stage) -> None:
    actor = await stage.actor()
    await stage.sandbox.order_fault("401", method="getUpdates", bot=actor.telegram_id, lasting=60)
    async with stage.playing() as platform:
        await until(shows(platform, bots="degraded"))
        assert await ready(platform) == (200, {"ready": True, "checks": WELL | {"bots": "degraded"}})


async def test_before_all_bots_are_served_a_process_is_not_ready_but_well(stage: Stage) -> None:
    ground = Ground(stage.settings, clock=time.time, chances=lambda: Random().random)
    registry, has_begun = Notices().registry(), asyncio.Event()
    registry.put(bot(2), token(2), webhook(2))
    looks = build_readiness(ground, registry, receives=True, has_begun=has_begun.is_set, stopping=lambda: False)
    async with House().open(looks=looks) as house:
        async with house.client.get(house.url + "/readyz") as answer:
            expected = {"ready": False, "checks": WELL | {"bots": "failed"}}
            assert (answer.status, await answer.json()) == (503, expected)
        async with house.client.get(house.url + "/healthz") as answer:
            assert (answer.status, await answer.json()) == (200, {"ok": True, "failed": []})
        has_begun.set()
        assert await looks["bots"]() is Finding.OK
        await registry.conflict(2)
        assert await looks["bots"]() is Finding.DEGRADED
    await ground.close()
