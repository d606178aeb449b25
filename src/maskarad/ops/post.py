"""The way to the operators: the manager bot writes to those whom the settings name."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import structlog

from maskarad.errors import ChatGone, TelegramError, TelegramRefused
from maskarad.texts import Texts, Words
from maskarad.values import MANAGER_BOT_ID, Screen

log = structlog.get_logger()

TRIES = 3
TRIED_WITHIN = 20.0
AGAIN_AFTER = 5.0
"""Seconds that one sending may take, and between two of them: all of it is done before somebody else tells instead
(`alerts.CLAIMED_FOR`)."""


class Messenger(Protocol):
    async def send_text(self, bot_id: int, chat_id: int, content: Screen) -> int:
        """Raises TelegramError."""


class Post:
    """Everybody is told in their own language."""

    def __init__(
        self,
        messenger: Messenger,
        texts: Texts,
        *,
        operators: Sequence[int],
        default_language: str,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.operators = operators
        self._messenger = messenger
        self._texts = texts
        self._default_language = default_language
        self._sleep = sleep

    async def send(self, write: Callable[[Words], str], languages: Mapping[int, str]) -> bool:
        """`write` makes Telegram HTML. False: nobody could be reached, and it is worth another try."""
        results = await asyncio.gather(*(self._tell(each, write, languages.get(each)) for each in self.operators))
        return any(results) or not results

    async def _tell(self, operator: int, write: Callable[[Words], str], language: str | None) -> bool:
        """Whoever cannot be reached for a moment would not hear of it later: it is told once others have heard it."""
        screen = Screen(html=write(self._texts.words(language or self._default_language)))
        for attempt in range(TRIES):
            if attempt:
                await self._sleep(AGAIN_AFTER)
            if await self._send(operator, screen):
                return True
        return False

    async def _send(self, operator: int, screen: Screen) -> bool:
        """False: it is worth another try."""
        try:
            async with asyncio.timeout(TRIED_WITHIN):
                await self._messenger.send_text(MANAGER_BOT_ID, operator, screen)
        except (ChatGone, TelegramRefused) as error:
            log.warning("operator_not_told", user_id=operator, error=str(error), todo="press Start in the manager bot")
        except (TelegramError, TimeoutError) as error:
            log.warning("operator_not_told", user_id=operator, error=str(error) or "no answer in time")
            return False
        return True
