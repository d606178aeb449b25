"""What operators stop is neither heard nor speaks, in every process; what waited goes on when it is let go."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import select

from maskarad.db import stops
from maskarad.db.engine import Query
from maskarad.db.tables import chat_bot_instances as links
from tests.journeys.processes import PlatformProcess
from tests.journeys.stage import FRIEND, MANAGER_ID, OWNER, STRANGER, Actor, Stage, new_lines
from tests.journeys.test_known_everywhere import command
from tests.support.contents import everything, holding
from tests.support.until import until

KNOWN = 15.0
"""Seconds: five are promised on a machine that has time for it."""

LONGER_THAN_A_LOOK = 6.0
"""Seconds that the model thinks while the stop becomes known."""


async def stop(stage: Stage, actor: Actor) -> None:
    """As the command line does, in another process."""
    await stage.database.write(lambda c: stops.stop_bot(c, actor.bot_id, now=time.time()))


async def let_go(stage: Stage, actor: Actor) -> None:
    await stage.database.write(lambda c: stops.let_bot(c, actor.bot_id, now=time.time()))


async def until_deaf(stage: Stage, actor: Actor) -> None:
    """Returns when Telegram keeps what the actor is sent."""
    chat = stage.private(actor, STRANGER)

    async def is_deaf() -> bool:
        await stage.sandbox.say(chat, STRANGER, "/help")
        return await stage.pending(actor) > 1

    await until(is_deaf, KNOWN)


async def until_refused(stage: Stage, person: int) -> None:
    """Returns when the manager bot has told the person that they are stopped."""
    chat = stage.sandbox.private(person, MANAGER_ID)

    async def is_told() -> bool:
        await stage.sandbox.say(chat, person, "/help")
        said = (await stage.sandbox.chat(chat))["messages"]
        return any("has stopped your account" in each.get("text", "") for each in said)

    await until(is_told, KNOWN)


def has_parts(actor: Actor) -> Query[bool]:
    """Whether something is to be said, and nobody is at it."""
    waits = select(links.c.id).where(
        links.c.bot_instance_id == actor.bot_id, links.c.parts > 0, links.c.claim.is_(None)
    )
    return lambda connection: connection.execute(waits).first() is not None


async def test_a_bot_that_is_stopped_in_the_middle_of_a_turn_says_it_when_it_is_let_go(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing() as platform:
        assert (await stage.ask(actor, "привіт")).text
        await stage.sandbox.direct_model(delay=LONGER_THAN_A_LOOK)
        chat = stage.private(actor)
        await stage.sandbox.say(chat, OWNER, "розкажи казку")
        await stage.until_model_is_asked(2)
        await stop(stage, actor)
        await until_deaf(stage, actor)
        await until(lambda: platform.database.read(has_parts(actor)), KNOWN)
        await stage.sandbox.say(chat, OWNER, "і ще одну")
        assert len(await stage.spoken_by(actor, chat)) == 1
        assert len(await stage.prompts()) == 2
        await stage.sandbox.direct_model(delay=0)
        before = await stage.sandbox.position()
        await let_go(stage, actor)
        await stage.sandbox.next_message(chat, after=before, timeout=KNOWN)

        async def both_are_answered() -> bool:
            return len(await stage.spoken_by(actor, chat)) == 3

        await until(both_are_answered, KNOWN)
        [asked] = [lines for prompt in await stage.prompts() if "і ще одну" in (lines := new_lines(prompt))]
        assert asked == ["і ще одну"]


async def test_a_stopped_person_is_neither_heard_nor_kept_but_keeps_what_is_known_of_them(stage: Stage) -> None:
    actor = await stage.actor()
    group = await stage.group(actor, FRIEND)
    async with stage.playing() as platform:
        assert (await stage.ask(actor, "hello", FRIEND)).text
        await stage.database.write(lambda c: stops.stop_user(c, FRIEND, language="en", now=time.time()))
        await until_refused(stage, FRIEND)
        for chat in (group, stage.private(actor, FRIEND)):
            await stage.sandbox.say(chat, FRIEND, f"@{actor.username} do you like buckwheat?")
            await stage.sandbox.say(chat, FRIEND, "/mood")
        before = await stage.sandbox.position()
        await stage.sandbox.say(group, OWNER, f"@{actor.username} а ти чуєш мене?")
        await stage.sandbox.next_message(group, after=before)
        assert len(await stage.spoken_by(actor, group)) == 1
        assert len(await stage.spoken_by(actor, stage.private(actor, FRIEND))) == 1
        assert holding(await platform.database.read(everything), "buckwheat") == []
        assert "buckwheat" not in str(await stage.prompts())
        known = await stage.ask(actor, "/me", FRIEND)
        assert known.text
        question = await stage.ask(actor, "/forget_me", FRIEND)
        await stage.sandbox.press(question.chat, FRIEND, question.id, data=f"1:forget:{FRIEND}")
        await stage.sandbox.next_edit(question.chat, after=question.seq)
        assert holding(await platform.database.read(everything), "hello") == []
        assert FRIEND in await platform.database.read(stops.stopped_users)
        await stage.database.write(lambda c: stops.let_user(c, FRIEND, now=time.time()))

        async def is_heard() -> bool:
            await stage.sandbox.say(group, FRIEND, f"@{actor.username} and now?")
            return len(await stage.spoken_by(actor, group)) > 1

        await until(is_heard, KNOWN)


async def test_somebody_stopped_who_becomes_an_operator_is_heard_again(stage: Stage) -> None:
    await stage.database.write(lambda c: stops.stop_user(c, FRIEND, language="en", now=time.time()))
    stage.settings = stage.settings.model_copy(update={"admin_user_ids": (FRIEND,)})
    async with stage.playing():
        told = await stage.sandbox.ask(stage.sandbox.private(FRIEND, MANAGER_ID), FRIEND, "/admin")
        assert told.buttons


@pytest.fixture(params=["alone", "redis"])
async def processes(request: pytest.FixtureRequest, stage: Stage, tmp_path: Path) -> AsyncIterator[None]:
    """A gateway and a worker, without Redis and with one."""
    redis = str(request.getfixturevalue("redis_url")) if request.param == "redis" else ""
    async with AsyncExitStack() as running:
        for role in ("gateway", "worker"):
            folder = tmp_path / role
            folder.mkdir()
            made = PlatformProcess(stage.settings, folder, role, REDIS_URL=redis, FLOOD_MESSAGES="0")
            running.push_async_callback(made.close)
            await made.start()
        yield


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.usefixtures("processes")
async def test_every_process_learns_what_the_command_line_stops(stage: Stage) -> None:
    actor = await stage.actor()
    chat = stage.private(actor)
    before = await stage.sandbox.position()
    await stage.sandbox.say(chat, OWNER, "привіт")
    await stage.sandbox.next_message(chat, after=before, timeout=KNOWN)
    await command(stage.settings, "stop", "bot", f"@{actor.username}")
    await until_deaf(stage, actor)
    await stage.sandbox.say(chat, OWNER, "ти тут?")
    before = await stage.sandbox.position()
    await command(stage.settings, "allow", "bot", str(actor.bot_id))
    await stage.sandbox.next_message(chat, after=before, timeout=KNOWN)
    await command(stage.settings, "stop", "user", str(OWNER))
    await until_deaf(stage, actor)
    await command(stage.settings, "allow", "user", str(OWNER))
    before = await stage.sandbox.position()
    await stage.sandbox.say(chat, OWNER, "а тепер?")
    await stage.sandbox.next_message(chat, after=before, timeout=KNOWN)


async def test_the_menu_of_operators_alone_shows_the_command_and_it_works(stage: Stage) -> None:
    stage.settings = stage.settings.model_copy(update={"admin_user_ids": (OWNER,)})
    actor = await stage.actor()
    manager = stage.sandbox.private(OWNER, MANAGER_ID)
    await stage.sandbox.say(manager, OWNER, "/start")

    async def menus() -> list[int]:
        calls = [each["params"] for each in await stage.sandbox.calls(bot=MANAGER_ID, method="setMyCommands")]
        shows = [each for each in calls if "admin" in str(each["commands"])]
        return [each.get("scope", {}).get("chat_id") for each in shows]

    async def has_all_menus() -> bool:
        return await menus() == [OWNER] * 4

    async with stage.playing():
        await until(has_all_menus, KNOWN)
        strange = await stage.sandbox.ask(stage.sandbox.private(FRIEND, MANAGER_ID), FRIEND, "/admin")
        assert "I don't know that command" in strange.text
        desk = await stage.sandbox.ask(manager, OWNER, "/admin")
        assert "Пульт оператора" in desk.text
        assert "• run: працює" in desk.text
        assert "Боти: у роботі 1" in desk.text
        await stage.sandbox.press(manager, OWNER, desk.id, data=f"1:ay:b:{actor.bot_id}")
        await until_deaf(stage, actor)
