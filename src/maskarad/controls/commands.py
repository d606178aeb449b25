"""Commands of a persona bot and the buttons under their answers. They are answered at once and never reach the model.

A command is acted on, then marked as seen, then answered in the background: delivered again it does nothing, killed in
between it is acted on once more, which changes nothing either.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from maskarad.db import Connection, seen
from maskarad.db import links as rows
from maskarad.db.engine import Database
from maskarad.errors import TelegramRefused
from maskarad.intake.access import may_talk
from maskarad.settings import LANGUAGES
from maskarad.snapshots import Links
from maskarad.texts import Texts, Words, language_for
from maskarad.values import (
    NEUTRAL_MOOD,
    READY_MOODS,
    Bot,
    Button,
    Chat,
    ChatType,
    Incoming,
    Keyboard,
    Mood,
    Persona,
    Press,
    Screen,
    Sender,
)

COMMANDS = ("start", "help", "mood", "reset", "mute", "unmute")

ADMINISTRATORS = frozenset({"creator", "administrator"})

_SET_MOOD, _RESET, _KEEP = "1:mood:", "1:reset", "1:keep"


class Messenger(Protocol):
    """Only `get_member_status` waits for Telegram."""

    async def send_text(self, bot_id: int, chat_id: int, content: Screen, *, reply_to: int | None = None) -> None: ...

    async def edit_text(self, bot_id: int, chat_id: int, message_id: int, content: Screen) -> None: ...

    async def answer_press(
        self, bot_id: int, callback_query_id: str, text: str | None = None, *, alert: bool = False
    ) -> None: ...

    async def get_member_status(self, bot_id: int, chat_id: int, user_id: int) -> str: ...


class Commands:
    def __init__(
        self,
        database: Database,
        messenger: Messenger,
        texts: Texts,
        *,
        persona: Callable[[int], Awaitable[Persona]],
        links: Links,
        turn_away: Callable[[Bot, Incoming], Awaitable[None]],
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._messenger = messenger
        self._texts = texts
        self._persona = persona
        self._links = links
        self._turn_away = turn_away
        self._clock = clock
        self._answers: Mapping[str, Callable[[Bot, Incoming, Words], Awaitable[Screen]]] = {
            "start": self._start,
            "help": self._help,
            "mood": self._mood,
            "reset": self._reset,
            "mute": self._mute,
            "unmute": self._unmute,
        }

    async def on_command(self, bot: Bot, message: Incoming) -> None:
        """Answer a command of `COMMANDS`; the same update twice is answered once. Raises DatabaseUnavailable,
        AlreadySeen, TelegramError (it could not be found out who is in charge)."""
        if not may_talk(bot, message.sender):
            await self._turn_away(bot, message)
            return
        if await self._database.read(lambda connection: seen.is_seen(connection, bot.id, message.update_id)):
            return
        persona = await self._persona(bot.persona_id)
        words = self._words(message.sender, persona)
        reply_to = None if message.chat.type is ChatType.PRIVATE else message.message_id
        screen = await self._answers[message.command or "help"](bot, message, words)
        await self._database.write(
            lambda connection: seen.once(connection, bot.id, message.update_id, now=self._clock())
        )
        await self._messenger.send_text(bot.id, message.chat.id, screen, reply_to=reply_to)

    async def on_press(self, bot: Bot, press: Press) -> None:
        """A button under one of our answers; what is old, forged or not for this person gets a short notice. Raises
        DatabaseUnavailable, AlreadySeen."""
        persona = await self._persona(bot.persona_id)
        notice = await self._act(bot, press, persona, self._words(press.sender, persona))
        await self._messenger.answer_press(bot.id, press.callback_query_id, notice)

    async def _act(self, bot: Bot, press: Press, persona: Persona, words: Words) -> str | None:
        if not may_talk(bot, press.sender):
            return words.get("persona.invited_only")
        if press.data.startswith(_SET_MOOD):
            return await self._set_mood(bot, press, persona, words)
        if press.data in (_RESET, _KEEP):
            return await self._settle_reset(bot, press, words)
        return words.get("persona.old_button")

    def _words(self, sender: Sender, persona: Persona) -> Words:
        return self._texts.words(language_for(sender.language, persona.content.language))

    async def _start(self, bot: Bot, message: Incoming, words: Words) -> Screen:
        persona = await self._persona(bot.persona_id)
        await self._links.ensure(bot, message.chat)
        if not persona.content.description:
            return Screen(html=words.html("persona.greeting_bare", name=persona.name))
        return Screen(html=words.html("persona.greeting", name=persona.name, description=persona.content.description))

    async def _help(self, bot: Bot, _message: Incoming, words: Words) -> Screen:
        persona = await self._persona(bot.persona_id)
        return Screen(html=words.html("persona.help", name=persona.name))

    async def _mood(self, bot: Bot, message: Incoming, words: Words) -> Screen:
        persona = await self._persona(bot.persona_id)
        # The model may have changed the mood since the link was read.
        self._links.drop(bot.id, message.chat.id)
        link = await self._links.ensure(bot, message.chat)
        return _mood_screen(persona, link.mood, words)

    async def _reset(self, bot: Bot, message: Incoming, words: Words) -> Screen:
        if not await self._is_in_charge(bot, message.chat, message.sender):
            return Screen(html=words.html("persona.administrators_only"))
        keyboard: Keyboard = (
            (
                Button(label=words.get("persona.reset_yes"), data=_RESET),
                Button(label=words.get("persona.reset_no"), data=_KEEP),
            ),
        )
        return Screen(html=words.html("persona.reset_question"), keyboard=keyboard)

    async def _mute(self, bot: Bot, message: Incoming, words: Words) -> Screen:
        return await self._set_muted(bot, message, words, muted=True)

    async def _unmute(self, bot: Bot, message: Incoming, words: Words) -> Screen:
        return await self._set_muted(bot, message, words, muted=False)

    async def _set_muted(self, bot: Bot, message: Incoming, words: Words, *, muted: bool) -> Screen:
        if not await self._is_in_charge(bot, message.chat, message.sender):
            return Screen(html=words.html("persona.administrators_only"))
        link = await self._links.ensure(bot, message.chat)
        await self._database.write(lambda connection: rows.set_muted(connection, link.id, muted))
        self._links.drop(bot.id, message.chat.id)
        return Screen(html=words.html("persona.muted" if muted else "persona.unmuted"))

    async def _set_mood(self, bot: Bot, press: Press, persona: Persona, words: Words) -> str | None:
        key = press.data.removeprefix(_SET_MOOD)
        mood = next((mood for mood in persona.content.moods if mood.key == key), None)
        if mood is None:
            return words.get("persona.old_button")
        link, now = await self._links.ensure(bot, press.chat), self._clock()
        await self._database.write(lambda connection: rows.set_mood(connection, link.id, key, now=now))
        self._links.drop(bot.id, press.chat.id)
        screen = _mood_screen(persona, key, words, html=words.html("persona.mood_chosen", mood=mood_name(mood, words)))
        await self._messenger.edit_text(bot.id, press.chat.id, press.message_id, screen)
        return None

    async def _settle_reset(self, bot: Bot, press: Press, words: Words) -> str | None:
        if not await self._is_in_charge(bot, press.chat, press.sender):
            return words.get("persona.administrators_only")
        if press.data == _KEEP:
            await self._show(bot, press, words.html("persona.reset_kept"))
            return None
        link, now = await self._links.ensure(bot, press.chat), self._clock()

        def forget(connection: Connection) -> None:
            seen.once(connection, bot.id, press.update_id, now=now)
            rows.forget(connection, link.id, now=now)

        await self._database.write(forget)
        self._links.drop(bot.id, press.chat.id)
        await self._show(bot, press, words.html("persona.reset_done"))
        return None

    async def _show(self, bot: Bot, press: Press, html: str) -> None:
        await self._messenger.edit_text(bot.id, press.chat.id, press.message_id, Screen(html=html))

    async def _is_in_charge(self, bot: Bot, chat: Chat, sender: Sender) -> bool:
        """Anybody in a private chat; in a group its administrators, also those who speak as the group itself."""
        if chat.type is ChatType.PRIVATE or sender.id == chat.id:
            return True
        try:
            return await self._messenger.get_member_status(bot.id, chat.id, sender.id) in ADMINISTRATORS
        except TelegramRefused:
            return False


def described_commands(texts: Texts) -> dict[str, dict[str, str]]:
    """The menu of commands for `setMyCommands`, by language; "" is for everyone else."""
    by_language = {
        language: {name: texts.get(language, f"persona.command.{name}") for name in COMMANDS if name != "start"}
        for language in LANGUAGES
    }
    return {"": by_language["en"], **by_language}


def mood_name(mood: Mood, words: Words) -> str:
    return words.get(f"mood.{mood.key}.name") if mood.key in READY_MOODS else mood.name


def _mood_screen(persona: Persona, current: str, words: Words, html: str | None = None) -> Screen:
    moods = persona.content.moods
    buttons = [
        Button(label=f"{'• ' if mood.key == current else ''}{mood_name(mood, words)}", data=f"{_SET_MOOD}{mood.key}")
        for mood in moods
    ]
    if html is None:
        now = next((mood for mood in moods if mood.key == current), Mood(key=NEUTRAL_MOOD))
        html = words.html("persona.mood_question", mood=mood_name(now, words))
    return Screen(
        html=html,
        keyboard=tuple(tuple(buttons[first : first + 2]) for first in range(0, len(buttons), 2)),
    )
