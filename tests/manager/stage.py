"""A person before the manager bot: what they do goes in as updates, what Telegram would show them comes out."""

import asyncio
import itertools
import re
from collections.abc import Callable
from pathlib import Path

from maskarad.analytics.order import Order
from maskarad.errors import TelegramRefused, TokenInvalid
from maskarad.manager.bot import Manager
from maskarad.sandbox.markup_html import parse_html
from maskarad.values import (
    MANAGER_BOT_ID,
    BotProfile,
    Chat,
    ChatType,
    Document,
    Incoming,
    Press,
    Screen,
    Sender,
    Token,
)

LONGEST_MESSAGE = 4096
LONGEST_NOTICE = 200
MOST_BUTTONS = 100
LONGEST_SHARED_LABEL = 24
"""Characters that a phone shows of a label where two buttons share a row."""


def utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


class Telegram:
    """Chats as Telegram would show them, with its limits. `profiles` is what getMe knows, by token; an error there is
    raised. `files` is what people have sent, by file_id, `roles` what getChatMember tells, by chat and person."""

    def __init__(self) -> None:
        self.shown: dict[tuple[int, int], Screen] = {}
        self.answers: dict[str, tuple[str | None, bool]] = {}
        self.deleted: list[tuple[int, int]] = []
        self.profiles: dict[str, BotProfile | Exception] = {}
        self.can_delete = True
        self.fails_with: Exception | None = None
        self.calls: list[str] = []
        self.wanted: list[Order] = []
        self.pictures: list[tuple[int, Screen]] = []
        self.message_ids = itertools.count(100)
        self.files: dict[str, bytes | Exception] = {}
        self.roles: dict[tuple[int, int], str | Exception] = {}
        self.open = asyncio.Event()
        self.open.set()
        self.paused = asyncio.Event()

    async def draw(self, order: Order) -> bytes:
        """In the drawing process' place."""
        self.wanted.append(order)
        return b"picture"

    async def send_photo(
        self, bot_id: int, chat_id: int, picture: bytes, *, caption: Screen, reply_to: int | None = None
    ) -> None:
        self._note("photo", bot_id)
        self.pictures.append((chat_id, caption))

    async def send_text(self, bot_id: int, chat_id: int, content: Screen, *, reply_to: int | None = None) -> int:
        self._note("send", bot_id)
        message_id = next(self.message_ids)
        self._show(chat_id, message_id, content)
        return message_id

    async def edit_text(self, bot_id: int, chat_id: int, message_id: int, content: Screen) -> None:
        self._note("edit", bot_id)
        await asyncio.sleep(0)
        if (chat_id, message_id) not in self.shown:
            raise TelegramRefused("message to edit not found")
        self._show(chat_id, message_id, content)

    async def answer_press(
        self, bot_id: int, callback_query_id: str, text: str | None = None, *, alert: bool = False
    ) -> bool:
        self._note("answer", bot_id)
        assert callback_query_id not in self.answers
        assert text is None or 0 < len(text) <= LONGEST_NOTICE
        self.answers[callback_query_id] = (text, alert)
        return True

    async def delete_message(self, bot_id: int, chat_id: int, message_id: int) -> bool:
        self._note("delete", bot_id)
        if self.can_delete:
            self.deleted.append((chat_id, message_id))
        return self.can_delete

    async def get_member_status(self, bot_id: int, chat_id: int, user_id: int) -> str:
        status = self.roles.get((chat_id, user_id), "left")
        if isinstance(status, Exception):
            raise status
        return status

    async def fetch(
        self,
        bot_id: int,
        document: Document,
        to: Path,
        *,
        most_bytes: int,
        on_bytes: Callable[[int], None] | None = None,
    ) -> None:
        """Once the files are `open`."""
        assert bot_id == MANAGER_BOT_ID
        content = self.files.get(document.file_id, TelegramRefused("wrong file_id"))
        if isinstance(content, Exception):
            raise content
        assert len(content) <= most_bytes
        to.write_bytes(content)  # noqa: ASYNC240 - a thread would go on writing when this is cancelled
        if on_bytes is not None:
            on_bytes(len(content) // 2)
        await self.open.wait()

    async def pause(self, seconds: float) -> None:
        """In the clock's place: returns when a test says so."""
        assert seconds > 0
        await self.paused.wait()
        self.paused.clear()

    async def get_me(self, token: Token) -> BotProfile:
        self.calls.append("getMe")
        profile = self.profiles.get(token.reveal(), TokenInvalid("Unauthorized"))
        if isinstance(profile, Exception):
            raise profile
        return profile

    def _note(self, call: str, bot_id: int) -> None:
        assert bot_id == MANAGER_BOT_ID
        self.calls.append(call)
        if self.fails_with is not None:
            raise self.fails_with

    def _show(self, chat_id: int, message_id: int, content: Screen) -> None:
        plain, _ = parse_html(content.html)
        assert plain.strip()
        assert utf16_length(plain) <= LONGEST_MESSAGE
        buttons = [button for row in content.keyboard for button in row]
        assert len(buttons) <= MOST_BUTTONS
        assert all(button.label and 0 < len(button.data.encode()) <= 64 for button in buttons)
        shared = [button.label for row in content.keyboard if len(row) > 1 for button in row]
        assert all(len(label) <= LONGEST_SHARED_LABEL for label in shared), shared
        self.shown[chat_id, message_id] = content


class Person:
    """Acts in a private chat with the manager bot; `screen` is the bot's latest message there as it looks now."""

    updates = itertools.count(1)

    def __init__(self, sender: Sender, telegram: Telegram, manager: Manager) -> None:
        self.sender = sender
        self.manager = manager
        self.chat = Chat(id=sender.id, type=ChatType.PRIVATE, title=sender.name)
        self.notice: str | None = None
        """What the last press was answered with."""
        self.alert = False
        self.last_update: Incoming | Press | None = None
        self._telegram = telegram

    async def says(self, text: str, *, edited: bool = False, forwarded: Sender | None = None) -> str:
        """Send a message; returns what the bot shows then."""
        has_text = text != "[photo]"
        command = re.match(r"/(\w+)", text)
        message = Incoming(
            bot_id=MANAGER_BOT_ID,
            update_id=next(self.updates),
            chat=self.chat,
            message_id=next(self._telegram.message_ids),
            sender=self.sender,
            text=text,
            sent_at=0.0,
            edited_at=0.0 if edited else None,
            command=command.group(1).lower() if command else None,
            forwarded_from=forwarded,
            has_text=has_text,
        )
        return await self.sends(message)

    async def sends(self, message: Incoming) -> str:
        self.last_update = message
        await self.manager.on_message(message)
        return self.text

    async def presses(self, label: str, *, on: int | None = None) -> str:
        """Press the button whose label has this in it; returns what the message shows then."""
        message_id = self.message_id if on is None else on
        keyboard = self._telegram.shown[self.chat.id, message_id].keyboard
        found = [button for row in keyboard for button in row if label in button.label]
        assert found, f"no button {label!r} in {[button.label for row in keyboard for button in row]}"
        return await self.presses_data(found[0].data, on=message_id)

    async def finds_out_of_date(self, on: int) -> None:
        """Press every button of an earlier message: each answers with the short notice, and no message changes."""
        before = dict(self._telegram.shown)
        for data in [button.data for row in before[self.chat.id, on].keyboard for button in row]:
            await self.presses_data(data, on=on)
            assert (self.notice, self.alert) == ("This button is out of date.", False), data
            assert self._telegram.shown == before, data

    async def presses_data(self, data: str, *, on: int | None = None) -> str:
        """Press a button that carries `data`, forged or not."""
        press = Press(
            bot_id=MANAGER_BOT_ID,
            update_id=next(self.updates),
            callback_query_id=f"press-{next(self.updates)}",
            sender=self.sender,
            chat=self.chat,
            message_id=self.message_id if on is None else on,
            data=data,
        )
        self.last_update = press
        await self.manager.on_press(press)
        self.notice, self.alert = self._telegram.answers[press.callback_query_id]
        return self.text

    @property
    def message_id(self) -> int:
        return max((message_id for chat_id, message_id in self._telegram.shown if chat_id == self.chat.id), default=1)

    @property
    def messages(self) -> int:
        """How many messages the bot has sent here."""
        return sum(chat_id == self.chat.id for chat_id, _ in self._telegram.shown)

    @property
    def screen(self) -> Screen:
        return self._telegram.shown[self.chat.id, self.message_id]

    @property
    def text(self) -> str:
        """The latest message without markup."""
        return parse_html(self.screen.html)[0] if self.messages else ""

    @property
    def buttons(self) -> list[str]:
        return [button.label for row in self.screen.keyboard for button in row]

    def labels(self, message_id: int) -> list[str]:
        return [button.label for row in self._telegram.shown[self.chat.id, message_id].keyboard for button in row]

    def data(self, label: str) -> str:
        return next(button.data for row in self.screen.keyboard for button in row if label in button.label)

    async def walks(self, *labels: str) -> str:
        """Press one button after the other."""
        for label in labels:
            await self.presses(label)
        return self.text
