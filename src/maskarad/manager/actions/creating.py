"""The wizard that makes a persona. Its state is a row; a button names the wizard and the step it belongs to, so that
pressing it twice, or pressing one of an earlier step or wizard, moves nothing."""

from collections.abc import Callable

import msgspec

from maskarad.db import Connection, personas
from maskarad.errors import LimitReached, NameTaken, NotFound
from maskarad.manager import forms
from maskarad.manager.callbacks import number
from maskarad.manager.desk import Desk, Outcome, Visit
from maskarad.manager.forms import Creating, Stale
from maskarad.manager.screens.personas import card
from maskarad.manager.screens.steps import WIZARD, Question, ask
from maskarad.manager.steps import NAME, STEPS, SUMMARY, Step, following
from maskarad.texts import Words
from maskarad.values import PersonaDraft, Screen

Change = Callable[[PersonaDraft], PersonaDraft]


def screen(words: Words, form: Creating, *, first: str = "") -> Screen:
    return ask(words, Question(step=STEPS[form.step], draft=form.draft, wizard=form.number), first=first)


async def start(desk: Desk, visit: Visit) -> Outcome:
    """A new wizard, or the one that was left unfinished."""
    if len(visit.account.owned) >= desk.most_personas:
        return _limit_reached(desk, visit)

    def begin(connection: Connection) -> tuple[Creating, bool]:
        forms.end(connection, visit.user.id, now=desk.clock())
        form = forms.load_for_change(connection, visit.user.id)
        if isinstance(form, Creating):
            return form, True
        draft = PersonaDraft(name="", description="", language=visit.user.language)
        new = Creating(number=visit.update_id, step=NAME.code, draft=draft)
        forms.save(connection, visit.user.id, new, now=desk.clock())
        return new, False

    form, resumed = await desk.db.write(begin)
    return Outcome(screen=screen(visit.words, form, first=visit.words.html("wizard.resumed") if resumed else ""))


async def apply(desk: Desk, visit: Visit, wizard: int, step: Step, change: Change, to: Step | None) -> Outcome:
    """Change the draft and go to another step, if `step` is the one that this wizard is asking. Raises Stale."""
    if to is None:
        raise Stale

    def advance(connection: Connection) -> Creating:
        form = forms.load_for_change(connection, visit.user.id)
        if not isinstance(form, Creating) or (form.number, form.step) != (wizard, step.code):
            raise Stale
        new = _moved(form, change(form.draft), to)
        forms.save(connection, visit.user.id, new, now=desk.clock())
        return new

    return Outcome(screen=screen(visit.words, await desk.db.write(advance)))


def wizard_number(subject: str) -> int:
    """Of the wizard that a button belongs to. Raises NotFound for a button of anything else."""
    if not subject.startswith(WIZARD):
        raise NotFound("the button is not of a wizard")
    return number(subject.removeprefix(WIZARD))


def answered(form: Creating, change: Change, mood_name: str = "") -> Creating:
    """The form after a message has answered its step."""
    moved = _moved(form, change(form.draft), following(STEPS[form.step]))
    return msgspec.structs.replace(moved, mood_name=mood_name)


def _moved(form: Creating, draft: PersonaDraft, to: Step) -> Creating:
    step = STEPS[form.step]
    if form.then and to is following(step):
        return msgspec.structs.replace(form, draft=draft, step=form.then, then="")
    return msgspec.structs.replace(form, draft=draft, step=to.code, then=form.then if to is step else "")


async def cancel(desk: Desk, visit: Visit, wizard: str) -> Outcome:
    """Forget the persona in the making. Raises Stale."""
    begun = wizard_number(wizard)
    await desk.db.write(lambda c: forms.give_up(c, visit.user.id, begun, now=desk.clock()))
    return Outcome(screen=visit.fixed.cancelled)


async def finish(desk: Desk, visit: Visit, wizard: str) -> Outcome:
    """Make the persona. A name that exists brings the wizard back to the name, with everything else kept."""
    begun = wizard_number(wizard)

    def create(connection: Connection) -> int:
        form = _at_summary(connection, visit.user.id, begun)
        added = personas.add(connection, visit.user.id, form.draft, limit=desk.most_personas, now=desk.clock())
        forms.discard(connection, visit.user.id)
        return added

    try:
        persona_id = await desk.db.write(create)
    except LimitReached:
        return _limit_reached(desk, visit)
    except NameTaken:
        return await _ask_name_again(desk, visit, begun)
    desk.persona_changed(visit.user.id, persona_id)
    created = (await desk.again(visit)).owned(persona_id)
    return Outcome(screen=card(visit.words, created), notice=visit.words.get("toast.created"))


async def _ask_name_again(desk: Desk, visit: Visit, wizard: int) -> Outcome:
    def go_back(connection: Connection) -> Creating:
        form = _at_summary(connection, visit.user.id, wizard)
        again = msgspec.structs.replace(form, step=NAME.code, then=SUMMARY.code)
        forms.save(connection, visit.user.id, again, now=desk.clock())
        return again

    form = await desk.db.write(go_back)
    problem = visit.words.html("problem.name_taken", name=form.draft.name)
    return Outcome(screen=screen(visit.words, form, first=problem))


def _at_summary(connection: Connection, user_id: int, wizard: int) -> Creating:
    form = forms.load_for_change(connection, user_id)
    if not isinstance(form, Creating) or (form.number, form.step) != (wizard, SUMMARY.code) or not form.draft.name:
        raise Stale
    return form


def _limit_reached(desk: Desk, visit: Visit) -> Outcome:
    return Outcome(notice=visit.words.get("toast.limit", count=desk.most_personas), alert=True)
