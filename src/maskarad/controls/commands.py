"""Commands of a persona bot and the buttons under their answers. They are answered at once and never reach the model.

A command is acted on, then marked as seen, then answered in the background: delivered again it does nothing, killed in
between it is acted on once more, which changes nothing either.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence

from maskarad.controls.desk import ControlDesk, Family, React
from maskarad.db import seen
from maskarad.intake.access import may_talk
from maskarad.settings import LANGUAGES
from maskarad.texts import Texts, Words, language_for
from maskarad.values import Bot, ChatType, Incoming, Press, Sender

MENU = (
    "help",
    "mood",
    "me",
    "chattiness",
    "stats",
    "analytics",
    "mute",
    "unmute",
    "reset",
    "export_me",
    "forget_me",
)
"""The commands that Telegram's menu shows, in this order; /start has a button of its own."""


class Commands:
    def __init__(
        self,
        desk: ControlDesk,
        families: Sequence[Family],
        texts: Texts,
        *,
        turn_away: Callable[[Bot, Incoming], Awaitable[None]],
    ) -> None:
        self._desk = desk
        self._texts = texts
        self._turn_away = turn_away
        self._answers = {name: answer for family in families for name, answer in family.commands.items()}
        self._buttons = {data: react for family in families for data, react in family.buttons.items()}

    @property
    def names(self) -> Collection[str]:
        return self._answers.keys()

    async def on_command(self, bot: Bot, message: Incoming) -> None:
        """Answer a command of `names`; the same update twice is answered once. Raises DatabaseUnavailable,
        AlreadySeen, TelegramError (it could not be found out who is in charge)."""
        desk = self._desk
        if not may_talk(bot, message.sender):
            await self._turn_away(bot, message)
            return
        if await desk.database.read(lambda connection: seen.is_seen(connection, bot.id, message.update_id)):
            return
        words = await self._words(bot, message.sender)
        screen = await self._answers[message.command or "help"](bot, message, words)
        await desk.database.write(lambda connection: seen.once(connection, bot.id, message.update_id, now=desk.clock()))
        if screen is not None:
            reply_to = None if message.chat.type is ChatType.PRIVATE else message.message_id
            await desk.messenger.send_text(bot.id, message.chat.id, screen, reply_to=reply_to)

    async def on_press(self, bot: Bot, press: Press) -> None:
        """A button under one of our answers; what is old, forged or not for this person gets a short notice. Raises
        DatabaseUnavailable, AlreadySeen."""
        words = await self._words(bot, press.sender)
        notice = await self._act(bot, press, words)
        await self._desk.messenger.answer_press(bot.id, press.callback_query_id, notice)

    async def _act(self, bot: Bot, press: Press, words: Words) -> str | None:
        if not may_talk(bot, press.sender):
            return words.get("persona.invited_only")
        react = self._button(press.data)
        return words.get("persona.old_button") if react is None else await react(bot, press, words)

    def _button(self, data: str) -> React | None:
        """`1:mood:joy` is a button of `1:mood:`."""
        version, _, rest = data.partition(":")
        name, colon, _ = rest.partition(":")
        return self._buttons.get(f"{version}:{name}{colon}")

    async def _words(self, bot: Bot, sender: Sender) -> Words:
        persona = await self._desk.persona(bot.persona_id)
        return self._texts.words(language_for(sender.language, persona.content.language))


def described_commands(texts: Texts) -> dict[str, dict[str, str]]:
    """The menu of commands for `setMyCommands`, by language; "" is for everyone else."""
    by_language = {
        language: {name: texts.get(language, f"persona.command.{name}") for name in MENU} for language in LANGUAGES
    }
    return {"": by_language["en"], **by_language}
