"""A platform that people talk to moves to another database, and they notice nothing."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from maskarad.db.tables import chat_bot_instances as links
from maskarad.db.tables import chat_contexts
from tests.cli.shell import Running, Said
from tests.journeys.stage import FRIEND, MANAGER_ID, OWNER, Stage, new_lines, settings_for
from tests.memory.export_files import message, result
from tests.support.databases import connect
from tests.support.servers import PostgresServer

STORIES = 3_000


@pytest.fixture
async def elsewhere(stage: Stage, database_url: str, postgres: PostgresServer, tmp_path: Path) -> AsyncIterator[Stage]:
    """The same stage on an empty database of the other kind."""
    postgres.execute("CREATE DATABASE elsewhere")
    to_server = database_url.startswith("sqlite")
    url = postgres.url("elsewhere") if to_server else f"sqlite:///{tmp_path / 'elsewhere.db'}"
    database = connect(url)
    yield Stage(stage.sandbox, database, settings_for(stage.sandbox.address, url, tmp_path))
    await database.close()
    postgres.execute("DROP DATABASE elsewhere WITH (FORCE)")


async def maskarad(stage: Stage, *arguments: str) -> Said:
    """A command with the stage's settings, after which nobody is connected to its database."""
    settings = stage.settings
    assert settings.telegram_bot_token is not None
    running = await Running.start(
        *arguments,
        folder=settings.data_dir,
        DATABASE_URL=settings.database_url,
        DATA_DIR=str(settings.data_dir),
        TELEGRAM_BOT_TOKEN=settings.telegram_bot_token.get_secret_value(),
        TELEGRAM_API_BASE_URL=settings.telegram_api_base_url,
    )
    said = await running.end()
    assert said.code == 0, said
    return said


def lines_of(connection: Connection) -> list[tuple[Any, ...]]:
    columns = (chat_contexts.c.id, chat_contexts.c.chat_bot_instance_id, chat_contexts.c.message_order)
    return [tuple(row) for row in connection.execute(select(*columns).order_by(chat_contexts.c.id))]


def counted(connection: Connection) -> list[tuple[int, int]]:
    """What each link has counted, and what there is."""
    there = select(func.count()).where(chat_contexts.c.chat_bot_instance_id == links.c.id).scalar_subquery()
    return [tuple(row) for row in connection.execute(select(links.c.messages, there))]


async def test_it_goes_on_where_it_was(stage: Stage, elsewhere: Stage) -> None:
    actor = await stage.actor()
    group = await stage.group(actor, FRIEND)
    async with stage.playing():
        await stage.ask(actor, "Мого кота звати Мурчик 🐈")
        await stage.sandbox.ask(group, OWNER, f"@{actor.username} " + "довга розповідь про маяк " * 150)
        await stage.sandbox.say(group, FRIEND, "I only listen 👂")
        await stage.sandbox.ask(stage.sandbox.private(OWNER, MANAGER_ID), OWNER, "/start")
        await stage.settled(actor)
    chat_id = int((await stage.sandbox.chat(group))["chat"]["id"])
    export = result(
        (message(number, f"story {number} 🐉") for number in range(-STORIES, 0)),
        name="Вечірній чай",
        id=-chat_id - 10**12,
    )
    (stage.settings.data_dir / "result.json").write_bytes(export)
    chosen = ("--bot", str(actor.bot_id), f"--chat={chat_id}", "--export-chat", "Вечірній чай", "--yes")
    await maskarad(stage, "import", str(stage.settings.data_dir), *chosen)
    before = await stage.database.read(lines_of)
    assert len(before) > STORIES
    await stage.database.close()
    async with elsewhere.playing():
        pass  # somebody tried whether it starts there
    await maskarad(stage, "db", "move", "--to", elsewhere.settings.database_url)
    assert await elsewhere.database.read(lines_of) == before
    said_before = len(await stage.spoken_by(actor, stage.private(actor)))
    prompts_before = len(await stage.prompts())

    async with elsewhere.playing():
        await stage.sandbox.redeliver(actor.telegram_id)
        answer = await elsewhere.ask(actor, "Як звати мого кота?")
        await elsewhere.sandbox.ask(group, FRIEND, f"@{actor.username} and now?")
        await elsewhere.settled(actor)
    assert "Мурчик" in answer.text
    assert len(await stage.spoken_by(actor, stage.private(actor))) == said_before + 1
    asked = [new_lines(prompt) for prompt in (await stage.prompts())[prompts_before:]]
    assert asked == [["Як звати мого кота?"], [f"@{actor.username} and now?"]]
    after = await elsewhere.database.read(lines_of)
    assert after[: len(before)] == before
    assert len(after) == len(before) + 4
    assert len({line[1:] for line in after}) == len(after)
    assert all(messages == there for messages, there in await elsewhere.database.read(counted))
