"""The platform's own servers go away and come back; two platforms fight for a token; webhooks instead of polls."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import Connection, select

from maskarad.app import Platform
from maskarad.db.engine import Database
from maskarad.db.tables import chat_bot_instances as links
from maskarad.errors import DatabaseUnavailable
from maskarad.jobs.leases import LEASE
from maskarad.sandbox.person import Sandbox
from maskarad.values import GATEWAY, Queue, Role
from tests.journeys.stage import MANAGER_ID, OWNER, Stage, settings_for
from tests.support.databases import connect, migrated
from tests.support.servers import PostgresServer, free_port
from tests.support.until import until

WORKER = Role(name="worker", receives=False, queues=frozenset(Queue))


def is_being_sent(connection: Connection) -> bool:
    return connection.execute(select(links.c.parts)).scalars().all() == [1]


@pytest.fixture
async def mortal(sandbox: Sandbox, own_postgres: PostgresServer, tmp_path: Path) -> AsyncIterator[Stage]:
    """A stage on a PostgreSQL that may be stopped."""
    own_postgres.execute("CREATE DATABASE mortal")
    url = own_postgres.url("mortal")
    migrated(url)
    database: Database = connect(url)
    stage = Stage(sandbox, database, settings_for(sandbox.address, url, tmp_path))
    await stage.people()
    yield stage
    await database.close()


async def test_with_the_database_away_telegram_keeps_the_update(mortal: Stage, own_postgres: PostgresServer) -> None:
    actor = await mortal.actor()
    chat = mortal.private(actor)
    async with mortal.playing():
        await mortal.ask(actor, "привіт")
        before = await mortal.sandbox.position()
        own_postgres.kill()
        await mortal.sandbox.say(chat, OWNER, "ти ще тут?")
        own_postgres.start()
        await mortal.sandbox.next_message(chat, after=before, timeout=30)
    assert len(await mortal.spoken_by(actor, chat)) == 2


async def test_the_database_dies_while_the_model_thinks(mortal: Stage, own_postgres: PostgresServer) -> None:
    actor = await mortal.actor()
    chat = mortal.private(actor)
    await mortal.sandbox.direct_model(delay=0.5)
    async with mortal.playing():
        before = await mortal.sandbox.position()
        await mortal.sandbox.say(chat, OWNER, "подумай")
        await mortal.until_model_is_asked(1)
        own_postgres.kill()
        await mortal.until_model_is_asked(1)
        own_postgres.start()
        await mortal.sandbox.next_message(chat, after=before, timeout=30)
    assert len(await mortal.spoken_by(actor, chat)) == 1


async def test_what_was_sent_before_an_outage_longer_than_a_lease_is_not_sent_again(
    mortal: Stage, own_postgres: PostgresServer
) -> None:
    actor = await mortal.actor()
    chat = mortal.private(actor)
    others = [Platform(mortal.settings, WORKER) for _ in range(2)]
    platforms = [*others, Platform(mortal.settings, GATEWAY)]
    try:
        for platform in platforms:
            await platform.start(alone=False)
        await mortal.ask(actor, "привіт")
        before = await mortal.sandbox.position()
        await mortal.sandbox.order_fault("slow", method="sendMessage", seconds=1, times=1)
        await mortal.sandbox.say(chat, OWNER, "ти ще тут?")
        await mortal.until_model_is_asked(2)
        await until(lambda: mortal.database.read(is_being_sent))
        own_postgres.kill()
        await mortal.sandbox.next_message(chat, after=before)
        await asyncio.sleep(LEASE + 1)
        own_postgres.start()
        with suppress(DatabaseUnavailable):  # a connection of the test's own, from before
            await mortal.database.read(is_being_sent)
        await mortal.settled(actor)
    finally:
        for platform in reversed(platforms):
            await platform.stop()
    assert len(await mortal.spoken_by(actor, chat)) == 2


async def test_the_same_by_webhook(stage: Stage) -> None:
    port = free_port()
    stage.settings = stage.settings.model_copy(
        update={"run_mode": "webhook", "webhook_url_base": f"http://127.0.0.1:{port}", "port": port}
    )
    actor = await stage.actor()
    chat = stage.private(actor)
    async with stage.playing():
        await stage.ask(actor, "мого кота звати Мурчик")
        await stage.sandbox.redeliver(actor.telegram_id)
        answer = await stage.ask(actor, "як звати мого кота?")
        async with aiohttp.request("GET", f"http://127.0.0.1:{port}/healthz") as health:
            alive = await health.json()
    assert "Мурчик" in answer.text
    assert len(await stage.spoken_by(actor, chat)) == 2
    assert alive == {"ok": True, "failed": []}


async def test_the_webhooks_path_never_holds_the_token(stage: Stage) -> None:
    port = free_port()
    stage.settings = stage.settings.model_copy(
        update={"run_mode": "webhook", "webhook_url_base": f"http://127.0.0.1:{port}", "port": port}
    )
    actor = await stage.actor()
    async with stage.playing():
        await stage.ask(actor, "привіт")
    (token,) = [bot["token"] for bot in await stage.sandbox.bots() if bot["id"] == actor.telegram_id]
    registered = await stage.sandbox.calls(bot=actor.telegram_id, method="setWebhook")
    assert registered
    assert all(token not in call["params"]["url"] for call in registered)


async def test_another_program_on_the_token_is_reported_to_the_owner_once(stage: Stage) -> None:
    actor = await stage.actor()
    (token,) = [bot["token"] for bot in await stage.sandbox.bots() if bot["id"] == actor.telegram_id]
    async with stage.playing():
        await stage.sandbox.ask(stage.sandbox.private(OWNER, MANAGER_ID), OWNER, "/start")
        before = await stage.sandbox.position()
        async with aiohttp.ClientSession() as other:
            for _ in range(3):
                url = f"{stage.sandbox.address}/bot{token}/getUpdates"
                async with other.post(url, json={"timeout": 1}) as answer:
                    await answer.read()
        told = await stage.told_owner(before)
        answer_after = await stage.ask(actor, "чи ти чуєш?")
    assert actor.username in told.text
    assert answer_after.text
    manager_said = (await stage.sandbox.chat(stage.sandbox.private(OWNER, MANAGER_ID)))["messages"]
    assert sum(actor.username in message.get("text", "") for message in manager_said) == 1
