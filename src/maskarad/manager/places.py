"""Chats into which somebody may bring a history: the private one with their own bot, and groups that they administer
and the bot is in."""

import asyncio
from typing import Protocol

from maskarad.db import Connection, bots, imports
from maskarad.db.engine import Database
from maskarad.errors import Flooded, TelegramError, TelegramUnreachable
from maskarad.manager.forms import Importing
from maskarad.memory.exports.choosing import is_of
from maskarad.values import ADMINISTRATORS, Bot, Chat, ChatType, User, Value

MOST_ASKED = 30
"""Groups about which Telegram is asked at once; those that are in the export come first."""

NO_LINK_YET = 0


class Asked(Protocol):
    """Who knows who is in charge of a group. Raises TelegramError's subclasses."""

    async def get_member_status(self, bot_id: int, chat_id: int, user_id: int) -> str: ...


class Place(Value, frozen=True):
    """A chat that may take the history. `fits`: it is in the export. A private chat in which nobody has said anything
    yet has `NO_LINK_YET`."""

    link_id: int
    chat: Chat
    fits: bool


class Places:
    """Of one bot, for its owner."""

    def __init__(self, db: Database, sender: Asked, owner: User, bot: Bot, form: Importing) -> None:
        self._db = db
        self._sender = sender
        self._owner = owner
        self._bot = bot
        self._form = form

    async def every(self) -> list[Place]:
        """Those that fit first, then by title."""
        known = await self._known()
        allowed = await asyncio.gather(*(self.is_allowed(each) for each in known), return_exceptions=True)
        return [place for place, answer in zip(known, allowed, strict=True) if answer is True]

    async def find(self, link_id: int) -> Place | None:
        """Raises TelegramUnreachable, Flooded when Telegram does not say whether it is allowed."""
        found = next((each for each in await self._known() if each.link_id == link_id), None)
        return found if found is not None and await self.is_allowed(found) else None

    async def is_allowed(self, place: Place) -> bool:
        """Raises TelegramUnreachable, Flooded."""
        if place.chat.type is ChatType.PRIVATE:
            return place.chat.id == self._owner.id
        try:
            status = await self._sender.get_member_status(self._bot.id, place.chat.id, self._owner.id)
        except (TelegramUnreachable, Flooded):
            raise
        except TelegramError:
            return False
        return status in ADMINISTRATORS

    async def _known(self) -> list[Place]:
        private, *groups = await self._db.read(self._read)
        groups.sort(key=lambda place: (not place.fits, place.chat.title.casefold()))
        listed = [private, *groups[:MOST_ASKED]]
        return sorted(listed, key=lambda place: not place.fits)

    def _read(self, connection: Connection) -> list[Place]:
        bot, owner = self._bot, self._owner
        here = {chat.id for chat in bots.groups(connection, bot.id)}
        known = imports.links_of(connection, bot.id)
        private = Chat(id=owner.id, type=ChatType.PRIVATE, title=owner.name)
        link_id = next((link_id for link_id, chat in known if chat.id == owner.id), NO_LINK_YET)
        return [
            self._place(link_id, private),
            *(self._place(link_id, chat) for link_id, chat in known if chat.id in here),
        ]

    def _place(self, link_id: int, chat: Chat) -> Place:
        fits = any(is_of(each.id, each.name, chat, self._bot) for each in self._form.chats)
        return Place(link_id=link_id, chat=chat, fits=fits)
