"""At the manager bot's desk: a persona is made, gets a bot, is changed, and goes."""

import re
from functools import partial

from maskarad.sandbox.demo.room import Shown
from maskarad.sandbox.demo.stage import Stage

SILENCE_SECONDS = 2.5
"""Longer than any answer waits for the rest of what somebody is typing."""

THUNDER = "Чуєш грім за три гори: говориш тихо й загадково."


async def make_persona(stage: Stage) -> None:
    oksana, desk = stage.cast.oksana, stage.desk
    menu = await desk.ask(oksana, "/start")
    stage.check("the manager bot speaks her language", "Вітаю" in menu.text)
    screens = [*await _who_he_is(stage), *await _how_he_behaves(stage), *await _his_moods(stage)]
    screens += [*await _his_model(stage), *await _his_character(stage)]
    stage.check("the wizard went through all of its steps", _goes_through_all_steps(screens))
    summary = screens[-1]
    stage.check("the summary holds her answers", all(each in summary.text for each in ("Устим", "Дружній", "0.8")))
    card = await desk.press(oksana, "Створити")
    stage.check("the persona is made", bool(card.notice) and "Устим" in card.text and card.has_button("бота"))


async def _who_he_is(stage: Stage) -> list[Shown]:
    write, press = partial(stage.desk.ask, stage.cast.oksana), partial(stage.desk.press, stage.cast.oksana)
    screens = [
        await press("Створити персонажа"),
        await write("Устим"),
        await write("Карпатський мольфар: вгадує погоду коліном і роздає поради, яких ніхто не просив."),
        await press("Офіційний"),
    ]
    again = await press("Назад")
    stage.check("a step taken back shows what was chosen", "✅ Офіційний" in again.buttons)
    return [*screens, await press("Дружній")]


async def _how_he_behaves(stage: Stage) -> list[Shown]:
    press = partial(stage.desk.press, stage.cast.oksana)
    return [
        await press("Небагато"),
        await press("Лише коли кличуть"),
        await press("3"),
        await press("Ніколи"),
    ]


async def _his_moods(stage: Stage) -> list[Shown]:
    write, press = partial(stage.desk.ask, stage.cast.oksana), partial(stage.desk.press, stage.cast.oksana)
    return [
        await press("Смуток"),
        await press("Додати власний настрій"),
        await write("Передгроззя"),
        await write(THUNDER),
        await press("Далі"),
    ]


async def _his_model(stage: Stage) -> list[Shown]:
    press = partial(stage.desk.press, stage.cast.oksana)
    skipped = await press("Пропустити")
    stage.check("a step can be skipped", "10/11" in skipped.text)
    return [skipped, await press("0.8")]


async def _his_character(stage: Stage) -> list[Shown]:
    write, press = partial(stage.desk.ask, stage.cast.oksana), partial(stage.desk.press, stage.cast.oksana)
    return [
        await press("Відповісти на запитання"),
        await write("Тридцять років пас хмари над Чорногорою."),
        await write("Упертий, але добрий."),
        await write("Починає з «йой», закінчує прогнозом погоди."),
        await press("Пропустити"),
        await press("Пропустити"),
        await press("Пропустити"),
        await write("Не ворожить на гроші."),
    ]


def _goes_through_all_steps(screens: list[Shown]) -> bool:
    marks = [found for screen in screens for found in re.findall(r"\b(\d+)/(\d+)", screen.text)]
    main = {int(step) for step, total in marks if total == "11"}
    character = {int(step) for step, total in marks if total == "7"}
    return main == set(range(1, 12)) and character == set(range(1, 8))


async def bind_bot(stage: Stage) -> None:
    oksana, ustym, desk = stage.cast.oksana, stage.cast.ustym, stage.desk
    await desk.press(oksana, "Приєднати бота")
    secret = ustym.token.partition(":")[2]
    pasted = await desk.say(oksana, ustym.token, seen_as=f"{ustym.token[:14]}… (a token from @BotFather)")
    deleted = await desk.happens("deleted")
    stage.direction("the message with the token is gone")
    stage.check("the message with the token is deleted", deleted["message_id"] == pasted)
    bound = await desk.hear()
    stage.check("the bot belongs to the persona", f"@{ustym.username}" in bound.text)
    stage.check("the token stands in no line of the log", not stage.platform.has_logged(secret))
    stage.check("and in no file of the platform's data", not stage.platform.has_kept(secret))


async def let_bob_in(stage: Stage, his_message: str) -> None:
    """By the whitelist, with a message of his forwarded to the manager bot."""
    oksana, bob, desk = stage.cast.oksana, stage.cast.bob, stage.desk
    press = partial(desk.press, oksana)
    await desk.ask(oksana, "/mypersonas")
    await press("Устим")
    await press("Бот")
    await press("Доступ")
    await press("Люди з мого списку")
    await press("Назад")
    await press("Мій список")
    await press("Додати людину")
    added = await desk.ask(oksana, his_message, forward_from=bob.id, seen_as=f"(forwarded from Bob) {his_message}")
    stage.check("the whitelist has Bob", added.has_button("Bob"))


async def open_to_all(stage: Stage) -> None:
    """Goes on from the whitelist."""
    press = partial(stage.desk.press, stage.cast.oksana)
    await press("Назад")
    await press("Доступ")
    access = await press("Усі")
    stage.check("the bot is open to everybody", "✅ Усі" in access.buttons)


async def edit_persona(stage: Stage) -> None:
    oksana, desk, hut = stage.cast.oksana, stage.desk, stage.hut
    press = partial(desk.press, oksana)
    await desk.ask(oksana, "/mypersonas")
    await press("Устим")
    await press("Змінити")
    await press("Стиль")
    await press("Саркастичний")
    await press("Ім'я")
    changed = await desk.ask(oksana, "Устим Громовик")
    stage.check("the card has the new name and style", "Громовик" in changed.text and "Саркастичний" in changed.text)
    await stage.asked()
    answer = await hut.ask(oksana, "То хто ти тепер?")
    stage.check("he knows his new name at once", "Устим Громовик" in answer.text)
    await hut.hear()
    prompts = await stage.asked()
    stage.check("the prompt has the new style", len(prompts) == 1 and "sarcastic" in prompts[0].text)


async def delete_persona(stage: Stage) -> None:
    oksana, desk, hut = stage.cast.oksana, stage.desk, stage.hut
    press = partial(desk.press, oksana)
    await desk.ask(oksana, "/mypersonas")
    await press("Устим")
    question = await press("Видалити")
    stage.check("deleting asks first", question.has_button("Так, видалити"))
    gone = await press("Так, видалити")
    stage.check("the persona is gone", not gone.has_button("Устим"))
    await stage.asked()
    await hut.say(oksana, "Устиме, ти ще тут?")
    silent = await hut.stays_silent(SILENCE_SECONDS)
    stage.direction("silence")
    stage.check("his bot has fallen silent, and no model is asked", silent and not await stage.asked())
