"""The commands of a persona bot."""

from tests.journeys.stage import FRIEND, OWNER, Stage


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
