"""/stats and /analytics through the front door: a real picture arrives in the chat."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import Connection, select

from maskarad.app import Platform
from maskarad.db.tables import errands
from maskarad.values import GATEWAY, Queue, Role
from tests.journeys.processes import PlatformProcess
from tests.journeys.stage import FRIEND, OWNER, Stage
from tests.support.until import until

WORKER = Role(name="worker", receives=False, queues=frozenset(Queue))


async def test_a_picture_of_a_private_chat_arrives(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        await stage.ask(actor, "привіт")
        await stage.settled(actor)
        told = await stage.ask(actor, "/stats")
        picture = await stage.ask(actor, "/analytics")
    assert "Повідомлень: 2, з них моїх: 1" in told.text
    with Image.open(BytesIO(await stage.sandbox.file(picture.file_id or ""))) as image:
        assert image.width == 1080


async def test_in_a_group_only_administrators_see_statistics(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        group = await stage.group(actor, FRIEND)
        said = await stage.sandbox.ask(group, FRIEND, "/analytics")
        picture = await stage.sandbox.ask(group, OWNER, "/analytics")
    assert said.text == "Only the group's administrators can do that."
    assert picture.file_id is not None


async def test_a_picture_whose_process_is_killed_is_drawn_by_the_next(stage: Stage, tmp_path: Path) -> None:
    actor = await stage.actor()
    chat = stage.private(actor)
    first, second = (PlatformProcess(stage.settings, tmp_path) for _ in range(2))
    try:
        await first.start()
        await stage.ask(actor, "привіт")
        await stage.sandbox.order_fault("slow", method="sendPhoto", seconds=30)
        before = await stage.sandbox.position()
        await stage.sandbox.say(chat, OWNER, "/analytics")
        await until(lambda: stage.database.read(is_claimed), within=20.0)
        await first.kill()
        await stage.sandbox.clear_faults()
        await second.start()
        picture = await stage.sandbox.next_message(chat, after=before, timeout=40)
    finally:
        await first.close()
        await second.close()
    assert picture.file_id is not None


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_what_is_ordered_at_a_gateway_is_drawn_by_a_worker(stage: Stage) -> None:
    actor = await stage.actor()
    gateway, worker = Platform(stage.settings, GATEWAY), Platform(stage.settings, WORKER)
    try:
        await gateway.start(alone=False)
        await worker.start(alone=False)
        picture = await stage.ask(actor, "/analytics")
        file = await stage.ask(actor, "/export_me")
    finally:
        await gateway.stop()
        await worker.stop()
    assert picture.file_id is not None
    assert file.file_id is not None


def is_claimed(connection: Connection) -> bool:
    return connection.execute(select(errands.c.claim)).scalar_one_or_none() is not None
