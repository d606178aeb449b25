"""The wizard's buttons. The first argument, the subject, says whose step it is: that of a wizard by its number, or of
a persona that is being edited by its id."""

from collections.abc import Callable
from functools import partial

from maskarad.errors import NotFound
from maskarad.manager.actions import creating, editing
from maskarad.manager.actions.creating import wizard_number
from maskarad.manager.callbacks import number
from maskarad.manager.desk import Desk, Outcome, Visit
from maskarad.manager.forms import Stale
from maskarad.manager.screens.steps import WIZARD
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


async def choose(desk: Desk, visit: Visit, subject: str, code: str, name: str) -> Outcome:
    step = _step(code)
    if not isinstance(step, ChoiceStep) or name not in step.choices:
        raise NotFound("there is no such choice")
    change = partial(with_value, step, value=step.choices[name])
    return await _apply(desk, visit, subject, step, change, following(step), None)


async def go_on(desk: Desk, visit: Visit, subject: str, code: str) -> Outcome:
    """Skip a step, or go on with what it holds."""
    step, wizard = _step(code), wizard_number(subject)
    if step is SUMMARY or opened_from(step) is MOODS:
        raise Stale
    return await creating.apply(desk, visit, wizard, step, partial(_unless_missing, step), following(step))


async def go_back(desk: Desk, visit: Visit, subject: str, code: str) -> Outcome:
    step = _step(code)
    if not subject.startswith(WIZARD):
        return await editing.leave_step(desk, visit, number(subject), step)
    return await creating.apply(desk, visit, wizard_number(subject), step, _as_it_is, preceding(step))


async def clear(desk: Desk, visit: Visit, subject: str, code: str) -> Outcome:
    step = _step(code)
    if not isinstance(step, TextStep) or step in (MOOD_NAME, MOOD_TEXT):
        raise Stale
    change = partial(with_value, step, value=cleared(step))
    return await _apply(desk, visit, subject, step, change, step, opened_from(step))


async def open_step(desk: Desk, visit: Visit, subject: str, code: str) -> Outcome:
    """Any step of a persona that exists; of the one in the making only those that open from another step."""
    step = _step(code)
    if not subject.startswith(WIZARD):
        if step not in (*MAIN_STEPS, *CHARACTER_STEPS, MOOD_NAME):
            raise Stale
        return await editing.open_step(desk, visit, number(subject), step)
    opener = opened_from(step)
    if opener is None or step not in (MOOD_NAME, CHARACTER_STEPS[0]):
        raise Stale
    return await creating.apply(desk, visit, wizard_number(subject), opener, _as_it_is, step)


async def set_mood(desk: Desk, visit: Visit, subject: str, key: str, wanted: str) -> Outcome:
    if key not in READY_MOODS:
        raise NotFound("there is no such mood")
    change = partial(with_ready_mood, key=key, wanted=wanted == "1")
    return await _apply(desk, visit, subject, MOODS, change, MOODS, MOODS)


async def remove_mood(desk: Desk, visit: Visit, subject: str, key: str) -> Outcome:
    change = partial(without_own_mood, key=key)
    return await _apply(desk, visit, subject, MOODS, change, MOODS, MOODS)


async def _apply(
    desk: Desk,
    visit: Visit,
    subject: str,
    step: Step,
    change: Callable[[PersonaDraft], PersonaDraft],
    next_creating: Step,
    next_editing: Step | None,
) -> Outcome:
    if subject.startswith(WIZARD):
        return await creating.apply(desk, visit, wizard_number(subject), step, change, next_creating)
    return await editing.apply(desk, visit, number(subject), change, next_editing)


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
