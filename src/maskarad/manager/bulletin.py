"""The message in which somebody is told how far their errand is. It is remembered with the errand, so that whoever goes
on with it goes on with the same message."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Protocol

import msgspec
import structlog

from maskarad.errors import DatabaseUnavailable, Flooded, TelegramError, TelegramRefused, TelegramUnreachable
from maskarad.jobs.held import Held
from maskarad.manager.endings import Came
from maskarad.values import MANAGER_BOT_ID, Screen, Value

log = structlog.get_logger()

TOLD_EVERY = 2.0
"""Seconds between two edits of the message."""

Tell = Callable[[Screen], None]
"""Shows how far it is, soon; of several screens the latest. It may be called in any thread."""


class Sender(Protocol):
    """Both wait for Telegram and raise TelegramError's subclasses."""

    async def send_text(self, bot_id: int, chat_id: int, content: Screen) -> int: ...

    async def edit_text(self, bot_id: int, chat_id: int, message_id: int, content: Screen) -> None: ...


class Told(Value, frozen=True):
    """The message (None: it could not be sent), and what came of the errand, once that is known."""

    message_id: int | None = None
    came: Came | None = None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Told).decode


class Bulletin:
    """Of one errand, in the private chat with the person. What is under way is nothing worth failing for when it cannot
    be shown."""

    def __init__(
        self, sender: Sender, held: Held, chat_id: int, *, sleep: Callable[[float], Awaitable[object]]
    ) -> None:
        self._sender = sender
        self._held = held
        self._chat_id = chat_id
        self._sleep = sleep
        progress = held.errand.progress
        self.is_begun = progress is not None
        self._told = _told(progress)
        self._shown: Screen | None = None
        self._latest: Screen | None = None

    @property
    def came(self) -> Came | None:
        """What came of it; None: that is not known yet."""
        return self._told.came

    def tell(self, screen: Screen) -> None:
        self._latest = screen

    async def begin(self, screen: Screen) -> None:
        """The first words. Sent a second time when the process dies before it has noted the message."""
        await self._show(screen)
        if self._told.message_id is None:
            await self._note(self._told)
        self.is_begun = True

    async def note(self, came: Came) -> None:
        """What came of it, for whoever says it when this process cannot. Raises ClaimLost."""
        await self._note(msgspec.structs.replace(self._told, came=came))

    @asynccontextmanager
    async def kept_up(self) -> AsyncIterator[Tell]:
        """What the block tells is shown as time goes by."""
        telling = asyncio.create_task(self._keep_up())
        try:
            yield self.tell
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    async def end(self, screen: Screen) -> None:
        """The last words. Raises ClaimLost, and TelegramUnreachable or Flooded: then they are to be said later."""
        self._held.is_sending = True
        try:
            await self._put(screen)
        except (TelegramUnreachable, Flooded):
            raise
        except TelegramError as error:
            log.info("errand_not_shown", error=str(error))

    async def _keep_up(self) -> None:
        while True:
            await self._sleep(TOLD_EVERY)
            if self._latest is not None and self._latest != self._shown:
                with suppress(DatabaseUnavailable):
                    await self._show(self._latest)

    async def _show(self, screen: Screen) -> None:
        try:
            await self._put(screen)
        except TelegramError as error:
            log.info("errand_not_shown", error=str(error))
        else:
            self._shown = screen

    async def _put(self, screen: Screen) -> None:
        await self._held.keep()
        if self._told.message_id is not None:
            try:
                await self._sender.edit_text(MANAGER_BOT_ID, self._chat_id, self._told.message_id, screen)
                return
            except TelegramRefused:
                log.debug("errand_told_anew", errand=self._held.errand.id)
        message_id = await self._sender.send_text(MANAGER_BOT_ID, self._chat_id, screen)
        await self._note(msgspec.structs.replace(self._told, message_id=message_id))

    async def _note(self, told: Told) -> None:
        await self._held.note(_encode(told).decode())
        self._told = told


def _told(progress: str | None) -> Told:
    """What another version has noted in a form of its own is told anew."""
    try:
        return Told() if progress is None else _decode(progress)
    except msgspec.MsgspecError:
        return Told()
