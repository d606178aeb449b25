"""Which emoji the persona puts of its own accord, on which messages, and how often."""

import random
from collections.abc import Callable
from itertools import product
from typing import Any

import msgspec
import pytest

from maskarad.db.reactions import Reacted
from maskarad.life.feedback import DISLIKED, liking_of
from maskarad.life.mood import MoodNow
from maskarad.life.reactions import Reactions, emoji_for, may_react, picked
from maskarad.memory.analysis import Analysis, Emotion
from maskarad.memory.analyzer import analyze
from maskarad.reactions import LEGAL_REACTIONS
from maskarad.values import (
    READY_MOODS,
    Bot,
    Chattiness,
    Incoming,
    LinkState,
    Manners,
    MoodState,
    Sender,
)
from tests.support.bots import a_bot
from tests.support.people import BOB
from tests.support.rows import said

NOW, HOUR = 1_800_000_000.0, 3600.0
BOT = a_bot()
STATE = LinkState(
    active=True,
    muted=False,
    recent_own=0,
    recent_considered=0,
    bot_exchanges=0,
    spoke_at=0.0,
    pondered_at=0.0,
    flood_told_at=0.0,
    liking=0.0,
    liking_at=0.0,
    reacted_at=0.0,
    reactions=0,
    mood=MoodState(),
    manners=Manners(),
)
TRIUMPH = "Ми перемогли!!! ураааа"
LAUGHING = frozenset("😁🤣🤪😎🎉🔥🤩😘👍👌🥰")


def state(**more: Any) -> LinkState:
    return msgspec.structs.replace(STATE, **more)


def analysis(emotion: Emotion, *, sure: float = 0.8, valence: float = 0.0, topics: Any = (), spam: float = 0.0) -> Any:
    return Analysis(
        emotion=emotion,
        confidence=sure,
        valence=valence,
        topics=topics,
        keywords=(),
        language="uk",
        question=False,
        spam=spam,
    )


def reactions(
    chance: Callable[[], float] = lambda: 0.0, *, declines: bool = False, most_per_hour: int = 6
) -> Reactions:
    async def is_declined(bot: Bot, sender: Sender) -> bool:
        assert (bot, sender) == (BOT, BOB)
        return declines

    return Reactions(
        most_per_hour=most_per_hour,
        mood_half_life=1800.0,
        declines=is_declined,
        clock=lambda: NOW,
        chance=chance,
    )


def all_emoji(said: Analysis) -> set[str]:
    """Whatever mood it is in, an owner's own one too, and whichever the draw."""
    sets = emoji_for(said)
    draws = (0.0, 0.25, 0.5, 0.75, 0.999999)
    keys = (*READY_MOODS, "own_1")
    return {picked(sets, MoodNow(key=key, strength=0.8), draw) for key, draw in product(keys, draws)} if sets else set()


@pytest.mark.parametrize("emotion", Emotion)
@pytest.mark.parametrize("topics", [(), ("jokes",), ("war",), ("jokes", "war")])
def test_only_legal_emoji_are_ever_put(emotion: Emotion, topics: tuple[str, ...]) -> None:
    assert all_emoji(analysis(emotion, topics=topics)) <= LEGAL_REACTIONS


@pytest.mark.parametrize(
    "bad",
    [
        analysis(Emotion.SADNESS, valence=-0.8),
        analysis(Emotion.FEAR, valence=-0.8),
        analysis(Emotion.SURPRISE, valence=-0.8),
        analysis(Emotion.SURPRISE, topics=("war",)),
    ],
)
def test_bad_news_get_no_laugh(bad: Analysis) -> None:
    assert all_emoji(bad)
    assert all_emoji(bad) & LAUGHING == set()


@pytest.mark.parametrize(
    "said",
    [
        analysis(Emotion.ANGER, valence=-0.8),
        analysis(Emotion.DISGUST, valence=-0.8),
        analysis(Emotion.NEUTRAL, sure=1.0),
        analysis(Emotion.JOY, spam=0.9),
        analysis(Emotion.JOY, sure=0.3),
    ],
)
def test_insults_spam_and_what_shows_no_plain_feeling_get_nothing(said: Analysis) -> None:
    assert all_emoji(said) == set()


def test_the_mood_colours_the_choice() -> None:
    joyful = analysis(Emotion.JOY)
    assert picked(emoji_for(joyful), MoodNow(key="irritation", strength=0.8), 0.0) == "👌"
    assert picked(emoji_for(joyful), MoodNow(key="sadness", strength=0.8), 0.0) == "❤"
    assert picked(emoji_for(analysis(Emotion.JOY, topics=("jokes",))), MoodNow(key="joy", strength=0.8), 0.0) == "🤣"


@pytest.mark.parametrize(
    "unwilling",
    [
        state(reactions=6, reacted_at=NOW - HOUR + 1),
        state(manners=Manners(chattiness=Chattiness.SILENT)),
        state(manners=Manners(chattiness=Chattiness.QUIET)),
        state(liking=DISLIKED, liking_at=NOW),
    ],
)
def test_the_cap_the_dial_and_dislike_stop_it(unwilling: LinkState) -> None:
    assert not may_react(unwilling, NOW, most_per_hour=6)
    assert may_react(STATE, NOW, most_per_hour=6)


def test_the_cap_is_for_an_hour() -> None:
    full = state(reactions=6, reacted_at=NOW)
    assert not may_react(full, NOW + HOUR - 1, most_per_hour=6)
    assert may_react(full, NOW + HOUR, most_per_hour=6)


def test_one_dislike_stops_it_for_hours_not_for_ever() -> None:
    disliked = state(liking=liking_of([Reacted(user_id=1, value=-1.0, at=NOW)], NOW, one_alone=False), liking_at=NOW)
    assert not may_react(disliked, NOW + HOUR, most_per_hour=6)
    assert may_react(disliked, NOW + 6 * HOUR, most_per_hour=6)


async def beside(text: str, how: Reactions, known: LinkState = STATE) -> str | None:
    reacting = await how.beside(BOT, said(1, text))
    return None if reacting is None else reacting(known, lambda: analyze(text))


async def instead(text: str, how: Reactions, known: LinkState = STATE) -> str | None:
    reacting = await how.instead(BOT, said(1, text))
    return None if reacting is None else reacting(known)


async def test_a_plain_feeling_gets_an_emoji_beside_and_small_talk_none() -> None:
    assert await beside(TRIUMPH, reactions()) in {"👍", "❤", "🔥", "🎉"}
    assert await beside("поїзд о сьомій", reactions()) is None
    assert await beside("Ти тупий, заткнись", reactions()) is None


async def test_the_mood_at_that_moment_counts() -> None:
    sad = state(mood=MoodState(key="sadness", strength=0.9, set_at=NOW))
    assert await beside(TRIUMPH, reactions(), sad) in {"❤", "🤗"}
    long_ago = state(mood=MoodState(key="sadness", strength=0.9, set_at=NOW - 86_400))
    assert await beside(TRIUMPH, reactions(), long_ago) in {"👍", "❤", "🔥", "🎉"}


async def test_it_reacts_to_a_few_only_and_the_same_seed_gives_the_same_ones() -> None:
    async def chosen(seed: int) -> list[str | None]:
        how = reactions(random.Random(seed).random)
        return [await beside(TRIUMPH, how) for _ in range(400)]

    first = await chosen(1)
    put = [each for each in first if each]
    assert 20 <= len(put) <= 65
    assert len(set(put)) > 1
    assert first == await chosen(1) != await chosen(2)


async def never_asked(_bot: Bot, _sender: Sender) -> bool:
    pytest.fail("the person's wishes were looked up")


@pytest.mark.parametrize("text", [TRIUMPH, "дякую!"])
async def test_nobody_is_asked_about_what_chance_passes_over(text: str) -> None:
    how = Reactions(most_per_hour=6, mood_half_life=1800.0, declines=never_asked, clock=lambda: NOW, chance=lambda: 0.9)
    assert await how.beside(BOT, said(1, text)) is None
    assert await how.instead(BOT, said(1, text)) is None


async def test_a_link_that_wants_none_is_not_analysed_for_one() -> None:
    reacting = await reactions().beside(BOT, said(1, TRIUMPH))
    assert reacting is not None
    quiet = state(manners=Manners(chattiness=Chattiness.QUIET))
    assert reacting(quiet, lambda: pytest.fail("it was analysed")) is None


@pytest.mark.parametrize(
    ("message", "how"),
    [
        (said(1, TRIUMPH), reactions(declines=True)),
        (said(1, TRIUMPH), reactions(most_per_hour=0)),
        (msgspec.structs.replace(said(1, "[photo]"), has_text=False), reactions()),
        (msgspec.structs.replace(said(1, TRIUMPH), forwarded_from=BOB), reactions()),
        (said(1, TRIUMPH, by=msgspec.structs.replace(BOB, is_bot=True)), reactions()),
        (msgspec.structs.replace(said(1, TRIUMPH), reply_to_user_id=77), reactions()),
        (msgspec.structs.replace(said(1, TRIUMPH), mentions=("carol",)), reactions()),
    ],
)
async def test_some_messages_get_none_whatever_the_link_knows(message: Incoming, how: Reactions) -> None:
    assert await how.beside(BOT, message) is None


@pytest.mark.parametrize(
    "text",
    [
        "Ура, ми перемогли? 🎉",
        "Чому так чудово пахне ця весна",
        "what a great day, isn't it? 😍",
        "Рецептом поделитесь? ❤️",
    ],
)
async def test_questions_get_none(text: str) -> None:
    assert await beside(text, reactions()) is None


@pytest.mark.parametrize(
    "text",
    [
        "діма, позвони мне ❤️",
        "Оленко, з днем народження!!! 🎉",
        "Вітаю, Тарасе! 🎉",
        "Який ти молодець! Супер!",
        "Ты лучшая, обожаю ❤️",
        "You are the best, I love you!",
        "Get up, Bob! Best day ever",
        "дякую!",
        "thanks a lot!",
    ],
)
async def test_words_to_somebody_else_get_none(text: str) -> None:
    assert await beside(text, reactions()) is None


@pytest.mark.parametrize("text", ["Ура, ми перемогли!!!", "Люди, я так щаслива!", "Сьогодні, нарешті, чудовий день!"])
async def test_a_cry_or_a_word_to_all_in_front_is_nobodys_name(text: str) -> None:
    assert await beside(text, reactions()) is not None


@pytest.mark.parametrize(
    "text",
    [
        "Училась играть на гитаре, бросила ❤️",
        "чеснока побольше ❤️",
        "Кінцівка зіпсувала все 🎉",
        "Второй раз сжгла пирог с капустой 🥰",
        "Exactly 😄",
        "не підкажу, на жаль",
        "не подскажу, к сожалению",
        "I can't tell, unfortunately",
    ],
)
async def test_ornament_and_courtesy_get_none(text: str) -> None:
    assert await beside(text, reactions()) is None


@pytest.mark.parametrize(
    ("text", "emoji"),
    [("дякую!", {"👍", "🤗", "❤"}), ("ок", {"👍", "👌"}), ("ахахаха", {"😁", "🤣"}), ("👍", {"👍", "❤", "🔥", "🎉"})],
)
async def test_a_closing_may_be_answered_without_words(text: str, emoji: set[str]) -> None:
    assert await instead(text, reactions()) in emoji
    assert await instead(text, reactions(), state(reactions=6, reacted_at=NOW)) is None
    assert await instead(text, reactions(lambda: 0.9)) is None


async def test_what_deserves_words_gets_words() -> None:
    assert await reactions().instead(BOT, said(1, "дякую, а як дійти?")) is None
