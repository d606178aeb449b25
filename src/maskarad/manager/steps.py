"""The steps of making a persona: what each asks for, and how an answer changes the draft. Pure."""

import itertools
import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from hashlib import blake2s
from typing import Any

import msgspec

from maskarad.db.personas import name_key
from maskarad.errors import BadInput
from maskarad.values import (
    CHARACTER_FIELDS,
    READY_MOODS,
    GroupReply,
    Mood,
    PersonaDraft,
    Spontaneity,
    Style,
    Value,
    Verbosity,
)

MOST_MOODS = 12
_MODEL_ID = re.compile(r"[\w./:@+~-]{1,128}")


class Unfit(BadInput):
    """An answer that cannot be taken. `key` and `values` say it in the catalogue's words."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


class Step(Value, frozen=True):
    """`code` stands in callback data, `key` in the catalogue under `step`."""

    code: str
    key: str


class TextStep(Step, frozen=True):
    """Answered by a message of at most `most` characters."""

    most: int
    required: bool = False
    one_line: bool = False


class ChoiceStep(Step, frozen=True):
    """Answered by a button; `choices` are the values by their names in callback data. Names of a `labels` table are
    in the catalogue, others are shown as they are."""

    choices: Mapping[str, Any]
    columns: int = 1
    labels: str | None = None


def _of_enum(code: str, kind: type[StrEnum], key: str) -> ChoiceStep:
    return ChoiceStep(code=code, key=key, choices={each.value: each for each in kind}, labels=key)


NAME = TextStep(code="n", key="name", most=64, required=True, one_line=True)
DESCRIPTION = TextStep(code="d", key="description", most=2000)
MOODS = Step(code="m", key="moods")
MODEL = TextStep(code="o", key="model", most=128, one_line=True)
CHARACTER = Step(code="c", key="character")
SUMMARY = Step(code="z", key="summary")
MOOD_NAME = TextStep(code="mn", key="mood_name", most=32, required=True, one_line=True)
MOOD_TEXT = TextStep(code="mt", key="mood_text", most=500, required=True)

MAIN_STEPS: tuple[Step, ...] = (
    NAME,
    DESCRIPTION,
    _of_enum("s", Style, "style"),
    _of_enum("v", Verbosity, "verbosity"),
    _of_enum("g", GroupReply, "group_reply"),
    ChoiceStep(code="r", key="reply_messages", choices={str(each): each for each in range(1, 11)}, columns=5),
    _of_enum("a", Spontaneity, "spontaneity"),
    MOODS,
    MODEL,
    ChoiceStep(
        code="t",
        key="temperature",
        choices={f"{tenths / 10}": tenths / 10 for tenths in range(2, 13, 2)},
        columns=3,
    ),
    CHARACTER,
)
CHARACTER_STEPS: tuple[Step, ...] = tuple(
    TextStep(code=f"c{number}", key=field, most=2000) for number, field in enumerate(CHARACTER_FIELDS, 1)
)
STEPS: Mapping[str, Step] = {step.code: step for step in (*MAIN_STEPS, *CHARACTER_STEPS, MOOD_NAME, MOOD_TEXT, SUMMARY)}

_ORDER = (*MAIN_STEPS, *CHARACTER_STEPS, SUMMARY)
_AFTER_CREATING: Mapping[str, Step] = {
    **{step.code: following for step, following in itertools.pairwise(_ORDER)},
    CHARACTER.code: SUMMARY,
    MOOD_NAME.code: MOOD_TEXT,
    MOOD_TEXT.code: MOODS,
}
_BEFORE: Mapping[str, Step] = {
    **{following.code: step for step, following in itertools.pairwise(_ORDER)},
    SUMMARY.code: CHARACTER,
    MOOD_NAME.code: MOODS,
    MOOD_TEXT.code: MOOD_NAME,
}
_OPENED_FROM: Mapping[str, Step] = {
    **{step.code: CHARACTER for step in CHARACTER_STEPS},
    MOOD_NAME.code: MOODS,
    MOOD_TEXT.code: MOODS,
}


def following(step: Step) -> Step:
    """The step after this one while a persona is being made; the summary is the last."""
    return _AFTER_CREATING[step.code]


def preceding(step: Step) -> Step | None:
    return _BEFORE.get(step.code)


def opened_from(step: Step) -> Step | None:
    """Where an edit of this step goes back to; None: the list of everything that can be edited."""
    return _OPENED_FROM.get(step.code)


def value_of(step: Step, draft: PersonaDraft) -> Any:
    """What the draft holds for a step that holds one thing."""
    if step in CHARACTER_STEPS:
        return getattr(draft.character, step.key)
    return getattr(draft, step.key)


def with_value(step: Step, draft: PersonaDraft, value: Any) -> PersonaDraft:
    if step in CHARACTER_STEPS:
        return msgspec.structs.replace(draft, character=msgspec.structs.replace(draft.character, **{step.key: value}))
    return msgspec.structs.replace(draft, **{step.key: value})


def read_answer(step: TextStep, text: str) -> str:
    """What a message says to a text step. Raises Unfit."""
    answer = " ".join(text.split()) if step.one_line else text.strip()
    if not any(unicodedata.category(character)[0] in "LNPS" for character in answer):
        raise Unfit("problem.empty")
    if len(answer) > step.most:
        raise Unfit("problem.too_long", count=len(answer), limit=step.most)
    if step is MODEL and not _MODEL_ID.fullmatch(answer):
        raise Unfit("problem.model")
    return answer


def cleared(step: TextStep) -> str | None:
    """The value that takes an answer back. Raises Unfit for a step that must be answered."""
    if step.required:
        raise Unfit("problem.required")
    return None if step is MODEL else ""


def with_ready_mood(draft: PersonaDraft, key: str, wanted: bool) -> PersonaDraft:
    """Let the persona have one of the ready moods, or not. Ready moods stand first, in their own order. Raises Unfit
    when there are enough."""
    ready = {mood.key for mood in draft.moods} & set(READY_MOODS)
    ready = ready | {key} if wanted else ready - {key}
    moods = tuple(Mood(key=each) for each in READY_MOODS if each in ready)
    return _with_moods(draft, moods + own_moods(draft))


def with_own_mood(draft: PersonaDraft, name: str, text: str) -> PersonaDraft:
    """Raises Unfit when there are enough moods or there is one of that name."""
    key = "own_" + blake2s(name_key(name).encode(), digest_size=6).hexdigest()
    if any(mood.key == key for mood in draft.moods):
        raise Unfit("problem.mood_taken", name=name)
    return _with_moods(draft, (*draft.moods, Mood(key=key, name=name, text=text)))


def without_own_mood(draft: PersonaDraft, key: str) -> PersonaDraft:
    return _with_moods(draft, tuple(mood for mood in draft.moods if mood.key in READY_MOODS or mood.key != key))


def own_moods(draft: PersonaDraft) -> tuple[Mood, ...]:
    return tuple(mood for mood in draft.moods if mood.key not in READY_MOODS)


def _with_moods(draft: PersonaDraft, moods: tuple[Mood, ...]) -> PersonaDraft:
    if len(moods) > MOST_MOODS:
        raise Unfit("problem.moods", count=MOST_MOODS)
    return msgspec.structs.replace(draft, moods=moods)
