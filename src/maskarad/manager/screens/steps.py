"""The wizard: one screen for each step of making a persona, the same ones for editing it."""

from maskarad.manager.callbacks import button
from maskarad.manager.screens.parts import CHOSEN, back, built_once, choice, columns, shortened
from maskarad.manager.screens.personas import described
from maskarad.manager.steps import (
    CHARACTER,
    CHARACTER_STEPS,
    MAIN_STEPS,
    MOOD_NAME,
    MOODS,
    SUMMARY,
    ChoiceStep,
    Step,
    TextStep,
    opened_from,
    own_moods,
    preceding,
    value_of,
)
from maskarad.texts import Words
from maskarad.values import READY_MOODS, Button, Keyboard, PersonaDraft, Screen, Value

SHOWN_ANSWER = 700
WIZARD = "n"
"""Stands in callback data before the number of a wizard, where else the id of a persona does."""


class Question(Value, frozen=True):
    """A step to be asked: about which persona, and what is known of it. `wizard` is the number of the one that makes
    the persona, None while one is edited."""

    step: Step
    draft: PersonaDraft
    persona_id: int = 0
    wizard: int | None = None

    @property
    def creating(self) -> bool:
        return self.wizard is not None

    @property
    def subject(self) -> str:
        """What the buttons belong to, for callback data."""
        return str(self.persona_id) if self.wizard is None else f"{WIZARD}{self.wizard}"


def ask(words: Words, question: Question, *, first: str = "") -> Screen:
    """`first` is Telegram HTML put above: what is wrong with the last answer, or what has just happened."""
    if question.step is SUMMARY:
        return _summary(words, question, first)
    step = question.step
    head = f"<b>{words.html(f'step.{step.key}.title')}</b>"
    if question.creating:
        head = f"<i>{_progress(step)}</i>  {head}"
    parts = (first, head, words.html(f"step.{step.key}.question"), _current(words, question))
    return Screen(html="\n\n".join(filter(None, parts)), keyboard=_keyboard(words, question))


def edit_list(words: Words, persona_id: int, draft: PersonaDraft, *, first: str = "") -> Screen:
    """Everything of a persona that can be changed."""
    parts = (first, described(words, draft), words.html("wizard.what_to_change"))
    return Screen(html="\n\n".join(filter(None, parts)), keyboard=_edit_keyboard(words, persona_id))


@built_once
def _edit_keyboard(words: Words, persona_id: int) -> Keyboard:
    buttons = [button(words.get(f"step.{step.key}.title"), "wo", persona_id, step.code) for step in MAIN_STEPS]
    return (*columns(buttons, 2), back(words, "p", persona_id))


def _summary(words: Words, question: Question, first: str) -> Screen:
    parts = (first, words.html("wizard.summary"), described(words, question.draft))
    keyboard = (
        (button(words.get("button.create_now"), "ws", question.subject),),
        (_back(words, question), _cancel(words, question)),
    )
    return Screen(html="\n\n".join(filter(None, parts)), keyboard=keyboard)


def _progress(step: Step) -> str:
    total = len(MAIN_STEPS)
    if step in CHARACTER_STEPS:
        return f"{total}/{total} · {CHARACTER_STEPS.index(step) + 1}/{len(CHARACTER_STEPS)}"
    main = opened_from(step) or step
    return f"{MAIN_STEPS.index(main) + 1}/{total}"


def _current(words: Words, question: Question) -> str:
    step, draft = question.step, question.draft
    if not isinstance(step, TextStep) or opened_from(step) is MOODS:
        return ""
    answer = value_of(step, draft)
    return words.html("wizard.current", value=shortened(answer, SHOWN_ANSWER)) if answer else ""


def _keyboard(words: Words, question: Question) -> Keyboard:
    step = question.step
    if isinstance(step, ChoiceStep):
        rows = _choices(words, question, step)
    elif step is MOODS:
        rows = _moods(words, question)
    elif step is CHARACTER:
        rows = _character(words, question)
    else:
        rows = _text_buttons(words, question)
    return (*rows, *_ways_on(words, question))


def _choices(words: Words, question: Question, step: ChoiceStep) -> Keyboard:
    chosen = value_of(step, question.draft)
    buttons = [
        choice(
            words.get(f"{step.labels}.{name}") if step.labels else name,
            value == chosen,
            "wv",
            question.subject,
            step.code,
            name,
        )
        for name, value in step.choices.items()
    ]
    return columns(buttons, step.columns)


def _moods(words: Words, question: Question) -> Keyboard:
    subject = question.subject
    had = {mood.key for mood in question.draft.moods}
    ready = [
        choice(words.get(f"mood.{key}.name"), key in had, "wm", subject, key, int(key not in had))
        for key in READY_MOODS
    ]
    own = tuple((button(f"🗑 {mood.name}", "wx", subject, mood.key),) for mood in own_moods(question.draft))
    add = (button(words.get("button.add_mood"), "wo", subject, MOOD_NAME.code),)
    return (*columns(ready, 2), *own, add)


def _character(words: Words, question: Question) -> Keyboard:
    subject = question.subject
    if question.creating:
        return ((button(words.get("button.fill_in"), "wo", subject, CHARACTER_STEPS[0].code),),)
    buttons = [
        button(
            (CHOSEN if value_of(step, question.draft) else "") + words.get(f"step.{step.key}.title"),
            "wo",
            subject,
            step.code,
        )
        for step in CHARACTER_STEPS
    ]
    return columns(buttons, 2)


def _text_buttons(words: Words, question: Question) -> Keyboard:
    step = question.step
    clearable = isinstance(step, TextStep) and not step.required and value_of(step, question.draft)
    if not clearable:
        return ()
    return ((button(words.get("button.clear"), "wc", question.subject, step.code),),)


def _ways_on(words: Words, question: Question) -> Keyboard:
    if not question.creating:
        return ((_back(words, question),),)
    step = question.step
    backward = (_back(words, question),) if preceding(step) else ()
    return (*_onward(words, question), (*backward, _cancel(words, question)))


def _onward(words: Words, question: Question) -> Keyboard:
    step = question.step
    if opened_from(step) is MOODS:
        return ()
    answered = bool(value_of(step, question.draft)) if isinstance(step, TextStep) else step is MOODS
    if isinstance(step, TextStep) and step.required and not answered:
        return ()
    label = words.get("button.next" if answered else "button.skip")
    return ((button(label, "wn", question.subject, step.code),),)


def _cancel(words: Words, question: Question) -> Button:
    return button(words.get("button.cancel"), "wq", question.subject)


def _back(words: Words, question: Question) -> Button:
    """While editing, only a text step has asked for a message that must not be awaited any more."""
    label = words.get("button.back")
    step = question.step
    if question.creating or isinstance(step, TextStep):
        return button(label, "wb", question.subject, step.code)
    return button(label, "e", question.persona_id)
