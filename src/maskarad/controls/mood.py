"""/mood: how the persona feels here, and buttons that set it."""

from collections.abc import Mapping

from maskarad.controls.desk import Answer, ControlDesk, React
from maskarad.db import links as rows
from maskarad.texts import Words
from maskarad.values import NEUTRAL_MOOD, READY_MOODS, Bot, Button, Incoming, Mood, Persona, Press, Screen

HELD = 3600.0
"""Seconds that a mood lasts which somebody has set by hand."""

_SET = "1:mood:"


class Moods:
    def __init__(self, desk: ControlDesk) -> None:
        self._desk = desk
        self.commands: Mapping[str, Answer] = {"mood": self._mood}
        self.buttons: Mapping[str, React] = {_SET: self._set}

    async def _mood(self, bot: Bot, message: Incoming, words: Words) -> Screen:
        desk = self._desk
        persona = await desk.persona(bot.persona_id)
        link = await desk.links.ensure(bot, message.chat)
        mood = await desk.database.read(lambda connection: rows.mood(connection, link.id))
        return _screen(persona, mood.key, words)

    async def _set(self, bot: Bot, press: Press, words: Words) -> str | None:
        desk = self._desk
        persona = await desk.persona(bot.persona_id)
        key = press.data.removeprefix(_SET)
        mood = next((mood for mood in persona.content.moods if mood.key == key), None)
        if mood is None:
            return words.get("persona.old_button")
        link, now = await desk.links.ensure(bot, press.chat), desk.clock()
        await desk.database.write(
            lambda connection: rows.set_mood(connection, link.id, key, held_until=now + HELD, now=now)
        )
        html = words.html("persona.mood_chosen", mood=mood_name(mood, words))
        await desk.show(bot, press, _screen(persona, key, words, html=html))
        return None


def mood_name(mood: Mood, words: Words) -> str:
    return words.get(f"mood.{mood.key}.name") if mood.key in READY_MOODS else mood.name


def _screen(persona: Persona, current: str, words: Words, html: str | None = None) -> Screen:
    moods = persona.content.moods
    buttons = [
        Button(label=f"{'• ' if mood.key == current else ''}{mood_name(mood, words)}", data=f"{_SET}{mood.key}")
        for mood in moods
    ]
    if html is None:
        now = next((mood for mood in moods if mood.key == current), Mood(key=NEUTRAL_MOOD))
        html = words.html("persona.mood_question", mood=mood_name(now, words))
    return Screen(
        html=html,
        keyboard=tuple(tuple(buttons[first : first + 2]) for first in range(0, len(buttons), 2)),
    )
