"""The wizard's buttons. The first argument says whose step it is: 0 is the persona in the making, any other id a
persona that is being edited."""

from collections.abc import Callable
from functools import partial

from maskarad.errors import NotFound
from maskarad.manager.actions import creating, editing
from maskarad.manager.actions.creating import Stale
from maskarad.manager.callbacks import number
from maskarad.manager.desk import Desk, Outcome, Visit
from maskarad.manager.screens.steps import NEW_PERSONA
from maskarad.manager.steps import (
    CHARACTER_STEPS,
    MAIN_STEPS,
    MOOD_NAME,
    MOOD_TEXT,
    MOODS,
    STEPS,
    SUMMARY,
    ChoiceStep,
    Step,
    TextStep,
    Unfit,
    cleared,
    following,
    opened_from,
    preceding,
    value_of,
    with_ready_mood,
    with_value,
    without_own_mood,
)
from maskarad.values import READY_MOODS, PersonaDraft


async def choose(desk: Desk, visit: Visit, persona_id: str, code: str, name: str) -> Outcome:
    step = _step(code)
    if not isinstance(step, ChoiceStep) or name not in step.choices:
        raise NotFound("there is no such choice")
    change = partial(with_value, step, value=step.choices[name])
    return await _apply(desk, visit, number(persona_id), step, change, following(step), None)


async def go_on(desk: Desk, visit: Visit, persona_id: str, code: str) -> Outcome:
    """Skip a step, or go on with what it holds."""
    step = _step(code)
    if number(persona_id) != NEW_PERSONA or step is SUMMARY or opened_from(step) is MOODS:
        raise Stale
    return await creating.apply(desk, visit, step, partial(_unless_missing, step), following(step))


async def go_back(desk: Desk, visit: Visit, persona_id: str, code: str) -> Outcome:
    step, edited = _step(code), number(persona_id)
    if edited != NEW_PERSONA:
        return await editing.leave_step(desk, visit, edited, step)
    return await creating.apply(desk, visit, step, _as_it_is, preceding(step))


async def clear(desk: Desk, visit: Visit, persona_id: str, code: str) -> Outcome:
    step = _step(code)
    if not isinstance(step, TextStep) or step in (MOOD_NAME, MOOD_TEXT):
        raise Stale
    change = partial(with_value, step, value=cleared(step))
    return await _apply(desk, visit, number(persona_id), step, change, step, opened_from(step))


async def open_step(desk: Desk, visit: Visit, persona_id: str, code: str) -> Outcome:
    """Any step of a persona that exists; of the one in the making only those that open from another step."""
    step, edited = _step(code), number(persona_id)
    if edited != NEW_PERSONA:
        if step not in (*MAIN_STEPS, *CHARACTER_STEPS, MOOD_NAME):
            raise Stale
        return await editing.open_step(desk, visit, edited, step)
    opener = opened_from(step)
    if opener is None or step not in (MOOD_NAME, CHARACTER_STEPS[0]):
        raise Stale
    return await creating.apply(desk, visit, opener, _as_it_is, step)


async def set_mood(desk: Desk, visit: Visit, persona_id: str, key: str, wanted: str) -> Outcome:
    if key not in READY_MOODS:
        raise NotFound("there is no such mood")
    change = partial(with_ready_mood, key=key, wanted=wanted == "1")
    return await _apply(desk, visit, number(persona_id), MOODS, change, MOODS, MOODS)


async def remove_mood(desk: Desk, visit: Visit, persona_id: str, key: str) -> Outcome:
    change = partial(without_own_mood, key=key)
    return await _apply(desk, visit, number(persona_id), MOODS, change, MOODS, MOODS)


async def _apply(
    desk: Desk,
    visit: Visit,
    persona_id: int,
    step: Step,
    change: Callable[[PersonaDraft], PersonaDraft],
    next_creating: Step,
    next_editing: Step | None,
) -> Outcome:
    if persona_id == NEW_PERSONA:
        return await creating.apply(desk, visit, step, change, next_creating)
    return await editing.apply(desk, visit, persona_id, change, next_editing)


def _step(code: str) -> Step:
    step = STEPS.get(code)
    if step is None:
        raise NotFound("there is no such step")
    return step


def _as_it_is(draft: PersonaDraft) -> PersonaDraft:
    return draft


def _unless_missing(step: Step, draft: PersonaDraft) -> PersonaDraft:
    if isinstance(step, TextStep) and step.required and not value_of(step, draft):
        raise Unfit("problem.required")
    return draft
