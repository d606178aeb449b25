"""What a persona learns of a person, shows to that person, and forgets when told to."""

import json

from maskarad.values import GroupReply
from tests.journeys.stage import FRIEND, OWNER, Actor, Stage


async def system_text(stage: Stage) -> str:
    """Of the last prompt: what people are told of, as data."""
    prompt = (await stage.prompts())[-1]
    return "\n".join(message["content"] for message in prompt["messages"] if message["role"] == "user")


async def press(stage: Stage, actor: Actor, message: int, label: str, person: int = OWNER) -> dict[str, object]:
    return await stage.sandbox.press(stage.private(actor, person), person, message, label=label)


async def test_a_wish_counts_from_the_very_message_that_states_it(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        await stage.ask(actor, "Називай мене Королевою, будь ласка. І пиши коротше!")
        at_once = await system_text(stage)
        await stage.ask(actor, "як справи?")
        later = await system_text(stage)
        screen = await stage.ask(actor, "/me")
    wishes = '{"about":"Оксана","wishes":{"call":"Королевою","length":"short"}}'
    assert wishes in at_once
    assert wishes in later
    assert "Звертання: «Королевою» (тут)" in screen.text
    assert "Довжина відповідей: коротко" in screen.text


async def test_wishes_are_chosen_corrected_and_deleted_by_buttons(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        await stage.ask(actor, "не говори про роботу")
        screen = await stage.ask(actor, "/me")
        await press(stage, actor, screen.id, "🌐 Мова")
        await press(stage, actor, screen.id, "англійська")
        await press(stage, actor, screen.id, "✖ «роботу»")
        await stage.ask(actor, "як справи?")
        chosen = await system_text(stage)
        await press(stage, actor, screen.id, "🌐 Мова")
        await press(stage, actor, screen.id, "якою пишу я")
        await stage.ask(actor, "а тепер?")
        taken_back = await system_text(stage)
    assert '"wishes":{"language":"English"}' in chosen
    assert "wishes" not in taken_back


async def test_a_button_pressed_twice_deletes_one_thing(stage: Stage) -> None:
    actor = await stage.actor()
    topics = ("сварки", "політику", "футбол")
    async with stage.playing():
        for topic in topics:
            await stage.ask(actor, f"не говори про {topic}")
        screen = await stage.ask(actor, "/me")
        buttons = [button for row in screen.message["reply_markup"]["inline_keyboard"] for button in row]
        (data,) = [button["callback_data"] for button in buttons if "сварки" in button["text"]]
        for _ in range(2):
            await stage.sandbox.press(stage.private(actor), OWNER, screen.id, data=data)
        screen = await stage.ask(actor, "/me")
    assert [topic for topic in topics if topic in screen.text] == ["політику", "футбол"]


async def test_me_in_a_group_tells_nothing_and_points_to_the_private_chat(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        await stage.ask(actor, "називай мене Королевою")
        group = await stage.group(actor, FRIEND)
        told = await stage.sandbox.ask(group, OWNER, "/me")
        file = await stage.sandbox.ask(group, OWNER, "/export_me")
    assert "Королевою" not in told.text
    assert "приватний чат" in told.text
    assert file.file_id is None


async def test_only_the_person_asked_may_have_themselves_forgotten(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        group = await stage.group(actor, FRIEND)
        question = await stage.sandbox.ask(group, OWNER, "/forget_me")
        pressed = await stage.sandbox.press(group, FRIEND, question.id, label="Так, забути мене")
        forged = await stage.sandbox.press(group, FRIEND, question.id, data="1:me:habits")
    assert pressed["text"] == forged["text"] == "These buttons are for somebody else."


async def test_the_file_holds_both_sides_of_the_private_chat_and_own_words_in_groups(stage: Stage) -> None:
    actor = await stage.actor(group_reply=GroupReply.MENTIONED_ONLY)
    async with stage.playing():
        await stage.ask(actor, "Call me Bob the Great", FRIEND)
        group = await stage.group(actor, FRIEND)
        await stage.sandbox.say(group, FRIEND, "I bake bread on Sundays")
        await stage.sandbox.say(group, OWNER, "а я люблю сир")
        await stage.settled(actor)
        sent = await stage.ask(actor, "/export_me", FRIEND)
        assert sent.file_id is not None
        file = json.loads(await stage.sandbox.file(sent.file_id))
    assert file["person"] == {"id": FRIEND, "name": "Bob", "username": "bob_in"}
    assert file["messages_are_all"]
    assert [wish["value"] for wish in file["wishes"]] == ["Bob the Great"]
    texts = [(line["chat"], line["from_persona"], line["text"]) for line in file["messages"]]
    assert ("private", False, "Call me Bob the Great") in texts
    assert ("Вечірній чай", False, "I bake bread on Sundays") in texts
    assert [from_persona for chat, from_persona, _ in texts if chat == "private"] == [True, False]
    assert "сир" not in json.dumps(file, ensure_ascii=False)


async def test_forgotten_the_person_is_a_stranger_and_can_begin_anew(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        await stage.ask(actor, "my name is Robert and my cat is called Whiskers", FRIEND)
        question = await stage.ask(actor, "/forget_me", FRIEND)
        pressed = await press(stage, actor, question.id, "Yes, forget me", FRIEND)
        answer = await stage.ask(actor, "what is my cat called?", FRIEND)
        await stage.settled(actor)
        screen = await stage.ask(actor, "/me", FRIEND)
    assert pressed["answered"]
    assert "Whiskers" not in str((await stage.prompts())[-1])
    assert "Robert" not in str((await stage.prompts())[-1])
    assert answer.text
    assert "2 messages" in screen.text


async def test_kept_nothing_is_erased(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        await stage.ask(actor, "мого кота звати Мурчик")
        question = await stage.ask(actor, "/forget_me")
        await press(stage, actor, question.id, "Ні, пам'ятати")
        answer = await stage.ask(actor, "як звати мого кота?")
    assert "Мурчик" in answer.text


async def test_who_wants_no_reactions_gets_none_even_when_the_model_would(stage: Stage) -> None:
    actor = await stage.actor()
    answer = '{"response": ["так"], "reaction": "👍"}'
    await stage.sandbox.direct_model(replies=[answer] * 3)
    async with stage.playing():
        await stage.ask(actor, "привіт, друже мій, як ся маєш сьогодні?")
        await stage.settled(actor)
        before = len(await stage.sandbox.calls(bot=actor.telegram_id, method="setMessageReaction"))
        await stage.ask(actor, "не реагуй на мої повідомлення")
        await stage.ask(actor, "а що ти думаєш про погоду в горах?")
        await stage.settled(actor)
        after = len(await stage.sandbox.calls(bot=actor.telegram_id, method="setMessageReaction"))
    assert (before, after) == (1, 1)


async def test_after_a_reset_the_words_of_that_chat_are_gone_at_once(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        await stage.ask(actor, "називай мене Королевою, пиши коротше")
        question = await stage.ask(actor, "/reset")
        await press(stage, actor, question.id, "Так, забути все")
        await stage.ask(actor, "хто я?")
        prompt = await system_text(stage)
    assert "Королевою" not in prompt
    assert '"length":"short"' in prompt
