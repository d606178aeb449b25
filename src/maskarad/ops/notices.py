"""What an owner is told of a bot, by the manager bot: once for each thing, and never instead of the work itself."""

from collections.abc import Callable
from typing import Protocol

import structlog

from maskarad.db import Connection, bots, personas, purses, users
from maskarad.db.engine import Database
from maskarad.db.purses import Purse
from maskarad.errors import DatabaseUnavailable, NotFound
from maskarad.purse.notice import time_left
from maskarad.texts import Texts
from maskarad.values import MANAGER_BOT_ID, Bot, Chat, Persona, Screen

log = structlog.get_logger()

MODEL_FAILURE_PAUSE = 3600.0
CONFLICT_PAUSE = 24 * 3600.0
"""Seconds in which an owner hears of the same trouble of a bot at most once, restarts or not."""


class Messenger(Protocol):
    """Does not wait for Telegram."""

    async def send_text(self, bot_id: int, chat_id: int, content: Screen) -> None: ...


class Notices:
    def __init__(
        self,
        database: Database,
        messenger: Messenger,
        texts: Texts,
        *,
        clock: Callable[[], float],
        default_language: str,
    ) -> None:
        self._database = database
        self._messenger = messenger
        self._texts = texts
        self._clock = clock
        self._default_language = default_language

    async def token_refused(self, bot_id: int, version: int) -> bool:
        """Mark the bot invalid and say so, the first time. False when it is marked already, or is not of that version
        any more. Raises DatabaseUnavailable: then it is to be told again."""
        if bot_id == MANAGER_BOT_ID:
            log.error("manager_token_refused", todo="TELEGRAM_BOT_TOKEN is not (any more) a bot's token")
            return True
        now = self._clock()
        if not await self._database.write(lambda c: bots.mark_invalid(c, bot_id, version=version, now=now)):
            return False
        await self._tell(bot_id, "token_refused")
        return True

    async def conflict(self, bot_id: int) -> None:
        """Another program polls with the token. That the manager bot is deaf operators hear as an alert."""
        if bot_id == MANAGER_BOT_ID:
            log.error("manager_conflict", todo="stop the other program that uses TELEGRAM_BOT_TOKEN")
            return
        now = self._clock()
        if await self._first(lambda c: bots.may_tell_conflict(c, bot_id, now=now, pause=CONFLICT_PAUSE)):
            await self._tell(bot_id, "conflict")

    async def model_failed(self, bot: Bot, reason: str) -> None:
        """`reason` is ModelError's word."""
        now = self._clock()
        if await self._first(lambda c: bots.may_tell_model_failure(c, bot.id, now=now, pause=MODEL_FAILURE_PAUSE)):
            await self._tell(bot.id, "model_failing", reason=reason)

    async def purse_empty(self, bot: Bot, purse: Purse) -> None:
        """The bot's or its owner's, so that it answers nobody until the period ends."""
        now = self._clock()
        if await self._first(lambda connection: purses.tell_owner(connection, purse, now=now)):
            await self._tell(bot.id, f"purse_empty.{purse.scope.value}", purse=purse)

    async def _first(self, note: Callable[[Connection], bool]) -> bool:
        """Whether nobody has told it yet. With the database away nobody is told: the trouble will show again."""
        try:
            return await self._database.write(note)
        except DatabaseUnavailable as error:
            log.warning("owner_not_told", error=str(error))
            return False

    async def bot_removed(self, bot: Bot, chat: Chat) -> None:
        """The bot was thrown out of a group."""
        await self._tell(bot.id, "bot_removed", chat=chat.title)

    async def _tell(
        self, bot_id: int, notice: str, *, reason: str | None = None, purse: Purse | None = None, **values: str
    ) -> None:
        try:
            language, persona, bot = await self._database.read(lambda connection: _whom(connection, bot_id))
            language = language or self._default_language
            if reason is not None:
                values["reason"] = self._texts.get(language, f"notice.model_reason.{reason}")
            if purse is not None:
                values["time"] = time_left(self._texts, language, purse, self._clock())
            html = self._texts.html(language, f"notice.{notice}", bot=bot.username, persona=persona.name, **values)
            await self._messenger.send_text(MANAGER_BOT_ID, bot.owner_id, Screen(html=html))
        except (NotFound, DatabaseUnavailable) as error:
            log.info("owner_not_told", bot_id=bot_id, notice=notice, error=str(error))


def _whom(connection: Connection, bot_id: int) -> tuple[str | None, Persona, Bot]:
    bot = bots.get(connection, bot_id).bot
    return users.language_of(connection, bot.owner_id), personas.get(connection, bot.persona_id), bot
