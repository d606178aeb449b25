"""What happens between a person and a persona in their private chat, seen from both ends."""

from sqlalchemy import Connection, select

from maskarad.db.tables import chat_contexts
from maskarad.values import Access
from tests.journeys.stage import FRIEND, OWNER, STRANGER, Stage, new_lines


async def test_it_answers_and_remembers_what_was_said_earlier(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        await stage.ask(actor, "Мого кота звати Мурчик")
        answer = await stage.ask(actor, "Як звати мого кота?")
    assert "Мурчик" in answer.text


async def test_the_prompt_carries_the_character_and_who_is_speaking(stage: Stage) -> None:
    actor = await stage.actor(description="Збирає трави на Чорногорі.")
    async with stage.playing():
        await stage.ask(actor, "Хто ти?")
    (prompt,) = await stage.prompts()
    system, said = prompt["messages"][0]["content"], prompt["messages"][1]["content"]
    assert "Устим" in system
    assert "Збирає трави на Чорногорі." in system
    assert said == '{"from":"Оксана","text":"Хто ти?","new":true}'


async def test_what_is_written_while_it_thinks_is_answered_together_afterwards(stage: Stage) -> None:
    actor = await stage.actor()
    chat = stage.private(actor)
    await stage.sandbox.direct_model(delay=1.0, replies=['{"response": ["раз"]}', '{"response": ["два"]}'])
    async with stage.playing():
        before = await stage.sandbox.position()
        await stage.sandbox.say(chat, OWNER, "перше")
        await stage.sandbox.wait_for(lambda event: event["kind"] == "typing", after=before)
        await stage.sandbox.say(chat, OWNER, "друге")
        await stage.sandbox.say(chat, OWNER, "третє")
        first = await stage.sandbox.next_message(chat, after=before)
        second = await stage.sandbox.next_message(chat, after=first.seq)
    assert (first.text, second.text) == ("раз", "два")
    assert [new_lines(prompt) for prompt in await stage.prompts()] == [["перше"], ["друге", "третє"]]


async def test_an_edited_message_replaces_its_text(stage: Stage) -> None:
    actor = await stage.actor()
    chat = stage.private(actor)
    async with stage.playing():
        before = await stage.sandbox.position()
        message = await stage.sandbox.say(chat, OWNER, "зустрінемось у середу")
        answer = await stage.sandbox.next_message(chat, after=before)
        await stage.sandbox.edit(chat, OWNER, message["message_id"], "зустрінемось у четвер")
        await stage.ask(actor, "коли ми зустрічаємось?")
    last = (await stage.prompts())[-1]["messages"]
    said = " ".join(message["content"] for message in last)
    assert "у четвер" in said
    assert "у середу" not in said
    assert answer.text


async def test_an_edit_that_telegram_brings_again_does_not_bring_old_words_back(stage: Stage) -> None:
    """Telegram did not know that it had been stored, and has brought a later one meanwhile."""
    actor = await stage.actor()
    chat = stage.private(actor)
    async with stage.playing():
        before = await stage.sandbox.position()
        message = await stage.sandbox.say(chat, OWNER, "зустрінемось у середу")
        await stage.sandbox.next_message(chat, after=before)
        for text, later in (("у четвер", 10), ("у пʼятницю", 20), ("у четвер", 10)):
            edited = {**message, "text": f"зустрінемось {text}", "edit_date": message["date"] + later}
            await stage.sandbox.inject_update(actor.telegram_id, {"edited_message": edited})
        await stage.ask(actor, "коли ми зустрічаємось?")
    said = " ".join(message["content"] for message in (await stage.prompts())[-1]["messages"])
    assert "у пʼятницю" in said
    assert "у четвер" not in said


async def test_the_same_update_twice_changes_nothing(stage: Stage) -> None:
    actor = await stage.actor()
    chat = stage.private(actor)
    async with stage.playing():
        await stage.ask(actor, "привіт")
        await stage.sandbox.redeliver(actor.telegram_id)
        await stage.ask(actor, "ти тут?")
    assert len(await stage.spoken_by(actor, chat)) == 2
    assert [new_lines(prompt) for prompt in await stage.prompts()] == [["привіт"], ["ти тут?"]]


async def test_a_stranger_is_turned_away_once_and_leaves_no_trace(stage: Stage) -> None:
    actor = await stage.actor(access=Access.OWNER_ONLY)
    chat = stage.private(actor, STRANGER)
    async with stage.playing():
        answer = await stage.sandbox.ask(chat, STRANGER, "секретна думка Чарлі")
        await stage.sandbox.say(chat, STRANGER, "агов?")
        await stage.ask(actor, "хто сьогодні заходив?")
    assert "invited" in answer.text
    assert len(await stage.spoken_by(actor, chat)) == 1
    assert "Чарлі" not in str(await stage.prompts())
    assert await stored_words(stage) == {"хто сьогодні заходив?"}


async def test_what_one_person_says_never_reaches_another(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        await stage.ask(actor, "мій пароль від дачі: горобина", OWNER)
        await stage.ask(actor, "what is the password?", FRIEND)
    assert "горобина" not in str((await stage.prompts())[-1])


async def stored_words(stage: Stage) -> set[str]:
    def read(connection: Connection) -> set[str]:
        return set(connection.execute(select(chat_contexts.c.text).where(~chat_contexts.c.from_persona)).scalars())

    return await stage.database.read(read)
