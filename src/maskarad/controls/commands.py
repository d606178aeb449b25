"""Commands of a persona bot and the buttons under their answers. They are answered at once and never reach the model.

People ask, not bots, and not too fast. What comes late is passed over, as late messages are, but for what somebody
still wants: /mute and /unmute, which hold until they are taken back, and /forget_me.

A command is acted on, then marked as seen, then answered in the background: delivered again it does nothing, killed in
between it is acted on once more, which changes nothing either.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence

from maskarad.controls.desk import ControlDesk, Family
from maskarad.controls.personal import OWED, TO_FORGET
from maskarad.db import hearing, seen
from maskarad.intake.access import may_talk
from maskarad.intake.flood import REMARK_PAUSE, Floods
from maskarad.settings import LANGUAGES
from maskarad.texts import Texts, Words, language_for
from maskarad.values import Bot, ChatType, Incoming, Press, Screen, Sender

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

_LASTING = frozenset(("mute", "unmute", "forget_me"))
"""They are acted on however late they come, and however much the others in the chat ask for."""


class Commands:
    """`answer_within` is how many seconds old a command may be when it comes. `floods` are shared with messages."""

    def __init__(
        self,
        desk: ControlDesk,
        families: Sequence[Family],
        texts: Texts,
        *,
        turn_away: Callable[[Bot, Incoming], Awaitable[None]],
        floods: Floods,
        answer_within: float,
    ) -> None:
        self._desk = desk
        self._texts = texts
        self._floods = floods
        self._answer_within = answer_within
        self._turn_away = turn_away
        self._answers = {name: answer for family in families for name, answer in family.commands.items()}
        self._buttons = {data: react for family in families for data, react in family.buttons.items()}

    @property
    def names(self) -> Collection[str]:
        return self._answers.keys()

    def are_owed(self, asked: Incoming | Press) -> bool:
        """Whether this command, or this button, is for stopped people, too: where nobody else is troubled by it."""
        name = asked.command if isinstance(asked, Incoming) else _button_of(asked.data)
        return asked.chat.type is ChatType.PRIVATE and name in OWED

    async def on_command(self, bot: Bot, message: Incoming) -> None:
        """Answer a command of `names`; the same update twice is answered once. Raises DatabaseUnavailable,
        AlreadySeen, TelegramError (it could not be found out who is in charge)."""
        name = message.command or "help"
        if message.sender.is_bot or self._is_late(message, name):
            return
        if not (may_talk(bot, message.sender) or name in TO_FORGET):
            await self._turn_away(bot, message)
        elif await self._floods.asks(message, alone=name in _LASTING):
            await self._slow_down(bot, message)
        else:
            await self._answer(bot, message, name)

    def _is_late(self, message: Incoming, name: str) -> bool:
        return name not in _LASTING and self._desk.clock() - message.sent_at > self._answer_within

    async def _slow_down(self, bot: Bot, message: Incoming) -> None:
        """A remark, where the chat has heard none for a while, about messages or commands."""
        desk = self._desk
        link, now = await desk.links.ensure(bot, message.chat), desk.clock()
        tells = await desk.database.write(
            lambda connection: hearing.tell_of_flood(connection, link.id, now=now, pause=REMARK_PAUSE)
        )
        if tells:
            words = await self._words(bot, message.sender)
            await self._say(bot, message, Screen(html=words.html("attention.flood")))

    async def _answer(self, bot: Bot, message: Incoming, name: str) -> None:
        desk = self._desk
        if await desk.database.read(lambda connection: seen.is_seen(connection, bot.id, message.update_id)):
            return
        words = await self._words(bot, message.sender)
        screen = await self._answers[name](bot, message, words)
        await desk.database.write(lambda connection: seen.once(connection, bot.id, message.update_id, now=desk.clock()))
        if screen is not None:
            await self._say(bot, message, screen)

    async def _say(self, bot: Bot, message: Incoming, screen: Screen) -> None:
        reply_to = None if message.chat.type is ChatType.PRIVATE else message.message_id
        await self._desk.messenger.send_text(bot.id, message.chat.id, screen, reply_to=reply_to)

    async def on_press(self, bot: Bot, press: Press) -> None:
        """A button under one of our answers; what is old, forged or not for this person gets a short notice. Raises
        DatabaseUnavailable, AlreadySeen."""
        words = await self._words(bot, press.sender)
        notice = await self._act(bot, press, words)
        await self._desk.messenger.answer_press(bot.id, press.callback_query_id, notice)

    async def _act(self, bot: Bot, press: Press, words: Words) -> str | None:
        button = _button_of(press.data)
        if not (may_talk(bot, press.sender) or button in TO_FORGET):
            return words.get("persona.invited_only")
        react = self._buttons.get(button)
        return words.get("persona.old_button") if react is None else await react(bot, press, words)

    async def _words(self, bot: Bot, sender: Sender) -> Words:
        persona = await self._desk.persona(bot.persona_id)
        return self._texts.words(language_for(sender.language, persona.content.language))


def _button_of(data: str) -> str:
    """`1:mood:joy` is a button of `1:mood:`."""
    version, _, rest = data.partition(":")
    name, colon, _ = rest.partition(":")
    return f"{version}:{name}{colon}"


def described_commands(texts: Texts) -> dict[str, dict[str, str]]:
    """The menu of commands for `setMyCommands`, by language; "" is for everyone else."""
    by_language = {
        language: {name: texts.get(language, f"persona.command.{name}") for name in MENU} for language in LANGUAGES
    }
    return {"": by_language["en"], **by_language}
