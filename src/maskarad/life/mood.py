"""How the persona's mood in a link moves with what it hears, and fades to neutral.

Strengths are 0 to 1. A mood that somebody set by hand neither moves nor fades until `held_until`.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum

import msgspec

from maskarad.memory.analysis import Analysis, Emotion
from maskarad.values import NEUTRAL_MOOD, HistoryLine, MoodState, Sender, Value

FAINTEST = 0.15
"""A mood weaker than this is not felt."""

OWN_STRENGTH = 0.6
"""Of a mood that the model said the persona has come into."""

_SUREST_DOUBT = 0.35
"""An analysis less sure than this moves nothing."""

_LIGHT = ("joy", "playfulness")
_HEAVY = ("sadness", "irritation")
_MOODS_OF: Mapping[Emotion, tuple[str, ...]] = {
    Emotion.JOY: ("joy", "playfulness"),
    Emotion.SURPRISE: ("playfulness", "joy"),
    Emotion.SADNESS: ("sadness",),
    Emotion.FEAR: ("sadness",),
    Emotion.ANGER: ("irritation", "sadness"),
    Emotion.DISGUST: ("irritation", "sadness"),
}
"""What hearing an emotion moves to: the first that the persona has."""

_JOKES = ("playfulness", "joy")
_BAD_SURPRISE = ("sadness",)


class MoodNow(Value, frozen=True):
    """A mood as it is felt at a moment; neutral has no strength."""

    key: str = NEUTRAL_MOOD
    strength: float = 0.0


CALM = MoodNow()


class Degree(StrEnum):
    SLIGHTLY = "slightly"
    QUITE = "quite"
    VERY = "very"


class Cause(StrEnum):
    HAND = "hand"
    """Somebody chose the mood with /mood."""
    SAID = "said"
    """Somebody's words brought it."""
    OWN = "own"
    """The model said so in its answer."""


class Reason(Value, frozen=True):
    """What `MoodState.reason` holds as JSON; `user_id` 0 where it was nobody in particular."""

    kind: Cause
    at: float
    emotion: str = ""
    user_id: int = 0
    name: str = ""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Reason).decode


def present(mood: MoodState, now: float, half_life: float) -> MoodNow:
    """What is left of a mood by now; `half_life` is seconds."""
    if mood.key == NEUTRAL_MOOD:
        return CALM
    free_for = max(now - max(mood.set_at, mood.held_until), 0.0)
    strength = mood.strength * 0.5 ** (free_for / half_life)
    return MoodNow(key=mood.key, strength=strength) if strength >= FAINTEST else CALM


def is_held(mood: MoodState, now: float) -> bool:
    return mood.held_until > now


def degree(mood: MoodNow) -> Degree:
    if mood.strength < 0.4:
        return Degree.SLIGHTLY
    return Degree.QUITE if mood.strength < 0.7 else Degree.VERY


def moved(
    mood: MoodState,
    analysis: Analysis,
    line: HistoryLine,
    *,
    treatment: float,
    now: float,
    half_life: float,
    choices: Collection[str],
) -> MoodState:
    """The mood after hearing a line; the very same value where that leaves the persona as it was. More of the same
    deepens a mood, the contrary soothes it first. Kind words of somebody who treats the persona well (`treatment`, -1
    to 1) weigh more, harsh ones less. Only ready moods among `choices` are ever reached."""
    if is_held(mood, now) or analysis.emotion is Emotion.NEUTRAL or analysis.confidence < _SUREST_DOUBT:
        return mood
    wanted = _wanted(analysis)
    key = next((each for each in wanted if each in choices), None)
    is_light = wanted[0] in _LIGHT
    push = _push(analysis, treatment if is_light else -treatment)
    before = present(mood, now, half_life)
    after = _after(before, key, push, side=_LIGHT if is_light else _HEAVY)
    if after is before:
        return mood
    if after.strength < FAINTEST:
        return mood if before is CALM else MoodState(set_at=now)
    soothed = after.key == before.key and after.strength < before.strength
    said = Reason(
        kind=Cause.SAID, at=now, emotion=analysis.emotion.value, user_id=line.sender_id, name=line.sender_name
    )
    return MoodState(
        key=after.key, strength=after.strength, set_at=now, reason=mood.reason if soothed else _encode(said).decode()
    )


def come_over(mood: MoodState, key: str, *, now: float, half_life: float) -> MoodState:
    """The mood after the model said that it is `key` now; the same value where it is that already, or is held."""
    if is_held(mood, now) or present(mood, now, half_life).key == key:
        return mood
    if key == NEUTRAL_MOOD:
        return MoodState(set_at=now)
    reason = Reason(kind=Cause.OWN, at=now)
    return MoodState(key=key, strength=OWN_STRENGTH, set_at=now, reason=_encode(reason).decode())


def chosen(by: Sender, now: float) -> str:
    """The reason of a mood set by hand."""
    return _encode(Reason(kind=Cause.HAND, at=now, user_id=by.id, name=by.name)).decode()


def reason_of(mood: MoodState) -> Reason | None:
    return None if mood.reason is None else _decode(mood.reason)


def _wanted(analysis: Analysis) -> tuple[str, ...]:
    if analysis.emotion is Emotion.SURPRISE and analysis.valence < 0:
        return _BAD_SURPRISE
    if analysis.emotion is Emotion.JOY and "jokes" in analysis.topics:
        return _JOKES
    return _MOODS_OF[analysis.emotion]


def _push(analysis: Analysis, favour: float) -> float:
    plain = analysis.confidence * (0.3 + 0.4 * abs(analysis.valence))
    return plain * (1.0 + 0.4 * max(-1.0, min(1.0, favour)))


def _after(before: MoodNow, key: str | None, push: float, *, side: tuple[str, ...]) -> MoodNow:
    """`key` is None where the persona has no mood on that side; then a contrary one is still soothed."""
    if before.key in side:
        deeper = before.strength + push * (1.0 - before.strength)
        return MoodNow(key=key if key is not None and push > before.strength else before.key, strength=deeper)
    left = before.strength - push
    if left >= 0.0:
        return MoodNow(key=before.key, strength=left)
    return CALM if key is None else MoodNow(key=key, strength=-left)
