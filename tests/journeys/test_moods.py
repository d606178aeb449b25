"""Moods that live: moved by what people say, seen in the very next answer, told by /mood, held by a hand."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from maskarad.app import Platform
from maskarad.values import Mood
from tests.journeys.stage import FRIEND, OWNER, Stage

PRAISE, INSULT = "Дякую, ти найкращий, я тебе обожнюю!", "Ти тупий і дурний, заткнись"


class LaterClock:
    """The real time and as much more as a test says."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@asynccontextmanager
async def playing_later(stage: Stage) -> AsyncIterator[LaterClock]:
    clock = LaterClock()
    # The sandbox's clock stays behind: what is said there would be too old to be answered.
    settings = stage.settings.model_copy(update={"answer_within": 7 * 86_400.0})
    platform = Platform(settings, clock=clock)
    await platform.start(alone=True)
    try:
        yield clock
    finally:
        await platform.stop()


async def moments(stage: Stage) -> list[str]:
    """The last words of each prompt: what the persona is told of the moment."""
    return [prompt["messages"][-1]["content"] for prompt in await stage.prompts()]


async def test_kind_words_colour_the_very_answer_to_them_and_mood_tells_whose_they_were(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        await stage.ask(actor, PRAISE)
        await stage.ask(actor, PRAISE)
        told = await stage.ask(actor, "/mood")
    first, second = await moments(stage)
    assert "Your mood now: 😊 Радість, felt quite" in first
    assert "Your mood now: 😊 Радість, felt very" in second
    assert "дуже радісний" in told.text
    assert "добрі слова (Оксана, щойно)" in told.text


async def test_an_insult_after_joy_soothes_it_before_it_hurts(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        await stage.ask(actor, PRAISE)
        await stage.ask(actor, PRAISE)
        await stage.ask(actor, INSULT)
        await stage.ask(actor, INSULT)
        told = await stage.ask(actor, "/mood")
    _, _, soothed, hurt = await moments(stage)
    assert "😊 Радість, felt slightly" in soothed
    assert "😤 Роздратування" in hurt
    assert "прикрі слова (Оксана" in told.text


async def test_in_a_group_only_what_is_said_to_it_counts_and_each_group_has_its_own_mood(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        loud = await stage.group(actor, FRIEND)
        quiet = await stage.group(actor, FRIEND)
        await stage.sandbox.say(loud, OWNER, INSULT)
        await stage.sandbox.ask(loud, FRIEND, f"Устиме! {PRAISE}")
        here = await stage.sandbox.ask(loud, OWNER, "/mood")
        there = await stage.sandbox.ask(quiet, OWNER, "/mood")
    assert "😊 Радість" in (await moments(stage))[-1]
    assert "радісний" in here.text
    assert "(Bob, щойно)" in here.text
    assert "На душі спокійно" in there.text
    assert "Bob" not in there.text


async def test_a_mood_set_by_hand_stays_whatever_is_said_until_it_is_let_go(stage: Stage) -> None:
    actor = await stage.actor()
    await stage.sandbox.direct_model(replies=['{"response": ["так"], "mood": "joy"}'] * 2)
    async with stage.playing():
        group = await stage.group(actor, FRIEND)
        asked = await stage.sandbox.ask(group, OWNER, "/mood")
        await stage.sandbox.press(group, FRIEND, asked.id, label="😔 Смуток")
        await stage.sandbox.ask(group, OWNER, f"Устиме! {PRAISE}")
        held = await stage.sandbox.ask(group, OWNER, "/mood")
        await stage.sandbox.press(group, OWNER, held.id, label="🍃 Як складеться")
        free = await stage.sandbox.ask(group, OWNER, "/mood")
        for _ in range(3):
            await stage.sandbox.ask(group, OWNER, f"Устиме! {PRAISE}")
        moved = await stage.sandbox.ask(group, OWNER, "/mood")
    assert "😔 Смуток, felt very" in (await moments(stage))[0]
    assert "дуже сумний" in held.text
    assert "обрали щойно (Bob)" in held.text
    assert "Ще 60 хвилин" in held.text
    assert "• 😔 Смуток" in held.buttons
    assert "дуже сумний" in free.text
    assert "потроху минає" in free.text
    assert "• 🍃 Як складеться" in free.buttons
    assert "радісний" in moved.text


async def test_the_model_may_say_that_another_mood_has_come(stage: Stage) -> None:
    actor = await stage.actor(moods=(Mood(key="own_1", name="Осіння туга", text="Ти сумуєш за літом."),))
    await stage.sandbox.direct_model(replies=['{"response": ["ех"], "mood": "own_1"}'])
    async with stage.playing():
        await stage.ask(actor, "осінь надворі")
        told = await stage.ask(actor, "/mood")
        await stage.ask(actor, "а зима?")
    assert "Осіння туга (доволі)" in told.text
    assert "сам собою" in told.text
    assert "Your mood now: Осіння туга, felt quite" in (await moments(stage))[-1]


async def test_left_alone_a_mood_fades_and_is_told_as_past(stage: Stage) -> None:
    actor = await stage.actor()
    async with playing_later(stage) as clock:
        await stage.ask(actor, PRAISE)
        clock.ahead = stage.settings.mood_half_life
        fading = await stage.ask(actor, "/mood")
        clock.ahead = 4 * stage.settings.mood_half_life
        gone = await stage.ask(actor, "/mood")
        clock.ahead = 48 * 3600.0
        forgotten = await stage.ask(actor, "/mood")
    assert "трохи радісний" in fading.text
    assert "30 хвилин тому" in fading.text
    assert "На душі спокійно" in gone.text
    assert "Раніше було: 😊 Радість" in gone.text
    assert "Раніше" not in forgotten.text


async def test_a_hand_is_taken_off_by_time_too(stage: Stage) -> None:
    actor = await stage.actor()
    async with playing_later(stage) as clock:
        asked = await stage.ask(actor, "/mood")
        await stage.sandbox.press(stage.private(actor), OWNER, asked.id, label="😜 Грайливість")
        clock.ahead = 3600.0 + stage.settings.mood_half_life
        told = await stage.ask(actor, "/mood")
    assert "доволі грайливий" in told.text
    assert "потроху минає" in told.text


async def test_the_mood_survives_a_model_that_fails(stage: Stage) -> None:
    actor = await stage.actor()
    await stage.sandbox.direct_model(faults=[{"status": 400, "times": 1}])
    async with stage.playing():
        await stage.ask(actor, INSULT)
        told = await stage.ask(actor, "/mood")
    assert "дратівливий" in told.text


async def test_mood_speaks_the_language_of_who_asks(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        await stage.ask(actor, "haha that's hilarious :D", FRIEND)
        told = await stage.ask(actor, "/mood", FRIEND)
    assert "I feel quite playful." in told.text
    assert "Bob made me laugh just now." in told.text
    assert "🍃 As it comes" in " ".join(told.buttons)
