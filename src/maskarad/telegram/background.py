"""Sending that nobody waits for: answers to commands and buttons, refusals, notices.

A poller waits until an update is stored, never until an answer to it is shown: a flood limit in one chat or a slow line
would make the bot deaf to everybody else. What is lost when the process dies is an answer that its asker can ask for
again; what a persona says has the outbox.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from contextvars import Context
from typing import TypeVar

import structlog

from maskarad.errors import TelegramError, TelegramRefused, TelegramUnreachable
from maskarad.metrics import Metrics
from maskarad.telegram.send import Sender
from maskarad.values import BotProfile, Screen, Token

log = structlog.get_logger()

MOST_A_CHAT = 5
"""Answers that wait in one chat; whoever asks faster than Telegram lets us answer gets no more."""

MOST_CHATS = 10_000

ASKING = 5.0
"""Seconds that a question to Telegram may hold up the update which needs its answer."""

T = TypeVar("T")
Call = Callable[[], Awaitable[object]]
Lane = OrderedDict[Hashable, Call]


class BackgroundSender:
    """Speaks as `Sender` does, but `send_text`, `send_photo`, `send_document`, `edit_text` and `answer_press` return at
    once; what they order is done in the order given, chat by chat. Their errors are logged here."""

    def __init__(self, sender: Sender, *, metrics: Metrics) -> None:
        self._sender = sender
        self._metrics = metrics
        self._lanes: dict[Hashable, Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ordered = 0

    async def send_text(self, bot_id: int, chat_id: int, content: Screen, *, reply_to: int | None = None) -> None:
        self._say(bot_id, chat_id, lambda: self._sender.send_text(bot_id, chat_id, content, reply_to=reply_to))

    async def send_photo(
        self,
        bot_id: int,
        chat_id: int,
        picture: bytes,
        *,
        caption: Screen,
        reply_to: int | None = None,
        silent: bool = False,
    ) -> None:
        self._say(
            bot_id,
            chat_id,
            lambda: self._sender.send_photo(
                bot_id, chat_id, picture, caption=caption, reply_to=reply_to, silent=silent
            ),
        )

    async def send_document(
        self,
        bot_id: int,
        chat_id: int,
        data: bytes,
        name: str,
        *,
        caption: Screen,
        reply_to: int | None = None,
    ) -> None:
        self._say(
            bot_id,
            chat_id,
            lambda: self._sender.send_document(bot_id, chat_id, data, name, caption=caption, reply_to=reply_to),
        )

    async def edit_text(self, bot_id: int, chat_id: int, message_id: int, content: Screen) -> None:
        """A later edit of the same message takes the place of one that still waits. What cannot be edited any more is
        sent anew."""

        async def edit() -> None:
            try:
                await self._sender.edit_text(bot_id, chat_id, message_id, content)
            except TelegramRefused:
                await self._sender.send_text(bot_id, chat_id, content)

        self._put((bot_id, chat_id), ("edit", message_id), edit)

    async def delete_message(self, bot_id: int, chat_id: int, message_id: int) -> bool:
        """As `Sender.delete_message`: whether it is gone decides what its writer is told. Raises TelegramUnreachable
        when it takes too long."""
        return await _soon(self._sender.delete_message(bot_id, chat_id, message_id))

    async def answer_press(
        self, bot_id: int, callback_query_id: str, text: str | None = None, *, alert: bool = False
    ) -> None:
        press = bot_id, callback_query_id

        async def answer() -> None:
            if await self._sender.answer_press(bot_id, callback_query_id, text, alert=alert):
                self._metrics.presses.answered(press)

        self._put(press, None, answer)

    async def get_me(self, token: Token) -> BotProfile:
        """Raises TokenInvalid, TelegramUnreachable."""
        return await _soon(self._sender.get_me(token))

    async def get_member_status(self, bot_id: int, chat_id: int, user_id: int) -> str:
        """As `Sender.get_member_status`; raises TelegramUnreachable when it takes too long."""
        return await _soon(self._sender.get_member_status(bot_id, chat_id, user_id))

    def _say(self, bot_id: int, chat_id: int, call: Call) -> None:
        """What is said takes nothing else's place."""
        self._ordered += 1
        self._put((bot_id, chat_id), self._ordered, call)

    def _put(self, key: Hashable, slot: Hashable, call: Call) -> None:
        lane = self._lanes.get(key)
        if lane is None:
            if len(self._lanes) >= MOST_CHATS:
                log.warning("answer_dropped", reason="too many chats wait")
                return
            lane = self._lanes[key] = OrderedDict()
            # A lane outlives whoever began it: log lines of what comes later are not about that one.
            task = asyncio.create_task(self._work(key, lane), context=Context())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif len(lane) >= MOST_A_CHAT and slot not in lane:
            log.info("answer_dropped", reason="too many wait in this chat")
            return
        lane[slot] = call

    async def _work(self, key: Hashable, lane: Lane) -> None:
        while lane:
            _, call = lane.popitem(last=False)
            try:
                await call()
            except TelegramError as error:
                self._metrics.error(error)
                log.info("answer_not_shown", error=str(error))
            except Exception as error:
                self._metrics.error(error)
                log.exception("answer_failed")
        del self._lanes[key]

    async def close(self, patience: float) -> None:
        """Let what is ordered be done for `patience` seconds, then drop it."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=patience)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


async def _soon(asking: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(ASKING):
            return await asking
    except TimeoutError:
        raise TelegramUnreachable("no answer in time") from None
