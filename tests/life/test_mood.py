"""How a mood moves and fades: pure functions, so told from values."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskarad.life.mood import (
    FAINTEST,
    OWN_STRENGTH,
    Cause,
    Degree,
    MoodNow,
    chosen,
    come_over,
    degree,
    moved,
    present,
    reason_of,
)
from maskarad.memory.analysis import Analysis, Emotion
from maskarad.values import READY_MOODS, HistoryLine, MoodState
from tests.support.people import BOB

NOW = 1_800_000_000.0
HALF_LIFE = 1800.0
CALM = MoodState()
JOYFUL = MoodState(key="joy", strength=0.8, set_at=NOW)
OWN_MOOD = MoodState(key="own_1", strength=0.8, set_at=NOW)


def analysis(emotion: Emotion, *, sure: float = 0.8, valence: float | None = None, topics: Any = ()) -> Analysis:
    if valence is None:
        valence = {Emotion.JOY: 0.8, Emotion.NEUTRAL: 0.0, Emotion.SURPRISE: 0.0}.get(emotion, -0.8)
    return Analysis(
        emotion=emotion,
        confidence=sure,
        valence=valence,
        topics=topics,
        keywords=(),
        language="uk",
        question=False,
        spam=0.0,
    )


def line(text: str = "…") -> HistoryLine:
    return HistoryLine(
        message_order=1, sender_id=BOB.id, sender_name=BOB.name, from_persona=False, text=text, sent_at=NOW
    )


def hear(
    mood: MoodState,
    *emotions: Emotion | Analysis,
    treatment: float = 0.0,
    now: float = NOW,
    choices: tuple[str, ...] = READY_MOODS,
) -> MoodState:
    for each in emotions:
        heard = each if isinstance(each, Analysis) else analysis(each)
        mood = moved(mood, heard, line(), treatment=treatment, now=now, half_life=HALF_LIFE, choices=choices)
    return mood


def felt(mood: MoodState, after: float = 0.0) -> MoodNow:
    return present(mood, NOW + after, HALF_LIFE)


def test_a_mood_loses_half_of_its_strength_in_each_half_life_and_then_is_gone() -> None:
    assert felt(JOYFUL).strength == pytest.approx(0.8)
    assert felt(JOYFUL, HALF_LIFE).strength == pytest.approx(0.4)
    assert felt(JOYFUL, 2 * HALF_LIFE).strength == pytest.approx(0.2)
    assert felt(JOYFUL, 3 * HALF_LIFE) == MoodNow(key="neutral", strength=0.0)


def test_a_clock_that_runs_behind_does_not_strengthen_a_mood() -> None:
    assert felt(JOYFUL, -HALF_LIFE).strength == pytest.approx(0.8)


def test_a_mood_held_by_hand_neither_fades_nor_moves_and_fades_afterwards() -> None:
    held = MoodState(key="sadness", strength=1.0, set_at=NOW, held_until=NOW + 3600)
    assert felt(held, 3599) == MoodNow(key="sadness", strength=1.0)
    assert hear(held, Emotion.JOY) is held
    assert come_over(held, "joy", now=NOW, half_life=HALF_LIFE) is held
    assert felt(held, 3600 + HALF_LIFE).strength == pytest.approx(0.5)
    assert hear(held, Emotion.JOY, now=NOW + 3600 + HALF_LIFE) is not held


@pytest.mark.parametrize(
    ("heard", "key"),
    [
        (analysis(Emotion.JOY), "joy"),
        (analysis(Emotion.JOY, topics=("jokes",)), "playfulness"),
        (analysis(Emotion.SADNESS), "sadness"),
        (analysis(Emotion.FEAR), "sadness"),
        (analysis(Emotion.ANGER), "irritation"),
        (analysis(Emotion.DISGUST), "irritation"),
        (analysis(Emotion.SURPRISE), "playfulness"),
        (analysis(Emotion.SURPRISE, valence=-0.5), "sadness"),
    ],
)
def test_what_is_heard_brings_a_mood_and_its_reason(heard: Analysis, key: str) -> None:
    mood = hear(CALM, heard)
    assert mood.key == key
    assert FAINTEST < mood.strength < 1
    reason = reason_of(mood)
    assert reason is not None
    assert (reason.kind, reason.emotion, reason.user_id, reason.name, reason.at) == (
        Cause.SAID,
        heard.emotion.value,
        BOB.id,
        BOB.name,
        NOW,
    )


def test_nothing_moves_it_that_is_neutral_unsure_or_out_of_its_reach() -> None:
    assert hear(JOYFUL, Emotion.NEUTRAL) is JOYFUL
    assert hear(JOYFUL, analysis(Emotion.ANGER, sure=0.2)) is JOYFUL
    assert hear(CALM, Emotion.ANGER, choices=("joy", "neutral")) is CALM
    assert hear(CALM, Emotion.JOY, choices=("own_1", "neutral")) is CALM


def test_repeated_joy_deepens() -> None:
    once = hear(CALM, Emotion.JOY)
    twice = hear(once, Emotion.JOY)
    often = hear(twice, *[Emotion.JOY] * 20)
    assert once.strength < twice.strength < often.strength <= 1
    assert [degree(felt(each)) for each in (once, twice, often)] == [Degree.QUITE, Degree.VERY, Degree.VERY]


def test_an_insult_after_joy_soothes_it_first_and_only_the_next_one_irritates() -> None:
    glad = hear(CALM, Emotion.JOY, Emotion.JOY)
    soothed = hear(glad, Emotion.ANGER)
    irritated = hear(soothed, Emotion.ANGER)
    assert soothed.key == "joy"
    assert soothed.strength < glad.strength
    assert soothed.reason == glad.reason
    assert irritated.key == "irritation"
    assert reason_of(irritated).emotion == "anger"  # type: ignore[union-attr]


def test_an_insult_soothes_joy_even_where_there_is_no_mood_for_it() -> None:
    soothed = hear(JOYFUL, *[Emotion.ANGER] * 3, choices=("joy", "neutral"))
    assert (soothed.key, soothed.strength, soothed.reason) == ("neutral", 0.0, None)


def test_an_own_mood_is_soothed_like_a_contrary_one() -> None:
    assert hear(OWN_MOOD, Emotion.JOY).key == "own_1"
    assert hear(OWN_MOOD, Emotion.JOY).strength < OWN_MOOD.strength
    assert hear(OWN_MOOD, Emotion.JOY, Emotion.JOY).key == "joy"


def test_somebody_kind_pleases_more_and_offends_less() -> None:
    def strength(emotion: Emotion, treatment: float) -> float:
        return hear(CALM, emotion, treatment=treatment).strength

    assert strength(Emotion.JOY, 1.0) > strength(Emotion.JOY, 0.0) > strength(Emotion.JOY, -1.0)
    assert strength(Emotion.ANGER, 1.0) < strength(Emotion.ANGER, 0.0) < strength(Emotion.ANGER, -1.0)


def test_what_has_faded_weighs_no_more() -> None:
    much_later = NOW + 10 * HALF_LIFE
    assert hear(JOYFUL, Emotion.ANGER, now=much_later).key == "irritation"


def test_the_model_may_say_how_the_persona_feels() -> None:
    mood = come_over(JOYFUL, "own_1", now=NOW, half_life=HALF_LIFE)
    assert (mood.key, mood.strength) == ("own_1", OWN_STRENGTH)
    assert reason_of(mood).kind is Cause.OWN  # type: ignore[union-attr]
    assert come_over(JOYFUL, "joy", now=NOW, half_life=HALF_LIFE) is JOYFUL
    assert felt(come_over(JOYFUL, "neutral", now=NOW, half_life=HALF_LIFE)).key == "neutral"


def test_a_choice_by_hand_names_who_made_it() -> None:
    reason = reason_of(MoodState(key="joy", strength=1.0, set_at=NOW, reason=chosen(BOB, NOW)))
    assert reason is not None
    assert (reason.kind, reason.user_id, reason.name) == (Cause.HAND, BOB.id, BOB.name)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(Emotion),
            st.floats(0, 1),
            st.floats(-1, 1),
            st.floats(-5, 5),
            st.sampled_from(["jokes", "war", ""]),
            st.floats(0, 10_000),
        ),
        max_size=12,
    ),
    st.sets(st.sampled_from([*READY_MOODS, "own_1"])),
)
def test_whatever_is_heard_the_mood_is_one_of_its_own_and_no_stronger_than_one(
    heard: list[tuple[Emotion, float, float, float, str, float]], choices: set[str]
) -> None:
    mood, now = CALM, NOW
    for emotion, sure, valence, treatment, topic, pause in heard:
        now += pause
        said = analysis(emotion, sure=sure, valence=valence, topics=(topic,))
        mood = hear(mood, said, treatment=treatment, now=now, choices=tuple(choices))
        assert 0 <= mood.strength <= 1
        assert mood.key in choices | {"neutral"}
