"""What takes minutes, for somebody who watches: done in the background, with a message that tells how far it is."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from maskarad.errors import TelegramError, TelegramRefused
from maskarad.values import MANAGER_BOT_ID, Screen, Value

log = structlog.get_logger()

MOST_AT_ONCE = 2
"""In one process; the others wait in line."""

TOLD_EVERY = 2.0
"""Seconds between two edits of the message."""

FAREWELL = 2.0
"""Seconds in which everybody is told that the process ends."""

Tell = Callable[[Screen], None]
"""Shows how far it is, soon; of several screens the latest. It may be called in any thread."""

Work = Callable[[Tell], Awaitable[Screen]]
"""Returns what stands there in the end."""


class Sender(Protocol):
    """Both wait for Telegram and raise TelegramError's subclasses."""

    async def send_text(self, bot_id: int, chat_id: int, content: Screen) -> int: ...

    async def edit_text(self, bot_id: int, chat_id: int, message_id: int, content: Screen) -> None: ...


class Wording(Value, frozen=True):
    """What stands there at first, and in the end when the work did not come to its own."""

    begun: Screen
    cancelled: Screen
    interrupted: Screen
    """The process ended before the work did."""
    failed: Screen


class Errands:
    """One at a time for each person. `number` tells an errand from the person's earlier ones."""

    def __init__(self, sender: Sender, *, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        self._sender = sender
        self._sleep = sleep
        self._room = asyncio.Semaphore(MOST_AT_ONCE)
        self._under_way: dict[int, _Errand] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def is_busy(self, user_id: int) -> bool:
        return user_id in self._under_way

    def start(self, user_id: int, number: int, wording: Wording, work: Work) -> bool:
        """Returns at once; what happens is told in the private chat with the person. False: their last one is still
        under way."""
        if self.is_busy(user_id):
            return False
        errand = self._under_way[user_id] = _Errand(number, wording, _Bulletin(self._sender, user_id))
        errand.task = asyncio.create_task(self._run(user_id, errand, work))
        self._tasks.add(errand.task)
        errand.task.add_done_callback(lambda task: self._ended(user_id, errand, task))
        return True

    def cancel(self, user_id: int, number: int) -> bool:
        """False: there is no such errand in this process (any more)."""
        errand = self._under_way.get(user_id)
        if errand is None or errand.number != number or errand.task is None:
            return False
        errand.last_words = errand.wording.cancelled
        return errand.task.cancel()

    async def close(self) -> None:
        """Give up what is under way, and say so."""
        for errand in self._under_way.values():
            if errand.task is not None:
                errand.task.cancel()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=FAREWELL)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _run(self, user_id: int, errand: "_Errand", work: Work) -> None:
        try:
            last = await self._done(errand, work)
        except asyncio.CancelledError:
            last = errand.last_words
        except Exception:
            log.exception("errand_failed")
            last = errand.wording.failed
        # What is shown now may be a question, whose answer may start the next one.
        self._free(user_id, errand)
        await errand.bulletin.show(last)

    def _free(self, user_id: int, errand: "_Errand") -> None:
        if self._under_way.get(user_id) is errand:
            del self._under_way[user_id]

    def _ended(self, user_id: int, errand: "_Errand", task: asyncio.Task[None]) -> None:
        """Also when it was cancelled before its first step."""
        self._tasks.discard(task)
        self._free(user_id, errand)

    async def _done(self, errand: "_Errand", work: Work) -> Screen:
        bulletin = errand.bulletin
        await bulletin.show(errand.wording.begun)
        async with self._room:
            telling = asyncio.create_task(bulletin.keep_up(self._sleep))
            try:
                return await work(bulletin.tell)
            finally:
                telling.cancel()
                await asyncio.gather(telling, return_exceptions=True)


class _Errand:
    def __init__(self, number: int, wording: Wording, bulletin: "_Bulletin") -> None:
        self.number = number
        self.wording = wording
        self.bulletin = bulletin
        self.last_words = wording.interrupted
        self.task: asyncio.Task[None] | None = None


class _Bulletin:
    """The message in which an errand is told of. Nothing is worth failing for when it cannot be shown."""

    def __init__(self, sender: Sender, chat_id: int) -> None:
        self._sender = sender
        self._chat_id = chat_id
        self._message_id: int | None = None
        self._shown: Screen | None = None
        self._latest: Screen | None = None

    def tell(self, screen: Screen) -> None:
        self._latest = screen

    async def keep_up(self, sleep: Callable[[float], Awaitable[object]]) -> None:
        while True:
            await sleep(TOLD_EVERY)
            if self._latest is not None and self._latest != self._shown:
                await self.show(self._latest)

    async def show(self, screen: Screen) -> None:
        try:
            await self._put(screen)
        except TelegramError as error:
            log.info("errand_not_shown", error=str(error))
        else:
            self._shown = screen

    async def _put(self, screen: Screen) -> None:
        if self._message_id is not None:
            try:
                await self._sender.edit_text(MANAGER_BOT_ID, self._chat_id, self._message_id, screen)
                return
            except TelegramRefused:
                self._message_id = None
        self._message_id = await self._sender.send_text(MANAGER_BOT_ID, self._chat_id, screen)
