"""Changing a persona that exists: every answer is stored at once, and the list of what can be changed comes back."""

from collections.abc import Callable

from maskarad.db import Connection, personas
from maskarad.manager import forms
from maskarad.manager.actions.bots import refuse_stopped
from maskarad.manager.callbacks import number
from maskarad.manager.desk import Desk, Outcome, Visit
from maskarad.manager.forms import Editing
from maskarad.manager.screens.personas import delete_question, persona_list
from maskarad.manager.screens.steps import Question, ask, edit_list
from maskarad.manager.steps import Step, TextStep, opened_from
from maskarad.texts import Words
from maskarad.values import PersonaDraft, Screen

Change = Callable[[PersonaDraft], PersonaDraft]


async def everything(_desk: Desk, visit: Visit, persona_id: str) -> Outcome:
    persona = visit.owned(number(persona_id)).persona
    return Outcome(screen=edit_list(visit.words, persona.id, persona.content))


async def open_step(desk: Desk, visit: Visit, persona_id: int, step: Step) -> Outcome:
    """Ask one step again; what needs a message is written down as awaited."""
    persona = visit.owned(persona_id).persona
    if isinstance(step, TextStep):
        form = Editing(persona_id=persona_id, step=step.code)
        await desk.db.write(lambda c: forms.begin(c, visit.user.id, form, now=desk.clock()))
    return Outcome(screen=ask(visit.words, Question(step=step, draft=persona.content, persona_id=persona_id)))


async def leave_step(desk: Desk, visit: Visit, persona_id: int, step: Step) -> Outcome:
    """Await no answer any more. Raises Stale."""
    persona = visit.owned(persona_id).persona
    asked = Editing(persona_id=persona_id, step=step.code)
    await desk.db.write(lambda c: forms.leave(c, visit.user.id, asked, now=desk.clock()))
    return Outcome(screen=screen_after(visit.words, persona_id, persona.content, opened_from(step)))


async def apply(desk: Desk, visit: Visit, persona_id: int, change: Change, then: Step | None) -> Outcome:
    """Store a change and show the step `then`, or the list."""

    def write(connection: Connection) -> PersonaDraft:
        content = change_persona(connection, visit.user.id, persona_id, change, now=desk.clock())
        forms.end(connection, visit.user.id, now=desk.clock())
        return content

    content = await desk.db.write(write)
    desk.persona_changed(visit.user.id, persona_id)
    return Outcome(screen=screen_after(visit.words, persona_id, content, then), notice=visit.words.get("toast.saved"))


def change_persona(
    connection: Connection, user_id: int, persona_id: int, change: Change, *, now: float
) -> PersonaDraft:
    """Raises NotFound, NameTaken."""
    content = change(personas.get_for_change(connection, user_id, persona_id).content)
    personas.change(connection, user_id, persona_id, content, now=now)
    return content


def screen_after(words: Words, persona_id: int, content: PersonaDraft, then: Step | None, *, first: str = "") -> Screen:
    if then is None:
        return edit_list(words, persona_id, content, first=first)
    return ask(words, Question(step=then, draft=content, persona_id=persona_id), first=first)


async def ask_delete(_desk: Desk, visit: Visit, persona_id: str) -> Outcome:
    return Outcome(screen=delete_question(visit.words, visit.owned(number(persona_id))))


async def delete(desk: Desk, visit: Visit, persona_id: str) -> Outcome:
    """Delete a persona with its bot, links and history."""
    owned = visit.owned(number(persona_id))

    def remove(connection: Connection) -> None:
        refuse_stopped(connection, owned.persona.id)
        personas.remove(connection, visit.user.id, owned.persona.id)
        forms.end(connection, visit.user.id, now=desk.clock())

    await desk.db.write(remove)
    desk.persona_changed(visit.user.id, owned.persona.id)
    if owned.bot is not None:
        desk.bot_changed(visit.user.id, owned.bot.id)
    fresh = await desk.again(visit)
    return Outcome(
        screen=persona_list(fresh.fixed, fresh.account, 0),
        notice=visit.words.get("toast.deleted", name=owned.persona.name),
    )
