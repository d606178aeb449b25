"""An update that cannot be handled: a persona's row is broken, so what is said to it in a group fails by a fault of
ours. It is put aside, the bot goes on, and once the row is mended it is answered by command, as soon as its bot is not
at rest."""

import time

import pytest
from sqlalchemy import Connection, select, update

from maskarad.db import bots, failed_updates
from maskarad.db.tables import persona_configs
from tests.journeys.stage import FRIEND, Stage
from tests.support.servers import free_port
from tests.support.until import until

WITHIN = 45.0
"""Five attempts as Telegram makes them, and a look for what is to be handled again."""


def write_content(connection: Connection, persona_id: int, content: str) -> None:
    connection.execute(update(persona_configs).where(persona_configs.c.id == persona_id).values(content=content))


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_a_poison_update_is_put_aside_and_answered_once_it_can_be(stage: Stage, mode: str) -> None:
    port = free_port()
    stage.settings = stage.settings.model_copy(
        update={"run_mode": mode, "webhook_url_base": f"http://127.0.0.1:{port}", "port": port}
    )
    broken, whole = await stage.actor(), await stage.actor("Мавка")
    kitchen = await stage.group(broken, FRIEND)
    column = select(persona_configs.c.content).where(persona_configs.c.id == broken.persona_id)
    content: str = await stage.database.read(lambda connection: connection.execute(column).scalar_one())
    await stage.database.write(lambda connection: write_content(connection, broken.persona_id, "{"))

    async def is_put_aside() -> bool:
        return await stage.database.read(failed_updates.how_many) == 1

    async def was_looked_at() -> bool:
        [aside] = await stage.database.read(lambda connection: failed_updates.put_aside(connection, most=2))
        return aside.requeued_at is not None and aside.requeued_at > aside.last_at

    async def is_handled() -> bool:
        await stage.database.write(failed_updates.requeue_all)
        return await stage.database.read(lambda connection: failed_updates.latest(connection, most=1)) == []

    async def enable(enabled: bool) -> None:
        await stage.database.write(
            lambda connection: bots.set_enabled(connection, broken.bot_id, enabled, now=time.time())
        )

    async with stage.playing():
        poison = await stage.sandbox.say(kitchen, FRIEND, f"@{broken.username} чуєш мене?")
        assert (await stage.ask(whole, "а ти?")).text
        await until(is_put_aside, WITHIN)
        assert await stage.spoken_by(broken, kitchen) == []
        assert (await stage.ask(whole, "ще тут?")).text
    await stage.database.write(lambda connection: write_content(connection, broken.persona_id, content))
    await enable(False)
    await stage.database.write(failed_updates.requeue_all)
    async with stage.playing():
        await until(was_looked_at, WITHIN)
        await enable(True)
        await until(is_handled, WITHIN)
        await stage.settled(broken)
        assert len(await stage.spoken_by(broken, kitchen)) == 1
    assert poison["text"] in str(await stage.prompts())
