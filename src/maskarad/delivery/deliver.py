"""Send what stands in a link's outbox. A restart goes on where it stopped: at most the part in flight appears twice."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Protocol

import structlog

from maskarad.db import links, outbox, turns
from maskarad.db.engine import Database, write_patiently
from maskarad.errors import ChatGone, ChatMoved, DatabaseUnavailable, NotServed, TelegramRefused
from maskarad.values import Bot, Claim, ClaimedLink, Part, PartKind, Piece, Progress, SentMessage

log = structlog.get_logger()

AS_LONG_AS_IT_LIVES = float("inf")
"""Of a part that was sent and is not marked nobody else can know: given up, it would be sent again."""


class Messenger(Protocol):
    """What delivery needs of Telegram. Both raise TelegramError; `send_text` waits for flood limits by itself, and for
    `before` last of all; what that raises, it raises, and nothing is sent then."""

    async def send_text(
        self,
        bot_id: int,
        chat_id: int,
        content: Piece,
        *,
        reply_to: int | None = None,
        silent: bool = False,
        before: Callable[[], Awaitable[None]] | None = None,
    ) -> int: ...

    async def react(self, bot_id: int, chat_id: int, message_id: int, emoji: str | None) -> bool: ...


class Delivery:
    """`pause_before` gives the seconds between a part and the one before it; `typing` shows "typing…" meanwhile;
    `moved` hears of a group that became a supergroup; `make_sure` raises ClaimLost where a claim holds no longer, so
    that a process that was stopped for a while sends nothing that another one is sending; `is_served` tells whether a
    bot is at work; `doubt` hears that the
    database is away, while `make_sure` is to let nothing through; `failed` hears of what Telegram will never take."""

    def __init__(
        self,
        database: Database,
        messenger: Messenger,
        *,
        pause_before: Callable[[str], float],
        typing: Callable[[int, int], AbstractAsyncContextManager[None]],
        moved: Callable[[int, int, int], None],
        make_sure: Callable[[Claim], Awaitable[None]],
        is_served: Callable[[int], bool],
        doubt: Callable[[], None],
        clock: Callable[[], float],
        failed: Callable[[Exception], None] = lambda _error: None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._database = database
        self._messenger = messenger
        self._pause_before = pause_before
        self._typing = typing
        self._moved = moved
        self._make_sure = make_sure
        self._is_served = is_served
        self._doubt = doubt
        self._clock = clock
        self._failed = failed
        self._sleep = sleep

    async def deliver(self, bot: Bot, link: ClaimedLink, progress: Progress) -> Progress:
        """Send all parts under the claim, also those that are put into the outbox meanwhile; `progress` is where the
        link's work stands. Raises ClaimLost, DatabaseUnavailable, NotServed (the bot was put to rest meanwhile), and
        TelegramError for what may work later (unreachable, token refused); the unsent parts stay in the outbox then."""
        chat_id = link.chat.id
        spoken = False
        while progress.parts:
            outbox = await self._outbox(link, progress)
            if not outbox:
                return await self._settle(link, progress)
            for part in outbox:
                if spoken and (pause := self._pause_before(part.text)):
                    async with self._typing(bot.id, chat_id):
                        await self._sleep(pause)
                try:
                    chat_id, sent = await self._send_where_it_moved(bot, link, chat_id, part)
                except ChatGone as error:
                    self._failed(error)
                    log.info("chat_gone", bot_id=bot.id, link_id=link.claim.link_id)
                    await self._database.write(lambda connection: turns.leave(connection, link.claim))
                    return Progress(parts=0)
                spoken = spoken or sent is not None
                progress = await self._mark(link, part, sent)
        return progress

    async def _settle(self, link: ClaimedLink, progress: Progress) -> Progress:
        return await self._database.write(
            lambda connection: turns.settle(connection, link.claim, missing=progress.parts)
        )

    async def _outbox(self, link: ClaimedLink, progress: Progress) -> Sequence[Part]:
        if len(progress.added) == progress.parts:
            return progress.added
        return await self._database.read(lambda connection: outbox.waiting(connection, link.claim.link_id))

    async def _send_where_it_moved(
        self, bot: Bot, link: ClaimedLink, chat_id: int, part: Part
    ) -> tuple[int, SentMessage | None]:
        try:
            return chat_id, await self._send(bot, link.claim, chat_id, part)
        except ChatMoved as moved:
            new = moved.new_chat_id
        await self._database.write(lambda connection: links.move(connection, bot.id, chat_id, new))
        self._moved(bot.id, chat_id, new)
        return new, await self._send(bot, link.claim, new, part)

    async def _send(self, bot: Bot, claim: Claim, chat_id: int, part: Part) -> SentMessage | None:
        """The message it became; None for a reaction, for what Telegram will never take, and for what is too late."""
        if part.not_after is not None and self._clock() > part.not_after:
            log.info("part_too_late", bot_id=bot.id)
            return None
        try:
            if part.kind is PartKind.REACTION:
                if part.reply_to is not None:
                    await self._may_send(bot, claim)
                    await self._messenger.react(bot.id, chat_id, part.reply_to, part.text)
                return None
            piece = Piece(text=part.text, html=part.html)
            message_id = await self._messenger.send_text(
                bot.id,
                chat_id,
                piece,
                reply_to=part.reply_to,
                silent=part.silent,
                before=partial(self._may_send, bot, claim),
            )
        except TelegramRefused as error:
            self._failed(error)
            log.warning("part_refused", bot_id=bot.id, error=str(error))
            return None
        return SentMessage(message_id=message_id, bot_telegram_id=bot.telegram_id, bot_name=bot.name)

    async def _may_send(self, bot: Bot, claim: Claim) -> None:
        """Raises NotServed, ClaimLost."""
        if not self._is_served(bot.id):
            raise NotServed(f"bot {bot.id} was put to rest")
        await self._make_sure(claim)

    async def _mark(self, link: ClaimedLink, part: Part, sent: SentMessage | None) -> Progress:
        mark = partial(turns.sent, claim=link.claim, part=part, message=sent, now=self._clock())
        try:
            return await self._database.write(mark)
        except DatabaseUnavailable:
            self._doubt()
        return await write_patiently(self._database, mark, patience=AS_LONG_AS_IT_LIVES)
