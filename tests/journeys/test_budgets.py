"""The statement budgets of DESIGN section 7, counted on both databases while a real platform works."""

from collections.abc import Iterator
from contextlib import contextmanager

from maskarad.app import Platform
from maskarad.values import GroupReply
from tests.journeys.stage import FRIEND, MANAGER_ID, OWNER, Actor, Stage
from tests.support.statements import Statements, counted


@contextmanager
def of_messages(platform: Platform) -> Iterator[Statements]:
    """The statements of the way of a message, without the looks that the platform takes every two seconds."""
    with counted(platform.database) as seen:
        yield seen
    seen.seen[:] = [each for each in seen.seen if not is_background(each)]


def is_background(statement: str) -> bool:
    sweep = "JOIN bot_instances" in statement and "FROM users" not in statement
    return sweep or statement.startswith(("SELECT bot_", "SELECT persona_configs.id"))


def writes(seen: Statements) -> list[str]:
    return [each for each in seen.seen if not each.startswith("SELECT")]


async def test_a_group_message_that_gets_no_reply_costs_one_statement(stage: Stage) -> None:
    actor = await stage.actor(group_reply=GroupReply.MENTIONED_ONLY)
    async with stage.playing() as platform:
        group = await warmed_up(stage, actor)
        with of_messages(platform) as seen:
            await stage.sandbox.say(group, FRIEND, "just talking")
            await stage.settled(actor)
    assert seen.count == 1, seen
    assert len(writes(seen)) == 1


async def test_a_message_to_consider_costs_two_statements(stage: Stage) -> None:
    actor = await stage.actor(group_reply=GroupReply.MENTIONED_OR_CONTEXTUAL)
    await stage.sandbox.direct_model(replies=['{"response": ["так"]}', '{"response": []}'])
    async with stage.playing() as platform:
        group = await warmed_up(stage, actor)
        await stage.sandbox.say(group, FRIEND, "does anybody know the time?")
        await stage.until_model_is_asked(2)
        await stage.settled(actor)
        with of_messages(platform) as seen:
            await stage.sandbox.say(group, FRIEND, "does anybody know the way?")
            await stage.settled(actor)
    assert seen.count == 2, seen


async def test_a_turn_costs_three_statements_before_the_model_and_two_transactions_after(stage: Stage) -> None:
    actor = await stage.actor()
    chat = stage.private(actor)
    async with stage.playing() as platform:
        await stage.ask(actor, "привіт")
        await stage.settled(actor)
        await stage.sandbox.direct_model(delay=0.5)
        with of_messages(platform) as before_model:
            start = await stage.sandbox.position()
            await stage.sandbox.say(chat, OWNER, "як справи?")
            await stage.until_model_is_asked(2)
        with of_messages(platform) as after_model:
            await stage.sandbox.next_message(chat, after=start)
            await stage.settled(actor)
    accepted, turn = before_model.seen[:2], before_model.seen[2:]
    assert [each.split()[0] for each in accepted] == ["UPDATE", "INSERT"]
    assert len(turn) <= 3, turn
    assert [each.split()[0] for each in writes(after_model)] == [
        "UPDATE",
        "INSERT",
        "INSERT",
        "DELETE",
        "UPDATE",
        "INSERT",
    ]


async def test_a_warm_press_costs_no_statement_and_a_cold_one_costs_one(stage: Stage) -> None:
    manager = stage.sandbox.private(OWNER, MANAGER_ID)
    await stage.actor()
    async with stage.playing():
        menu = await stage.sandbox.ask(manager, OWNER, "/start")
    async with stage.playing() as platform:
        with of_messages(platform) as cold:
            await stage.sandbox.press(manager, OWNER, menu.id, label=menu.buttons[0])
        with of_messages(platform) as warm:
            shown = (await stage.sandbox.chat(manager))["messages"][-1]
            buttons = [button for row in shown["reply_markup"]["inline_keyboard"] for button in row]
            await stage.sandbox.press(manager, OWNER, menu.id, data=buttons[0]["callback_data"])
    assert cold.count == 1, cold
    assert warm.count == 0, warm


async def warmed_up(stage: Stage, actor: Actor) -> str:
    """A group in which everybody has been met and the persona has spoken once."""
    group = await stage.group(actor, FRIEND)
    await stage.sandbox.say(group, FRIEND, "hello there")
    await stage.sandbox.ask(group, OWNER, "Устиме, привіт")
    await stage.settled(actor)
    return group
