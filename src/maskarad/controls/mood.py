"""/mood: how the persona feels here and why, and buttons that set it."""

from collections.abc import Mapping

from maskarad.controls.desk import Answer, ControlDesk, React
from maskarad.db import Connection
from maskarad.db import links as rows
from maskarad.life.mood import CALM, Cause, MoodNow, Reason, chosen, degree, is_held, present, reason_of
from maskarad.texts import Words, ago
from maskarad.values import (
    NEUTRAL_MOOD,
    READY_MOODS,
    Bot,
    Button,
    Incoming,
    Keyboard,
    Mood,
    MoodState,
    Persona,
    Press,
    Screen,
)

HELD = 3600.0
"""Seconds that a mood lasts which somebody has set by hand."""

_REMEMBERED = 24 * 3600.0
"""Seconds in which a mood that has passed is worth a word."""

_SET, _LET_GO = "1:mood:", "1:feel"


class Moods:
    """`half_life` of a mood is seconds."""

    def __init__(self, desk: ControlDesk, *, half_life: float) -> None:
        self._desk = desk
        self._half_life = half_life
        self.commands: Mapping[str, Answer] = {"mood": self._mood}
        self.buttons: Mapping[str, React] = {_SET: self._set, _LET_GO: self._let_go}

    async def _mood(self, bot: Bot, message: Incoming, words: Words) -> Screen:
        desk = self._desk
        persona = await desk.persona(bot.persona_id)
        link = await desk.links.ensure(bot, message.chat)
        return self._screen(persona, await desk.database.read(lambda connection: rows.mood(connection, link.id)), words)

    async def _set(self, bot: Bot, press: Press, words: Words) -> str | None:
        desk = self._desk
        persona = await desk.persona(bot.persona_id)
        key = press.data.removeprefix(_SET)
        if all(mood.key != key for mood in persona.content.moods):
            return words.get("persona.old_button")
        link, now = await desk.links.ensure(bot, press.chat), desk.clock()
        reason = chosen(press.sender, now)

        def set_by_hand(connection: Connection) -> MoodState:
            rows.set_mood(connection, link.id, key, held_until=now + HELD, reason=reason, now=now)
            return rows.mood(connection, link.id)

        await desk.show(bot, press, self._screen(persona, await desk.database.write(set_by_hand), words))
        return None

    async def _let_go(self, bot: Bot, press: Press, words: Words) -> str | None:
        """The mood that was held fades from now on, and moves with what is said."""
        desk = self._desk
        persona = await desk.persona(bot.persona_id)
        link, now = await desk.links.ensure(bot, press.chat), desk.clock()

        def let_go(connection: Connection) -> MoodState:
            mood = rows.mood(connection, link.id)
            if is_held(mood, now):
                rows.set_mood(connection, link.id, mood.key, held_until=now, reason=mood.reason, now=now)
            return rows.mood(connection, link.id)

        await desk.show(bot, press, self._screen(persona, await desk.database.write(let_go), words))
        return None

    def _screen(self, persona: Persona, mood: MoodState, words: Words) -> Screen:
        now = self._desk.clock()
        named = {each.key: mood_name(each, words) for each in persona.content.moods}
        felt = present(mood, now, self._half_life)
        if felt.key not in named:
            felt = CALM
        sentences = (_feeling(felt, named, words), _why(mood, felt, named, now, words), words.html("life.question"))
        return Screen(
            html="\n\n".join(filter(None, sentences)),
            keyboard=_keyboard(named, mood.key if is_held(mood, now) else None, words),
        )


def mood_name(mood: Mood, words: Words) -> str:
    return words.get(f"mood.{mood.key}.name") if mood.key in READY_MOODS else mood.name


def _feeling(felt: MoodNow, named: Mapping[str, str], words: Words) -> str:
    if felt.key == NEUTRAL_MOOD:
        return words.html("life.calm")
    how = words.get(f"life.degree.{degree(felt)}")
    if felt.key in READY_MOODS:
        return words.html(f"life.feeling.{felt.key}", how=how)
    return words.html("life.feeling.own", how=how, mood=named[felt.key])


def _why(mood: MoodState, felt: MoodNow, named: Mapping[str, str], now: float, words: Words) -> str:
    """Empty where there is nothing to tell."""
    reason = reason_of(mood)
    if is_held(mood, now):
        return _chosen(reason, mood, now, words)
    if felt is CALM:
        has_passed = mood.key in named and mood.key != NEUTRAL_MOOD and now - mood.set_at < _REMEMBERED
        return words.html("life.faded", mood=named[mood.key]) if has_passed else ""
    if reason is None:
        return ""
    when = ago(words, now - reason.at)
    match reason.kind:
        case Cause.HAND:
            return words.html("life.was_chosen", name=reason.name, ago=when)
        case Cause.OWN:
            return words.html("life.own", ago=when)
        case Cause.SAID:
            return words.html(f"life.said.{felt.key}", name=reason.name, ago=when)


def _chosen(reason: Reason | None, mood: MoodState, now: float, words: Words) -> str:
    minutes = max(round((mood.held_until - now) / 60), 1)
    held = words.html("life.held", count=minutes)
    if reason is None:
        return held
    return f"{words.html('life.chosen', name=reason.name, ago=ago(words, now - reason.at))} {held}"


def _keyboard(named: Mapping[str, str], held: str | None, words: Words) -> Keyboard:
    moods = [Button(label=_marked(name, key == held), data=f"{_SET}{key}") for key, name in named.items()]
    rows = [tuple(moods[first : first + 2]) for first in range(0, len(moods), 2)]
    return (*rows, (Button(label=_marked(words.get("life.let_go"), held is None), data=_LET_GO),))


def _marked(label: str, is_chosen: bool) -> str:
    return f"• {label}" if is_chosen else label
