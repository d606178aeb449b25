"""Messages that answer what a form has asked. The form moves on in the same transaction that notes the update as
seen, so that the same message twice moves it once."""

from collections.abc import Callable
from functools import partial

import msgspec

from maskarad.db import Connection, personas, seen
from maskarad.db.personas import name_key
from maskarad.errors import NameTaken
from maskarad.manager import forms
from maskarad.manager.actions import creating, editing, importing, stopping, tokens, whitelist
from maskarad.manager.desk import Desk, Visit
from maskarad.manager.forms import Binding, Creating, Editing, Finding, Importing, Inviting, Stale
from maskarad.manager.steps import (
    MOOD_NAME,
    MOOD_TEXT,
    NAME,
    STEPS,
    Step,
    TextStep,
    Unfit,
    opened_from,
    read_answer,
    with_own_mood,
    with_value,
)
from maskarad.values import MANAGER_BOT_ID, Incoming, PersonaDraft, Screen, Value

Change = Callable[[PersonaDraft], PersonaDraft]


async def take(desk: Desk, visit: Visit, message: Incoming) -> Screen | None:
    """What a message that is neither command nor token leads to; None when that is told in the background. Raises
    NotFound when what was asked about is gone, AlreadySeen, and Stale when the form has moved on meanwhile."""
    form = await desk.db.read(lambda c: forms.load_unless_seen(c, visit.user.id, visit.update_id))
    if message.document is not None and importing.is_export(form, message.document):
        return await importing.take(desk, visit, message, message.document)
    match form:
        case Creating():
            return await _create(desk, visit, message)
        case Editing():
            return await _edit(desk, visit, message, form)
        case Binding():
            return await tokens.take_other(desk, visit, message, form)
        case Inviting():
            return await whitelist.take_guest(desk, visit, message, form)
        case Finding() if desk.is_operator(visit.user.id):
            return await stopping.take_wanted(desk, visit, message)
        case Importing():
            return await importing.take_other(desk, visit, form)
    return visit.fixed.hint


async def _create(desk: Desk, visit: Visit, message: Incoming) -> Screen:
    def advance(connection: Connection) -> tuple[Creating, str]:
        seen.once(connection, MANAGER_BOT_ID, visit.update_id, now=desk.clock())
        form = forms.load_for_change(connection, visit.user.id)
        if not isinstance(form, Creating):
            raise Stale
        try:
            step, text = _read(form.step, message)
            _must_be_free(visit, step, text, None)
            change, mood_name = _change(step, text, form.mood_name)
            new = creating.answered(form, change, mood_name)
        except Unfit as problem:
            return form, visit.words.html(problem.key, **problem.values)
        forms.save(connection, visit.user.id, new, now=desk.clock())
        return new, ""

    form, problem = await desk.db.write(advance)
    return creating.screen(visit.words, form, first=problem)


class _Edited(Value, frozen=True):
    content: PersonaDraft
    then: Step | None
    """To be shown next; None: the list of everything."""
    first: str


async def _edit(desk: Desk, visit: Visit, message: Incoming, asked: Editing) -> Screen:
    def advance(connection: Connection) -> _Edited:
        seen.once(connection, MANAGER_BOT_ID, visit.update_id, now=desk.clock())
        form = forms.load_for_change(connection, visit.user.id)
        if not isinstance(form, Editing) or form.persona_id != asked.persona_id:
            raise Stale
        try:
            return _store(desk, visit, message, form, connection)
        except Unfit as problem:
            content = personas.get_for_change(connection, visit.user.id, form.persona_id).content
            return _Edited(content, STEPS[form.step], visit.words.html(problem.key, **problem.values))

    persona_id = asked.persona_id
    try:
        edited = await desk.db.write(advance)
    except NameTaken:
        content = visit.owned(persona_id).persona.content
        edited = _Edited(content, NAME, visit.words.html("problem.name_taken", name=message.text))
    else:
        desk.persona_changed(visit.user.id, persona_id)
    return editing.screen_after(visit.words, persona_id, edited.content, edited.then, first=edited.first)


def _store(desk: Desk, visit: Visit, message: Incoming, form: Editing, connection: Connection) -> _Edited:
    """Raises Unfit before anything is written, NotFound, NameTaken."""
    step, text = _read(form.step, message)
    _must_be_free(visit, step, text, form.persona_id)
    change, mood_name = _change(step, text, form.mood_name)
    content = editing.change_persona(connection, visit.user.id, form.persona_id, change, now=desk.clock())
    if mood_name:
        more = msgspec.structs.replace(form, step=MOOD_TEXT.code, mood_name=mood_name)
        forms.save(connection, visit.user.id, more, now=desk.clock())
        return _Edited(content, MOOD_TEXT, "")
    forms.end(connection, visit.user.id, now=desk.clock())
    return _Edited(content, opened_from(step), visit.words.html("wizard.saved"))


def _read(code: str, message: Incoming) -> tuple[TextStep, str]:
    """The step and the answer. Raises Unfit."""
    step = STEPS[code]
    if not isinstance(step, TextStep):
        raise Unfit("problem.use_buttons")
    if not message.has_text:
        raise Unfit("problem.text_needed")
    return step, read_answer(step, message.text)


def _must_be_free(visit: Visit, step: TextStep, name: str, persona_id: int | None) -> None:
    """A name the owner has given to another persona is refused here, where it is easy to give another one. The
    database has the last word when the persona is stored."""
    others = (each.persona for each in visit.account.owned if each.persona.id != persona_id)
    if step is NAME and any(name_key(each.name) == name_key(name) for each in others):
        raise Unfit("problem.name_taken", name=name)


def _change(step: TextStep, text: str, mood_name: str) -> tuple[Change, str]:
    """How the answer changes the draft, and the name of the mood whose text comes next, if one does."""
    if step is MOOD_NAME:
        return partial(_checked_mood, name=text), text
    if step is MOOD_TEXT:
        return partial(with_own_mood, name=mood_name, text=text), ""
    return partial(with_value, step, value=text), ""


def _checked_mood(draft: PersonaDraft, name: str) -> PersonaDraft:
    with_own_mood(draft, name, "")
    return draft
