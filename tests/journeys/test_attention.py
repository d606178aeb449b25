"""What a persona in a group takes up, what it lets go, who may tell it so, and what its owner sees of it."""

import time
from typing import Any

from sqlalchemy import update

from maskarad.db.tables import chat_bot_instances as links
from maskarad.values import Character, GroupReply
from tests.journeys.stage import FRIEND, MANAGER_ID, OWNER, STRANGER, Actor, Stage, new_lines

ALWAYS = GroupReply.ALWAYS
FLOOD_REMARK = "Не так швидко"
LIKES_TEA = Character(likes="чай, ліс")


def patience(stage: Stage, **settings: Any) -> None:
    stage.settings = stage.settings.model_copy(update=settings)


async def sent_long_ago(stage: Stage, actor: Actor, chat: str, text: str) -> None:
    """As Telegram brings a message after an outage."""
    told = next(each for each in (await stage.sandbox.chat(chat))["messages"] if each["from"]["id"] == OWNER)
    message = {**told, "message_id": told["message_id"] + 50, "date": int(time.time()) - 700, "text": text}
    await stage.sandbox.inject_update(actor.telegram_id, {"message": message})


async def test_it_joins_in_where_everybody_is_asked_about_what_it_likes(stage: Stage) -> None:
    actor = await stage.actor(character=LIKES_TEA)
    async with stage.playing():
        group = await stage.group(actor, FRIEND)
        answer = await stage.sandbox.ask(group, FRIEND, "Хтось знає, де тут купити доброго чаю?")
        await stage.settled(actor)
    assert answer.message["reply_to_message"]["text"].startswith("Хтось знає")
    (prompt,) = await stage.prompts()
    assert "stay silent" not in prompt["messages"][-1]["content"]


async def test_a_question_right_after_its_own_words_goes_on_with_them(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        group = await stage.group(actor, FRIEND)
        await stage.sandbox.ask(group, OWNER, "Устиме, привіт")
        await stage.settled(actor)
        await stage.sandbox.ask(group, OWNER, "а звідки ти взагалі?")
    assert len(await stage.prompts()) == 2


async def test_it_stays_with_who_talks_with_it_and_does_not_butt_in_on_others(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        group = await stage.group(actor, FRIEND, STRANGER)
        await stage.sandbox.ask(group, OWNER, "Устиме, порадь щось від застуди")
        await stage.settled(actor)
        await stage.sandbox.say(group, FRIEND, "Женя, ти де?")
        await stage.sandbox.say(group, STRANGER, "Кто забил?")
        await stage.sandbox.ask(group, OWNER, "А чому саме так?")
        await stage.settled(actor)
        await stage.sandbox.ask(group, OWNER, "І що, справді допомагає?")
        await stage.settled(actor)
        for text in ("Який рахунок?", "Скинеш посилання?"):
            await stage.sandbox.say(group, FRIEND, text)
            await stage.settled(actor)
    first, second, third = await stage.prompts()
    assert new_lines(first) == ["Устиме, порадь щось від застуди"]
    assert new_lines(second) == ["А чому саме так?"]
    assert new_lines(third) == ["І що, справді допомагає?"]


async def test_who_is_spoken_of_may_stay_silent_and_who_is_called_may_not(stage: Stage) -> None:
    actor = await stage.actor()
    await stage.sandbox.direct_model(replies=['{"response": []}', '{"response": ["тут я"]}'])
    async with stage.playing():
        group = await stage.group(actor, FRIEND)
        await stage.sandbox.say(group, FRIEND, "Без Устима тут нудно")
        await stage.until_model_is_asked(1)
        await stage.settled(actor)
        await stage.sandbox.ask(group, OWNER, "устим ти де")
    considered, called = await stage.prompts()
    assert "stay silent" in considered["messages"][-1]["content"]
    assert "stay silent" not in called["messages"][-1]["content"]


async def test_a_reply_to_who_talks_with_it_may_be_for_it_and_one_to_others_is_not(stage: Stage) -> None:
    actor = await stage.actor(character=LIKES_TEA)
    silence, yes = '{"response": []}', '{"response": ["так"]}'
    await stage.sandbox.direct_model(replies=[yes, silence])
    async with stage.playing():
        group = await stage.group(actor, FRIEND, STRANGER)
        asked = await stage.sandbox.say(group, OWNER, "Устиме, ти вже пив чай?")
        await stage.until_model_is_asked(1)
        await stage.settled(actor)
        for text in ("ок", "ага", "ну"):
            await stage.sandbox.say(group, FRIEND, text)
        aside = await stage.sandbox.say(group, FRIEND, "завтра йду до лісу")
        await stage.sandbox.say(group, STRANGER, "я теж піду до лісу", reply_to=aside["message_id"])
        await stage.sandbox.say(group, FRIEND, "я теж люблю чай з медом", reply_to=asked["message_id"])
        await stage.until_model_is_asked(2)
        await stage.settled(actor)
    _, considered = await stage.prompts()
    assert new_lines(considered) == ["я теж люблю чай з медом"]
    assert "stay silent" in considered["messages"][-1]["content"]


async def test_administrators_turn_the_dial_and_nobody_else(stage: Stage) -> None:
    actor = await stage.actor(group_reply=ALWAYS)
    async with stage.playing():
        group = await stage.group(actor, FRIEND)
        refused = await stage.sandbox.ask(group, FRIEND, "/chattiness")
        screen = await stage.sandbox.ask(group, OWNER, "/chattiness")
        notice = await stage.sandbox.press(group, FRIEND, screen.id, label="🤫 Тихо")
        edited = await pressed(stage, group, screen.id, "🤫 Тихо")
        await stage.sandbox.say(group, FRIEND, "it is raining again")
        await stage.sandbox.ask(group, FRIEND, "Устиме, ти чуєш?")
        await pressed(stage, group, screen.id, "🤐 Мовчу")
        await stage.sandbox.say(group, FRIEND, "Устиме, ти ще тут?")
        await stage.settled(actor)
        await pressed(stage, group, screen.id, "💬 Як завжди")
        await stage.sandbox.ask(group, FRIEND, "so you were silent")
    assert refused.text == "Only the group's administrators can do that."
    assert notice["text"] == "Only the group's administrators can do that."
    assert "Зараз: 💬 Як завжди" in screen.text
    assert "Зараз: 🤫 Тихо" in edited
    first, second = await stage.prompts()
    assert new_lines(first) == ["Устиме, ти чуєш?"]
    assert new_lines(second) == ["so you were silent"]
    assert "Устиме, ти ще тут?" in str(second)


async def pressed(stage: Stage, chat: str, message: int, label: str) -> str:
    """What the message says after Oksana has pressed a button of it."""
    before = await stage.sandbox.position()
    await stage.sandbox.press(chat, OWNER, message, label=label)
    return (await stage.sandbox.next_edit(chat, after=before)).text


async def test_quiet_hours_are_chosen_in_a_few_presses(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        group = await stage.group(actor)
        screen = await stage.sandbox.ask(group, OWNER, "/chattiness")
        assert "Тихі години: ще не обрано" in screen.text
        await pressed(stage, group, screen.id, "🌙 Тихі години")
        assert "23:00–07:00, UTC" in await pressed(stage, group, screen.id, "07:00")
        assert "22:00–07:00, UTC" in await pressed(stage, group, screen.id, "22:00")
        await pressed(stage, group, screen.id, "⬅️ Назад")
        await pressed(stage, group, screen.id, "🕰 Наш час")
        cities = (await stage.sandbox.chat(group))["messages"][-1]["reply_markup"]["inline_keyboard"]
        (kyiv,) = [button["text"] for row in cities for button in row if button["text"].startswith("Київ")]
        await pressed(stage, group, screen.id, kyiv)
        assert "22:00–07:00, Київ" in await pressed(stage, group, screen.id, "⬅️ Назад")
        await pressed(stage, group, screen.id, "🌙 Тихі години")
        await pressed(stage, group, screen.id, "Без тихих годин")
        assert "Тихі години: немає" in await pressed(stage, group, screen.id, "⬅️ Назад")
        forged = await stage.sandbox.press(group, OWNER, screen.id, data="1:zone:../../etc/passwd")
    assert forged["text"] == "Ця кнопка вже застаріла."


async def test_in_private_the_command_explains_itself(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        answer = await stage.ask(actor, "/chattiness")
    assert "у приватному чаті" in answer.text
    assert "reply_markup" not in answer.message


async def test_what_an_outage_has_heaped_up_is_no_flood(stage: Stage) -> None:
    actor = await stage.actor()
    chat = stage.private(actor)
    async with stage.playing():
        await stage.ask(actor, "привіт, як ти?")
        await stage.settled(actor)
    told = next(each for each in (await stage.sandbox.chat(chat))["messages"] if each["from"]["id"] == OWNER)
    asked = [f"питання номер {number}: що робити?" for number in range(12)]
    for number, text in enumerate(asked):
        sent_at = int(time.time()) - 560 + 45 * number
        message = {**told, "message_id": told["message_id"] + 50 + number, "date": sent_at, "text": text}
        await stage.sandbox.inject_update(actor.telegram_id, {"message": message})
    async with stage.playing():
        await stage.settled(actor)
    assert [line for prompt in (await stage.prompts())[1:] for line in new_lines(prompt)] == asked
    assert not any(FLOOD_REMARK in text for text in await stage.spoken_by(actor, chat))


async def test_in_quiet_hours_it_speaks_when_called_even_where_it_answers_everything(stage: Stage) -> None:
    actor = await stage.actor(group_reply=ALWAYS)
    async with stage.playing():
        group = await stage.group(actor, FRIEND)
        await stage.sandbox.ask(group, OWNER, "/chattiness")
        hour = time.gmtime().tm_hour
        quiet = {"quiet_from": (hour - 3) % 24, "quiet_until": (hour + 3) % 24}
        await stage.database.write(lambda connection: connection.execute(update(links).values(quiet)))
        await stage.sandbox.say(group, FRIEND, "it is raining again and again")
        await stage.settled(actor)
        await stage.sandbox.ask(group, FRIEND, "Устиме, ти чуєш?")
        await stage.settled(actor)
    (prompt,) = await stage.prompts()
    assert new_lines(prompt) == ["Устиме, ти чуєш?"]


async def test_two_bots_do_not_talk_for_ever(stage: Stage) -> None:
    ustym = await stage.actor("Устим", group_reply=ALWAYS)
    mavka = await stage.actor("Мавка", group_reply=ALWAYS)
    await stage.sandbox.direct_model(replies=20 * ['{"response": ["Мавко, Устиме, а ви що скажете?"]}'])
    async with stage.playing():
        group = await stage.group(ustym)
        for each in (ustym, mavka):
            await stage.sandbox.change_bot(each.telegram_id, talks_to_bots=True)
        await stage.sandbox.join(group, mavka.telegram_id, by=OWNER)
        await stage.sandbox.say(group, OWNER, "вечір добрий")
        await both_settled(stage, ustym, mavka)
        spoken = [len(await stage.spoken_by(each, group)) for each in (ustym, mavka)]
        assert all(1 <= count <= 3 for count in spoken), spoken
        await stage.sandbox.say(group, OWNER, "ну досить вам")
        await both_settled(stage, ustym, mavka)
        again = [len(await stage.spoken_by(each, group)) for each in (ustym, mavka)]
    assert all(now > before for now, before in zip(again, spoken, strict=True))
    assert all(count <= 6 for count in again), again


async def both_settled(stage: Stage, *actors: Actor) -> None:
    """What one says is the other's update: it is over when nothing has happened while both settled."""
    before = -1
    while before < (now := await stage.sandbox.position()):
        before = now
        for actor in actors:
            await stage.settled(actor)


async def test_its_own_words_are_never_taken_for_somebody_else_s(stage: Stage) -> None:
    actor = await stage.actor(group_reply=ALWAYS)
    async with stage.playing():
        group = await stage.group(actor)
        answer = await stage.sandbox.ask(group, OWNER, "Устиме, привіт")
        await stage.settled(actor)
        echo = {**answer.message, "message_id": answer.id + 50, "text": "Устиме, луна"}
        await stage.sandbox.inject_update(actor.telegram_id, {"message": echo})
        await stage.sandbox.ask(group, OWNER, "Устиме, ти чуєш?")
    assert len(await stage.prompts()) == 2
    assert "луна" not in str(await stage.prompts())


async def test_who_asks_too_fast_is_told_so_once_and_then_left_alone(stage: Stage) -> None:
    actor = await stage.actor()
    patience(stage, flood_messages=2, flood_seconds=60.0)
    async with stage.playing():
        group = await stage.group(actor, FRIEND)
        for number in range(6):
            await stage.sandbox.say(group, FRIEND, f"Устиме, агов номер {number}")
            await stage.settled(actor)
        said = await stage.spoken_by(actor, group)
        await stage.sandbox.ask(group, OWNER, "Устиме, що тут коїться?")
        prompts = await stage.prompts()
    assert [text.startswith(FLOOD_REMARK) for text in said].count(True) == 1
    assert said[-1].startswith(FLOOD_REMARK)
    assert len(said) == 3
    assert len(prompts) == 3
    assert "агов номер 5" in str(prompts[-1])


async def test_in_private_it_is_the_same(stage: Stage) -> None:
    actor = await stage.actor()
    patience(stage, flood_messages=2, flood_seconds=60.0)
    chat = stage.private(actor)
    async with stage.playing():
        for number in range(5):
            await stage.sandbox.say(chat, OWNER, f"агов номер {number}")
            await stage.settled(actor)
    said = await stage.spoken_by(actor, chat)
    assert [text.startswith(FLOOD_REMARK) for text in said] == [False, False, True]
    assert len(await stage.prompts()) == 2


async def test_what_comes_too_late_is_kept_but_not_answered(stage: Stage) -> None:
    actor = await stage.actor(group_reply=ALWAYS)
    async with stage.playing():
        group = await stage.group(actor)
        for chat in (group, stage.private(actor)):
            await stage.sandbox.ask(chat, OWNER, "Устиме, привіт")
            await stage.settled(actor)
            await sent_long_ago(stage, actor, chat, "Устиме, мого кота звати Мурчик")
            await stage.settled(actor)
            await stage.sandbox.ask(chat, OWNER, "то що, Устиме?")
            await stage.settled(actor)
    prompts = await stage.prompts()
    assert [new_lines(each) for each in prompts] == 2 * [["Устиме, привіт"], ["то що, Устиме?"]]
    assert "Мурчик" in str(prompts[1])
    assert "Мурчик" in str(prompts[3])


async def test_the_owner_sees_why_it_answered_and_why_not_but_not_what_was_said(stage: Stage) -> None:
    actor = await stage.actor(character=LIKES_TEA)
    manager = stage.sandbox.private(OWNER, MANAGER_ID)
    async with stage.playing():
        group = await stage.group(actor, FRIEND)
        await stage.sandbox.say(group, FRIEND, "I have bought a pumpkin")
        await stage.sandbox.ask(group, FRIEND, "Устиме, привіт")
        await stage.settled(actor)
        await stage.sandbox.say(group, FRIEND, "it weighs ten kilos")
        await stage.ask(actor, "це таємниця", FRIEND)
        await stage.settled(actor)
        menu = await stage.sandbox.ask(manager, OWNER, "/start")
        before = await stage.sandbox.position()
        await stage.sandbox.press(manager, OWNER, menu.id, data=f"1:b:{actor.persona_id}")
        await stage.sandbox.next_edit(manager, after=before)
        card = await pressed(stage, manager, menu.id, "🔎 Чому озвався чи ні")
    third, second, first = card.split("\n\n")[1:]
    place = "Bob у «Вечірній чай», щойно"
    assert first == f"🤫 Мовчання · {place}\nніщо не спонукало його озватися"
    assert second == f"💬 Відповідь · {place}\nйого покликали на ім'я"
    assert third == (
        f"🤔 Питання до моделі · {place}\nможливо, це було до нього; це було продовження його власних слів"
    )
    assert not any(word in card for word in ("pumpkin", "kilos", "привіт", "таємниця"))
