"""The commands of a persona bot."""

import time

import pytest

from maskarad.values import Access
from tests.journeys.stage import FRIEND, OWNER, STRANGER, Actor, Stage


async def test_start_and_help_introduce_the_persona_without_the_model(stage: Stage) -> None:
    actor = await stage.actor(description="Старий мольфар з Карпат.")
    async with stage.playing():
        greeting = await stage.ask(actor, "/start")
        help_text = await stage.ask(actor, "/help")
    assert "Устим" in greeting.text
    assert "Старий мольфар з Карпат." in greeting.text
    assert "/mood" in help_text.text
    assert await stage.prompts() == []


async def test_a_mood_chosen_by_button_colours_the_next_prompt(stage: Stage) -> None:
    actor = await stage.actor()
    chat = stage.private(actor)
    async with stage.playing():
        question = await stage.ask(actor, "/mood")
        pressed = await stage.sandbox.press(chat, OWNER, question.id, label="😔 Смуток")
        await stage.ask(actor, "як ти?")
    assert pressed["answered"]
    assert "Смуток" in (await stage.prompts())[0]["messages"][-1]["content"]


async def test_reset_forgets_after_a_question(stage: Stage) -> None:
    actor = await stage.actor()
    chat = stage.private(actor)
    async with stage.playing():
        await stage.ask(actor, "мого кота звати Мурчик")
        kept = await stage.ask(actor, "/reset")
        await stage.sandbox.press(chat, OWNER, kept.id, label="Ні, пам'ятати")
        remembers = await stage.ask(actor, "як звати мого кота?")
        asked = await stage.ask(actor, "/reset")
        await stage.sandbox.press(chat, OWNER, asked.id, label="Так, забути все")
        await stage.ask(actor, "як звати мого кота?")
    assert "Мурчик" in remembers.text
    assert "Мурчик" not in str((await stage.prompts())[-1])


async def test_in_a_group_only_administrators_reset_and_mute(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        group = await stage.group(actor, FRIEND)
        refused = await stage.sandbox.ask(group, FRIEND, "/mute")
        question = await stage.sandbox.ask(group, OWNER, "/reset")
        pressed = await stage.sandbox.press(group, FRIEND, question.id, label="Так, забути все")
    assert refused.text == "Only the group's administrators can do that."
    assert pressed["text"] == "Only the group's administrators can do that."


async def test_muted_it_listens_and_unmuted_it_has_heard(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        await stage.ask(actor, "/mute")
        await stage.sandbox.say(stage.private(actor), OWNER, "мого кота звати Мурчик")
        await stage.ask(actor, "/unmute")
        answer = await stage.ask(actor, "як звати мого кота?")
    assert "Мурчик" in answer.text
    assert len(await stage.prompts()) == 1


async def test_a_forged_button_gets_a_short_notice(stage: Stage) -> None:
    actor = await stage.actor()
    chat = stage.private(actor)
    async with stage.playing():
        question = await stage.ask(actor, "/mood")
        pressed = await stage.sandbox.press(chat, OWNER, question.id, data="1:mood:rage")
        strange = await stage.sandbox.press(chat, OWNER, question.id, data="9:\u202e;drop table")
    assert pressed["text"] == strange["text"] == "Ця кнопка вже застаріла."


async def test_a_command_for_another_bot_is_not_ours(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        group = await stage.group(actor)
        await stage.sandbox.say(group, OWNER, "/help@somebody_else_bot")
        await stage.sandbox.ask(group, OWNER, f"/help@{actor.username}")
    assert len(await stage.spoken_by(actor, group)) == 1


async def sent_yesterday(stage: Stage, actor: Actor, command: str) -> None:
    """As Telegram brings a command of the owner's after a long outage."""
    told = next(
        each for each in (await stage.sandbox.chat(stage.private(actor)))["messages"] if each["from"]["id"] == OWNER
    )
    message = {
        **told,
        "message_id": told["message_id"] + 50,
        "date": int(time.time()) - 80_000,
        "text": command,
        "entities": [{"type": "bot_command", "offset": 0, "length": len(command)}],
    }
    await stage.sandbox.inject_update(actor.telegram_id, {"message": message})


async def test_a_flood_of_commands_gets_one_remark_as_one_of_messages_does(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        group = await stage.group(actor, FRIEND)
        for _ in range(20):
            await stage.sandbox.say(group, FRIEND, f"/mood@{actor.username}")
            await stage.settled(actor)
        muted = await stage.sandbox.ask(group, OWNER, "/mute")
        await stage.sandbox.say(group, FRIEND, "Устиме, ти де?")
        await stage.settled(actor)
        spoken = await stage.spoken_by(actor, group)
    assert len(spoken) == 8 + 1 + 1
    assert [text for text in spoken if "Not so fast" in text] == [spoken[8]]
    assert muted.text == spoken[9]


async def test_commands_of_other_bots_are_not_heard(stage: Stage) -> None:
    actor, other = await stage.actor(), await stage.actor("Марічка")
    for each in (actor, other):
        await stage.sandbox.change_bot(each.telegram_id, talks_to_bots=True)
    await stage.sandbox.direct_model(replies=[f'{{"response": ["/mood@{actor.username}"]}}'])
    async with stage.playing():
        group = await stage.group(actor, FRIEND)
        await stage.sandbox.join(group, other.telegram_id, by=OWNER)
        await stage.sandbox.ask(group, FRIEND, "Марічко, що скажеш на це все?")
        await stage.settled(other)
        await stage.settled(actor)
        told = await stage.sandbox.ask(group, FRIEND, f"/start@{actor.username}")
        spoken = await stage.spoken_by(actor, group)
    assert spoken == [told.text]


async def test_a_command_of_yesterday_is_passed_over(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        await stage.ask(actor, "/start")
        await sent_yesterday(stage, actor, "/mood")
        await stage.settled(actor)
        told = await stage.ask(actor, "/help")
        spoken = await stage.spoken_by(actor, stage.private(actor))
    assert spoken[1:] == [told.text]


@pytest.mark.parametrize(("command", "shown"), [("/mute", "/unmute"), ("/forget_me", "Забути вас?")])
async def test_what_is_still_wanted_is_acted_on_however_late(stage: Stage, command: str, shown: str) -> None:
    actor = await stage.actor()
    async with stage.playing():
        await stage.ask(actor, "/start")
        before = await stage.sandbox.position()
        await sent_yesterday(stage, actor, command)
        told = await stage.sandbox.next_message(stage.private(actor), after=before)
    assert shown in told.text


async def test_who_is_not_let_in_can_still_be_forgotten_and_nothing_else(stage: Stage) -> None:
    actor = await stage.actor(access=Access.OWNER_ONLY)
    chat = stage.private(actor, STRANGER)
    async with stage.playing():
        question = await stage.ask(actor, "/forget_me", STRANGER)
        other = await stage.sandbox.press(chat, STRANGER, question.id, data="1:mood:joy")
        before = await stage.sandbox.position()
        await stage.sandbox.press(chat, STRANGER, question.id, label="Yes, forget me")
        forgotten = await stage.sandbox.next_edit(chat, after=before)
        refused = await stage.ask(actor, "/mood", STRANGER)
    assert other["text"] == refused.text == "Sorry, this persona talks only to people its owner has invited."
    assert forgotten.text.startswith("Done: you are forgotten.")
