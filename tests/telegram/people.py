"""Bots to serve and updates that come for them."""

import asyncio
from typing import Any

from maskarad.errors import DatabaseUnavailable
from maskarad.telegram.bots import BotRegistry
from maskarad.values import Bot, Event, Token, WebhookIdentity
from tests.support.bots import a_bot

MANAGER_TOKEN = Token("1:AAmanager-canary")


def token(bot_id: int) -> Token:
    return Token(f"{bot_id}:AAbot-canary")


def bot(bot_id: int, **fields: Any) -> Bot:
    numbered = {"id": bot_id, "persona_id": bot_id, "telegram_id": bot_id, "username": f"b{bot_id}_bot"}
    return a_bot(**{**numbered, "owner_id": 42, "sees_all_group_messages": False, **fields})


def webhook(bot_id: int) -> WebhookIdentity:
    return WebhookIdentity(public_id=f"public-{bot_id}", secret=f"secret-{bot_id}")


class Notices:
    """What the registry reported, to whom it concerns."""

    def __init__(self) -> None:
        self.invalid: list[int] = []
        self.conflicts: list[int] = []
        self.database_is_away = False
        """Nothing can be kept of a refused token: the report fails."""
        self.replaced: tuple[int, int] | None = None
        """The bot and its version whose token somebody else has replaced meanwhile."""
        self.failed = 0
        self._told = asyncio.Event()

    async def until(self, count: int) -> None:
        """Wait for so many reports."""
        async with asyncio.timeout(10):
            while len(self.invalid) + len(self.conflicts) < count:
                self._told.clear()
                await self._told.wait()

    def registry(self) -> BotRegistry:
        async def on_invalid(bot_id: int, version: int) -> bool:
            if self.database_is_away:
                self.failed += 1
                raise DatabaseUnavailable("gone")
            if (bot_id, version) == self.replaced:
                return False
            self.invalid.append(bot_id)
            self._told.set()
            return True

        async def on_conflict(bot_id: int) -> None:
            self.conflicts.append(bot_id)
            self._told.set()

        return BotRegistry(MANAGER_TOKEN, on_invalid=on_invalid, on_conflict=on_conflict, clock=lambda: 1_000.0)


def message(update_id: int, chat_id: int = 5, text: str = "hi") -> dict[str, Any]:
    person = {"id": chat_id, "is_bot": False, "first_name": "A"}
    chat = {"id": chat_id, "type": "private", "first_name": "A"}
    body = {"message_id": update_id, "date": 1_700_000_000, "chat": chat, "from": person, "text": text}
    return {"update_id": update_id, "message": body}


async def store_nothing(_event: Event) -> None:
    pass
