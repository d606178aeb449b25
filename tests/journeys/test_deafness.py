"""Nothing that is slow to be shown, in one chat or for one person, makes a bot deaf to the others."""

import asyncio
import sqlite3

from maskarad.values import Access
from tests.journeys.stage import FRIEND, MANAGER_ID, OWNER, STRANGER, Stage

PROMPT = 3.0


async def test_a_flood_of_commands_in_one_group_leaves_private_chats_alone(stage: Stage) -> None:
    stage.settings = stage.settings.model_copy(
        update={"telegram_max_per_chat_second": 1.0, "telegram_max_per_group_minute": 20.0}
    )
    actor = await stage.actor()
    async with stage.playing():
        group = await stage.group(actor, FRIEND)
        for _ in range(40):
            await stage.sandbox.say(group, FRIEND, "/help")
        answer = await stage.sandbox.ask(stage.private(actor), OWNER, "ти чуєш мене?", timeout=PROMPT)
    assert answer.text


async def test_a_stranger_whose_chat_is_flooded_holds_nobody_up(stage: Stage) -> None:
    actor = await stage.actor(access=Access.OWNER_ONLY)
    async with stage.playing():
        await stage.sandbox.order_fault("429", method="sendMessage", chat=STRANGER, retry_after=8, times=1)
        await stage.sandbox.say(stage.private(actor, STRANGER), STRANGER, "let me in")
        answer = await stage.sandbox.ask(stage.private(actor), OWNER, "ти чуєш мене?", timeout=PROMPT)
    assert answer.text


async def test_the_manager_answers_others_while_one_chat_waits(stage: Stage) -> None:
    async with stage.playing():
        await stage.sandbox.order_fault("429", method="sendMessage", chat=OWNER, retry_after=8, times=1)
        await stage.sandbox.say(stage.sandbox.private(OWNER, MANAGER_ID), OWNER, "/start")
        menu = await stage.sandbox.ask(stage.sandbox.private(FRIEND, MANAGER_ID), FRIEND, "/start", timeout=PROMPT)
    assert menu.buttons


async def test_an_apology_does_not_wait_for_the_notice_to_the_owner(stage: Stage) -> None:
    actor = await stage.actor()
    await stage.sandbox.direct_model(faults=[{"status": 400, "times": 9}])
    async with stage.playing():
        await stage.sandbox.ask(stage.sandbox.private(OWNER, MANAGER_ID), OWNER, "/start")
        await stage.sandbox.order_fault("429", method="sendMessage", bot=MANAGER_ID, retry_after=8, times=1)
        apology = await stage.sandbox.ask(stage.private(actor, FRIEND), FRIEND, "hello?", timeout=PROMPT)
    assert apology.text


async def test_a_membership_told_twice_is_told_once_more_and_no_error(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        group = await stage.group(actor, FRIEND)
        await stage.settled(actor)
        await stage.sandbox.redeliver(actor.telegram_id)
        answer = await stage.sandbox.ask(group, OWNER, "Устиме, ти тут?", timeout=PROMPT)
    assert answer.text


async def test_a_database_that_is_slow_loses_no_command(stage: Stage, sqlite_url: str) -> None:
    """Another program holds the file longer than we wait for it: Telegram keeps the update until it is stored."""
    stage.settings = stage.settings.model_copy(update={"database_url": sqlite_url})
    manager = stage.sandbox.private(OWNER, MANAGER_ID)
    async with stage.playing():
        await stage.sandbox.ask(manager, OWNER, "/start")
        before = await stage.sandbox.position()
        with sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            await stage.sandbox.say(manager, OWNER, "/createpersona")
            await asyncio.sleep(6.0)  # longer than the database's own patience: the point of this test
            other.execute("COMMIT")
        other.close()
        question = await stage.sandbox.next_message(manager, after=before, timeout=15)
    assert "1/11" in question.text
