"""Whether and what the persona says at all: /start, /help, /mute, /unmute, /reset."""

from collections.abc import Callable, Mapping

from maskarad.controls.desk import Answer, ControlDesk, React
from maskarad.db import Connection, seen
from maskarad.db import links as rows
from maskarad.texts import Words
from maskarad.values import Bot, Button, Chat, Incoming, Keyboard, Press, Screen

_RESET, _KEEP = "1:reset", "1:keep"


class Talk:
    """`on_reset` is told of a chat whose people the persona does not know any more."""

    def __init__(self, desk: ControlDesk, *, on_reset: Callable[[Bot, Chat], None]) -> None:
        self._desk = desk
        self._on_reset = on_reset
        self.commands: Mapping[str, Answer] = {
            "start": self._start,
            "help": self._help,
            "reset": self._ask_reset,
            "mute": self._mute,
            "unmute": self._unmute,
        }
        self.buttons: Mapping[str, React] = {_RESET: self._reset, _KEEP: self._keep}

    async def _start(self, bot: Bot, message: Incoming, words: Words) -> Screen:
        persona = await self._desk.persona(bot.persona_id)
        await self._desk.links.ensure(bot, message.chat)
        if not persona.content.description:
            return Screen(html=words.html("persona.greeting_bare", name=persona.name))
        return Screen(html=words.html("persona.greeting", name=persona.name, description=persona.content.description))

    async def _help(self, bot: Bot, _message: Incoming, words: Words) -> Screen:
        persona = await self._desk.persona(bot.persona_id)
        return Screen(html=words.html("persona.help", name=persona.name))

    async def _mute(self, bot: Bot, message: Incoming, words: Words) -> Screen:
        return await self._set_muted(bot, message, words, muted=True)

    async def _unmute(self, bot: Bot, message: Incoming, words: Words) -> Screen:
        return await self._set_muted(bot, message, words, muted=False)

    async def _set_muted(self, bot: Bot, message: Incoming, words: Words, *, muted: bool) -> Screen:
        desk = self._desk
        if not await desk.is_in_charge(bot, message.chat, message.sender):
            return Screen(html=words.html("persona.administrators_only"))
        link = await desk.links.ensure(bot, message.chat)
        await desk.database.write(lambda connection: rows.set_muted(connection, link.id, muted))
        desk.links.drop(bot.id, message.chat.id)
        return Screen(html=words.html("persona.muted" if muted else "persona.unmuted"))

    async def _ask_reset(self, bot: Bot, message: Incoming, words: Words) -> Screen:
        if not await self._desk.is_in_charge(bot, message.chat, message.sender):
            return Screen(html=words.html("persona.administrators_only"))
        keyboard: Keyboard = (
            (
                Button(label=words.get("persona.reset_yes"), data=_RESET),
                Button(label=words.get("persona.reset_no"), data=_KEEP),
            ),
        )
        return Screen(html=words.html("persona.reset_question"), keyboard=keyboard)

    async def _reset(self, bot: Bot, press: Press, words: Words) -> str | None:
        desk = self._desk
        if not await desk.is_in_charge(bot, press.chat, press.sender):
            return words.get("persona.administrators_only")
        link, now = await desk.links.ensure(bot, press.chat), desk.clock()

        def forget(connection: Connection) -> None:
            seen.once(connection, bot.id, press.update_id, now=now)
            rows.forget(connection, link.id, now=now)

        await desk.database.write(forget)
        desk.links.drop(bot.id, press.chat.id)
        self._on_reset(bot, press.chat)
        await desk.show(bot, press, Screen(html=words.html("persona.reset_done")))
        return None

    async def _keep(self, bot: Bot, press: Press, words: Words) -> str | None:
        if not await self._desk.is_in_charge(bot, press.chat, press.sender):
            return words.get("persona.administrators_only")
        await self._desk.show(bot, press, Screen(html=words.html("persona.reset_kept")))
        return None
