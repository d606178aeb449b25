"""What the two errands of an import have in common. Whatever process carries one out, it is told in the same message,
and goes on where another has stopped."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Generic, NamedTuple, TypeVar

from maskarad.db.engine import Database
from maskarad.errors import ExportRefused, NotFound, TelegramError
from maskarad.jobs.held import Ending, Held, Unreadable
from maskarad.manager.bulletin import Bulletin, Sender, Tell
from maskarad.manager.endings import CANCELLED, FAILED, GONE, Asked, Came, Sentence, sentence_of, told
from maskarad.manager.errands import Carrying, Looking, read_addressee
from maskarad.manager.exports import Exports
from maskarad.manager.forms import Stale
from maskarad.manager.screens import carrying_in as screens
from maskarad.texts import Texts, Words
from maskarad.values import Screen

What = TypeVar("What", Looking, Carrying)

_EXPECTED = (ExportRefused, TelegramError, NotFound, Stale)


class Means(NamedTuple):
    """What both work with. `clock` gives Unix seconds."""

    database: Database
    sender: Sender
    exports: Exports
    texts: Texts
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep


class Import(ABC, Generic[What]):
    """It is told in a private chat with the manager bot."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._database = means.database

    async def greet(self, held: Held) -> None:
        what = self._read(held)
        await self._begin(self._bulletin(held, what.user_id), what)

    async def carry_out(self, held: Held) -> None:
        what = self._read(held)
        words, bulletin = self._means.texts.words(what.language), self._bulletin(held, what.user_id)
        came, is_said_again = bulletin.came, bulletin.came is not None
        if came is None:
            came = await self._worked(what, words, bulletin)
            await bulletin.note(came)
        screen = await self._shown(what, words, came)
        if screen is None and is_said_again:
            return
        await bulletin.end(screen or told(words, CANCELLED))

    async def end(self, held: Held, ending: Ending) -> None:
        addressee, what = held.read(read_addressee), None
        with suppress(Unreadable):
            what = self._read(held)
        words, bulletin = self._means.texts.words(addressee.language), self._bulletin(held, addressee.user_id)
        came = bulletin.came
        if came is None or (ending is Ending.CANCELLED and isinstance(came, Asked)):
            came = CANCELLED if ending is Ending.CANCELLED else FAILED
            await bulletin.note(came)
            if what is not None:
                await self._given_up(what)
        if isinstance(came, Sentence):
            await bulletin.end(told(words, came))
        elif what is not None and (screen := await self._shown(what, words, came)) is not None:
            await bulletin.end(screen)

    async def _worked(self, what: What, words: Words, bulletin: Bulletin) -> Came:
        if not bulletin.is_begun:
            await self._begin(bulletin, what)
        try:
            async with bulletin.kept_up() as tell:
                return await self._work(what, words, tell)
        except _EXPECTED as error:
            await self._given_up(what)
            return sentence_of(error)

    async def _shown(self, what: What, words: Words, came: Came) -> Screen | None:
        try:
            return told(words, came) if isinstance(came, Sentence) else await self._screen(what, words, came)
        except NotFound:
            await self._given_up(what)
            return told(words, GONE)

    async def _begin(self, bulletin: Bulletin, what: What) -> None:
        await bulletin.begin(screens.begun(self._means.texts.words(what.language), what.number))

    def _bulletin(self, held: Held, user_id: int) -> Bulletin:
        return Bulletin(self._means.sender, held, user_id, sleep=self._means.sleep)

    @abstractmethod
    def _read(self, held: Held) -> What:
        """Raises Unreadable."""

    @abstractmethod
    async def _work(self, what: What, words: Words, tell: Tell) -> Came: ...

    @abstractmethod
    async def _screen(self, what: What, words: Words, came: Came) -> Screen | None:
        """What stands there in the end, of what is there by now. None: a question that is not open any more. Raises
        NotFound."""

    async def _given_up(self, what: What) -> None:
        """It came to nothing."""


def fetching(words: Words, number: int, tell: Tell) -> Callable[[int, int], None]:
    return lambda done, total: tell(screens.fetching(words, number, done, total))
