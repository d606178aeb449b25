"""In Ustym's chats: he remembers, turns a stranger away, lives in a group, has moods, survives, forgets."""

from maskarad.sandbox.demo.making import THUNDER, let_bob_in, open_to_all
from maskarad.sandbox.demo.room import Room
from maskarad.sandbox.demo.stage import Stage

CAT = "Мавка"
DOES_NOT_KNOW = "Я не знаю"


async def talk_in_private(stage: Stage) -> None:
    oksana, hut = stage.cast.oksana, stage.hut
    greeting = await hut.ask(oksana, "/start")
    stage.check("he introduces himself", "Устим" in greeting.text)
    await hut.ask(oksana, f"Знайомся: мою кішку звати {CAT}.")
    stage.check("what she said is kept", stage.platform.has_kept(CAT))
    await _three_at_once(stage)
    await stage.asked()
    answer = await hut.ask(oksana, "А як звати мою кішку?")
    stage.check("he remembers the cat", CAT in answer.text)
    prompts = await stage.asked()
    stage.check("because the prompt holds what was said before", len(prompts) == 1 and CAT in prompts[0].text)


async def _three_at_once(stage: Stage) -> None:
    oksana, hut = stage.cast.oksana, stage.hut
    await stage.asked()
    await stage.model_says(
        "Йой, кохана, не тарахти!", "Парасоля в сінях, чай у торбі, а дощ буде о третій.", reaction="😁"
    )
    hurried = ["Устиме, я вже біжу на потяг", "І забула парасолю!", "І чай, здається, теж…"]
    for text in hurried:
        await hut.say(oksana, text)
    await hut.hear()
    await hut.hear()
    prompts = await stage.asked()
    stage.check("three quick messages are answered together", [each.new for each in prompts] == [hurried])
    reaction = await hut.happens("reaction")
    stage.direction(f"{reaction['from']['first_name']} reacts: {reaction['emoji']}")
    stage.check("and he reacts to the last one", reaction["emoji"] == "😁")


async def turn_a_stranger_away(stage: Stage) -> None:
    bob, door = stage.cast.bob, stage.door
    await stage.asked()
    plea = "Good evening! Can you read my palm?"
    refusal = await door.ask(bob, plea)
    stage.check("a stranger is turned away in his language", "Sorry" in refusal.text)
    stage.check("nothing of what he wrote is kept", not stage.platform.has_kept("read my palm"))
    await let_bob_in(stage, plea)
    stage.check("and the model was asked nothing", not await stage.asked())
    answer = await door.ask(bob, "It is me again. Who are you?")
    stage.check("Bob is answered now", "Устим" in answer.text)
    prompts = await stage.asked()
    stage.check("without a word from before", len(prompts) == 1 and "palm" not in prompts[0].text)
    await door.hear()
    await open_to_all(stage)


async def live_in_a_group(stage: Stage) -> None:
    cast = stage.cast
    group = await stage.open_group("Полонина", cast.oksana, cast.bob, cast.dmytro)
    await stage.asked()
    await group.say(cast.dmytro, "Боб, ты взял термос и бутерброды?")
    small_talk = await group.say(cast.bob, "Two of each. See you at the station at seven.")
    first = await _mention(stage, group)
    await _reply_to_him(stage, group, first)
    await _name_in_a_sentence(stage, group)
    said = await group.bot_messages(after=small_talk)
    stage.check("he spoke three times, when he was meant", len(said) == 3)


async def _mention(stage: Stage, group: Room) -> int:
    bob, ustym = stage.cast.bob, stage.cast.ustym
    await stage.model_says("My left knee says yes, and the knee has never lied.")
    question = f"@{ustym.username} will it rain on Saturday?"
    asked = await group.say(bob, question)
    answer = await group.hear()
    stage.check("a mention is answered as a reply", answer.reply_to == asked)
    prompts = await stage.asked()
    stage.check(
        "the small talk before it was left alone: one model call", [each.new for each in prompts] == [[question]]
    )
    stage.check("but he heard it, and who said it", "термос" in prompts[0].text and "Дмитрий" in prompts[0].text)
    return answer.id


async def _reply_to_him(stage: Stage, group: Room, his: int) -> None:
    dmytro = stage.cast.dmytro
    await stage.model_says("Йой, тогда дождь обидится и пойдёт к соседям.")
    asked = await group.say(dmytro, "А если мы всё-таки возьмём зонты?", reply_to=his)
    answer = await group.hear()
    stage.check("a reply to him is answered", answer.reply_to == asked and len(await stage.asked()) == 1)


async def _name_in_a_sentence(stage: Stage, group: Room) -> None:
    oksana = stage.cast.oksana
    await stage.model_says("Читаю, читаю… Бачу дощ о третій і борщ о п'ятій.")
    asked = await group.say(oksana, "Спитаймо в Устима, він хмари читає, як газету.")
    answer = await group.hear()
    stage.check("so is his name, inflected", answer.reply_to == asked and len(await stage.asked()) == 1)


async def change_mood(stage: Stage) -> None:
    oksana, hut = stage.cast.oksana, stage.hut
    moods = await hut.ask(oksana, "/mood")
    stage.check("/mood offers his moods", moods.has_button("Передгроззя") and not moods.has_button("Смуток"))
    await hut.press(oksana, "Передгроззя")
    await stage.asked()
    answer = await hut.ask(oksana, "Як настрій, Устиме?")
    stage.check("he is in that mood", "Передгроззя" in answer.text)
    prompts = await stage.asked()
    stage.check("because the prompt says so", len(prompts) == 1 and THUNDER in prompts[0].text)


async def survive_a_kill(stage: Stage) -> None:
    oksana, hut = stage.cast.oksana, stage.hut
    await stage.asked()
    await stage.sandbox.direct_model(delay=60)
    asked = await hut.say(oksana, "Нагадай-но, як звати мою кішку?")
    await hut.happens("typing")
    stage.direction(f"{stage.cast.ustym.name} is typing…")
    stage.check("the model is thinking", len(await stage.asked()) == 1)
    await stage.platform.kill()
    await stage.sandbox.direct_model(delay=0)
    await stage.platform.start()
    answer = await hut.hear()
    stage.check("the answer still arrives, and he still remembers", CAT in answer.text)
    await hut.ask(oksana, "Який чай ти любиш?")
    answers = [text for text in await hut.bot_messages(after=asked) if CAT in text]
    stage.check("it arrives exactly once", len(answers) == 1)


async def forget(stage: Stage) -> None:
    oksana, hut = stage.cast.oksana, stage.hut
    await hut.ask(oksana, "/reset")
    await hut.press(oksana, "Так, забути все")
    await stage.asked()
    answer = await hut.ask(oksana, "Як звати мою кішку?")
    stage.check("after /reset he knows nothing of the cat", DOES_NOT_KNOW in answer.text)
    prompts = await stage.asked()
    stage.check("and the prompt nothing either", len(prompts) == 1 and CAT not in prompts[0].text)
