"""What every command and button of a persona bot works with."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from maskarad.db.engine import Database
from maskarad.errors import TelegramRefused
from maskarad.snapshots import Links
from maskarad.texts import Words
from maskarad.values import ADMINISTRATORS, Bot, Chat, ChatType, Incoming, Persona, Press, Screen, Sender


class Messenger(Protocol):
    """Only `get_member_status` waits for Telegram."""

    async def send_text(self, bot_id: int, chat_id: int, content: Screen, *, reply_to: int | None = None) -> None: ...

    async def send_photo(
        self, bot_id: int, chat_id: int, picture: bytes, *, caption: Screen, reply_to: int | None = None
    ) -> None: ...

    async def send_document(
        self, bot_id: int, chat_id: int, data: bytes, name: str, *, caption: Screen, reply_to: int | None = None
    ) -> None: ...

    async def edit_text(self, bot_id: int, chat_id: int, message_id: int, content: Screen) -> None: ...

    async def answer_press(
        self, bot_id: int, callback_query_id: str, text: str | None = None, *, alert: bool = False
    ) -> None: ...

    async def get_member_status(self, bot_id: int, chat_id: int, user_id: int) -> str: ...


@dataclass(frozen=True)
class ControlDesk:
    database: Database
    messenger: Messenger
    persona: Callable[[int], Awaitable[Persona]]
    links: Links
    clock: Callable[[], float]

    async def is_in_charge(self, bot: Bot, chat: Chat, sender: Sender) -> bool:
        """Anybody in a private chat; in a group its administrators, also those who speak as the group itself."""
        if chat.type is ChatType.PRIVATE or sender.id == chat.id:
            return True
        try:
            return await self.messenger.get_member_status(bot.id, chat.id, sender.id) in ADMINISTRATORS
        except TelegramRefused:
            return False

    async def show(self, bot: Bot, press: Press, screen: Screen) -> None:
        """In place of the message whose button was pressed."""
        await self.messenger.edit_text(bot.id, press.chat.id, press.message_id, screen)


Answer = Callable[[Bot, Incoming, Words], Awaitable[Screen | None]]
"""What a command answers; None when it has sent, or will send, its answer itself. A command may be acted on twice (the
process died in between), so it changes nothing the second time. Raises DatabaseUnavailable, TelegramError."""

React = Callable[[Bot, Press, Words], Awaitable[str | None]]
"""What a button does; the text is a notice for who pressed it. Raises DatabaseUnavailable, AlreadySeen."""


class Family(Protocol):
    """Commands that belong together, with the buttons under their answers: by the beginning of the callback data, which
    ends with a colon where something follows."""

    @property
    def commands(self) -> Mapping[str, Answer]: ...

    @property
    def buttons(self) -> Mapping[str, React]: ...
