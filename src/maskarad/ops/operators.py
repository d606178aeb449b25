"""The way to the operators: the manager bot writes to those whom the settings name."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import structlog

from maskarad.errors import ChatGone, TelegramError, TelegramRefused
from maskarad.texts import Texts, Words
from maskarad.values import MANAGER_BOT_ID, Screen

log = structlog.get_logger()

TOLD_WITHIN = 30.0


class Messenger(Protocol):
    async def send_text(self, bot_id: int, chat_id: int, content: Screen) -> int:
        """Raises TelegramError."""


class Post:
    """Everybody is told in their own language."""

    def __init__(self, messenger: Messenger, texts: Texts, *, operators: Sequence[int], default_language: str) -> None:
        self.operators = operators
        self._messenger = messenger
        self._texts = texts
        self._default_language = default_language

    async def send(self, write: Callable[[Words], str], languages: Mapping[int, str]) -> bool:
        """`write` makes Telegram HTML. False: nobody could be reached, and it is worth another try."""
        results = await asyncio.gather(*(self._send(each, write, languages.get(each)) for each in self.operators))
        return any(results) or not results

    async def _send(self, operator: int, write: Callable[[Words], str], language: str | None) -> bool:
        screen = Screen(html=write(self._texts.words(language or self._default_language)))
        try:
            async with asyncio.timeout(TOLD_WITHIN):
                await self._messenger.send_text(MANAGER_BOT_ID, operator, screen)
        except (ChatGone, TelegramRefused) as error:
            log.warning("operator_not_told", user_id=operator, error=str(error), todo="press Start in the manager bot")
        except (TelegramError, TimeoutError) as error:
            log.warning("operator_not_told", user_id=operator, error=str(error) or "no answer in time")
            return False
        return True
