"""A persona in a group: it answers when it is meant to and stays quiet when it is not."""

import pytest

from maskarad.values import Access, GroupReply
from tests.journeys.stage import FRIEND, OWNER, STRANGER, Stage, new_lines


@pytest.mark.parametrize(
    "text", ["Устиме, як гадаєш?", "Спитаймо в Устима", "@actor1_test_bot ти де?", "Усті... та що там, УСТИМ!"]
)
async def test_it_answers_to_its_name_and_to_a_mention(stage: Stage, text: str) -> None:
    actor = await stage.actor(group_reply=GroupReply.MENTIONED_ONLY)
    async with stage.playing():
        group = await stage.group(actor, FRIEND)
        message = await stage.sandbox.ask(group, FRIEND, text)
    assert message.message["reply_to_message"]["text"] == text
    assert len(await stage.prompts()) == 1


async def test_it_answers_to_a_reply_to_its_message(stage: Stage) -> None:
    actor = await stage.actor(group_reply=GroupReply.MENTIONED_ONLY)
    async with stage.playing():
        group = await stage.group(actor, FRIEND)
        first = await stage.sandbox.ask(group, OWNER, "Устиме, ти тут?")
        await stage.sandbox.ask(group, FRIEND, "and where have you been", reply_to=first.id)
    assert len(await stage.spoken_by(actor, group)) == 2


async def test_it_leaves_the_talk_of_others_alone_but_has_heard_it(stage: Stage) -> None:
    actor = await stage.actor(group_reply=GroupReply.MENTIONED_OR_CONTEXTUAL)
    async with stage.playing():
        group = await stage.group(actor, FRIEND)
        await stage.sandbox.say(group, OWNER, "Бобе, я купила гарбуз")
        await stage.sandbox.say(group, FRIEND, "nice, I will bring the cheese")
        await stage.sandbox.ask(group, OWNER, "Устиме, що ми готуємо?")
    (prompt,) = await stage.prompts()
    assert new_lines(prompt) == ["Устиме, що ми готуємо?"]
    assert '{"from":"Bob","id":1002,"text":"nice, I will bring the cheese"}' in prompt["messages"][2]["content"]
    assert len(await stage.spoken_by(actor, group)) == 1


async def test_a_question_to_nobody_lets_the_model_choose_silence(stage: Stage) -> None:
    actor = await stage.actor(group_reply=GroupReply.MENTIONED_OR_CONTEXTUAL)
    await stage.sandbox.direct_model(replies=['{"response": []}', '{"response": ["це до мене"]}'])
    async with stage.playing():
        group = await stage.group(actor, FRIEND)
        await stage.sandbox.say(group, OWNER, "Хтось бачив мої ключі?")
        await stage.until_model_is_asked(1)
        answer = await stage.sandbox.ask(group, OWNER, "Устиме, це ти?")
    asked, then = await stage.prompts()
    assert new_lines(asked) == ["Хтось бачив мої ключі?"]
    assert 'answer {"response": []}' in asked["messages"][-1]["content"]
    assert 'answer {"response": []}' not in then["messages"][-1]["content"]
    assert answer.text == "це до мене"


async def test_the_model_is_not_asked_about_every_question(stage: Stage) -> None:
    actor = await stage.actor(group_reply=GroupReply.MENTIONED_OR_CONTEXTUAL)
    await stage.sandbox.direct_model(replies=['{"response": []}', '{"response": ["так"]}'])
    async with stage.playing():
        group = await stage.group(actor, FRIEND)
        for number in range(5):
            await stage.sandbox.say(group, FRIEND, f"question number {number}, anyone?")
        await stage.sandbox.ask(group, OWNER, "Устиме, ти слухаєш?")
    assert len(await stage.prompts()) <= 2


async def test_always_means_always_and_never_means_never(stage: Stage) -> None:
    eager = await stage.actor("Балакун", group_reply=GroupReply.ALWAYS)
    silent = await stage.actor("Мовчун", group_reply=GroupReply.NEVER)
    async with stage.playing():
        group = await stage.group(eager, FRIEND)
        await stage.sandbox.join(group, silent.telegram_id, by=OWNER)
        await stage.sandbox.ask(group, FRIEND, "it is raining")
        await stage.sandbox.ask(group, FRIEND, f"@{silent.username} say something")
    assert len(await stage.spoken_by(eager, group)) == 2
    assert await stage.spoken_by(silent, group) == []


async def test_a_stranger_in_the_group_is_neither_answered_nor_kept(stage: Stage) -> None:
    actor = await stage.actor(access=Access.OWNER_ONLY, group_reply=GroupReply.ALWAYS)
    async with stage.playing():
        group = await stage.group(actor, STRANGER)
        await stage.sandbox.say(group, STRANGER, "Устиме, хто я?")
        await stage.sandbox.ask(group, OWNER, "Устиме, привіт")
    assert len(await stage.spoken_by(actor, group)) == 1
    assert "хто я" not in str(await stage.prompts())


async def test_it_follows_a_group_that_becomes_a_supergroup(stage: Stage) -> None:
    actor = await stage.actor(group_reply=GroupReply.MENTIONED_ONLY)
    async with stage.playing():
        group = await stage.group(actor, kind="group")
        await stage.sandbox.ask(group, OWNER, "Устиме, мого кота звати Мурчик")
        moved = (await stage.sandbox.migrate(group))["key"]
        answer = await stage.sandbox.ask(moved, OWNER, "Устиме, як звати мого кота?")
    assert "Мурчик" in answer.text


async def test_thrown_out_it_is_silent_and_its_owner_knows(stage: Stage) -> None:
    actor = await stage.actor()
    await stage.sandbox.say(stage.sandbox.private(OWNER, 123456), OWNER, "/start")
    async with stage.playing():
        group = await stage.group(actor, FRIEND)
        before = await stage.sandbox.position()
        await stage.sandbox.leave(group, actor.telegram_id, by=OWNER)
        told = await stage.sandbox.wait_for(
            lambda event: event["kind"] == "message" and "Вечірній чай" in event["message"].get("text", ""),
            after=before,
        )
    assert actor.username in told["message"]["text"]
