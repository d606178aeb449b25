"""The two errands of an import: to look into what was sent, and to store a chat of it. Whatever process carries one
out, it is told in the same message, and goes on where another has stopped."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Generic, TypeVar

import msgspec

from maskarad.analytics.figures import zone_of
from maskarad.db import Connection, imports
from maskarad.db.engine import Database
from maskarad.errors import ExportRefused, FileTooBig, Flooded, NotFound, TelegramError, TelegramUnreachable
from maskarad.jobs.held import Ending, Held
from maskarad.manager import forms
from maskarad.manager.asking import question
from maskarad.manager.bulletin import Bulletin, Sender, Tell
from maskarad.manager.errands import Carrying, Looking
from maskarad.manager.exports import Exports
from maskarad.manager.forms import ExportChat, Importing, Stale
from maskarad.manager.places import Asked
from maskarad.manager.screens import carrying_in as screens
from maskarad.manager.screens.importing import problem
from maskarad.memory.exports.checking import checked_at
from maskarad.memory.exports.values import FoundChat
from maskarad.memory.history_import import ImportProgress, Stage, import_telegram_history
from maskarad.memory.recall import remembered
from maskarad.texts import Texts, Words
from maskarad.values import Account, Screen

MOST_CHATS = 200
"""Of an export, that can be chosen from: those with most messages."""

Sleep = Callable[[float], Awaitable[object]]
What = TypeVar("What", Looking, Carrying)

_EXPECTED = (ExportRefused, TelegramError, NotFound, Stale)


class _Import(ABC, Generic[What]):
    """What both have in common: they are told in a private chat with the manager bot."""

    def __init__(
        self,
        database: Database,
        sender: Sender,
        exports: Exports,
        texts: Texts,
        *,
        clock: Callable[[], float],
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._database = database
        self._sender = sender
        self._exports = exports
        self._texts = texts
        self._clock = clock
        self._sleep = sleep

    async def greet(self, held: Held) -> None:
        what = self._read(held)
        await self._begin(self._bulletin(held, what), what)

    async def carry_out(self, held: Held) -> None:
        what = self._read(held)
        words, bulletin = self._texts.words(what.language), self._bulletin(held, what)
        last = bulletin.last
        if last is None:
            last = await self._worked(what, words, bulletin)
        elif not await self._is_wanted(what, last):
            return
        await bulletin.end(last)

    async def end(self, held: Held, ending: Ending) -> None:
        what = self._read(held)
        words, bulletin = self._texts.words(what.language), self._bulletin(held, what)
        await self._given_up(what)
        cancelled = Screen(html=words.html("importing.cancelled"))
        failed = problem(words.html("importing.failed"))
        await bulletin.end(bulletin.last or (cancelled if ending is Ending.CANCELLED else failed))

    async def _worked(self, what: What, words: Words, bulletin: Bulletin) -> Screen:
        if not bulletin.is_begun:
            await self._begin(bulletin, what)
        try:
            async with bulletin.kept_up() as tell:
                return await self._work(what, words, tell)
        except _EXPECTED as error:
            await self._given_up(what)
            return _sentence(words, error)

    async def _begin(self, bulletin: Bulletin, what: What) -> None:
        await bulletin.begin(screens.begun(self._texts.words(what.language), what.number))

    def _bulletin(self, held: Held, what: What) -> Bulletin:
        return Bulletin(self._sender, held, what.user_id, sleep=self._sleep)

    @abstractmethod
    def _read(self, held: Held) -> What: ...

    @abstractmethod
    async def _work(self, what: What, words: Words, tell: Tell) -> Screen:
        """What stands there in the end."""

    async def _given_up(self, what: What) -> None:
        """It came to nothing."""

    async def _is_wanted(self, what: What, last: Screen) -> bool:
        """Whether the last words, which an earlier attempt may have said, are to be said again."""
        return True


class Looks(_Import[Looking]):
    """`accounts` gives what a person owns."""

    def __init__(
        self,
        database: Database,
        sender: Sender,
        exports: Exports,
        texts: Texts,
        *,
        accounts: Callable[[int], Awaitable[Account]],
        asked: Asked,
        clock: Callable[[], float],
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        super().__init__(database, sender, exports, texts, clock=clock, sleep=sleep)
        self._accounts = accounts
        self._asked = asked

    def _read(self, held: Held) -> Looking:
        return msgspec.json.decode(held.errand.payload, type=Looking)

    async def _work(self, what: Looking, words: Words, tell: Tell) -> Screen:
        form = await self._form(what)
        if form is None:
            raise Stale
        if not form.chats:
            chats = await self._chats(what, words, tell)
            form = await self._database.write(lambda c: _note(c, what, chats, now=self._clock()))
        account = await self._accounts(what.user_id)
        return await question(self._database, self._asked, account, words, form)

    async def _chats(self, what: Looking, words: Words, tell: Tell) -> tuple[ExportChat, ...]:
        number = what.number
        async with self._exports.fetched(what.document, _fetching(words, number, tell)) as path:
            found = await checked_at(path, lambda done, total: tell(screens.checking(words, number, done, total)))
        chats = _worth_choosing(found.chats)
        if not chats:
            raise ExportRefused("empty", what.document.name)
        return chats

    async def _given_up(self, what: Looking) -> None:
        """What could not be read asks nothing."""

        def leave(connection: Connection) -> None:
            with suppress(Stale):
                forms.leave(connection, what.user_id, _question_of(what), now=self._clock())

        await self._database.write(leave)

    async def _is_wanted(self, what: Looking, last: Screen) -> bool:
        """A question is not asked again when it was answered."""
        return not last.keyboard or await self._form(what) is not None

    async def _form(self, what: Looking) -> Importing | None:
        return await self._database.read(lambda c: _asked_in(forms.load(c, what.user_id), what))


class Stores(_Import[Carrying]):
    """`time_zone` (an IANA name) is the clock of what is told in the end."""

    def __init__(
        self,
        database: Database,
        sender: Sender,
        exports: Exports,
        texts: Texts,
        *,
        time_zone: str,
        clock: Callable[[], float],
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        super().__init__(database, sender, exports, texts, clock=clock, sleep=sleep)
        self._zone = zone_of(time_zone)

    def _read(self, held: Held) -> Carrying:
        return msgspec.json.decode(held.errand.payload, type=Carrying)

    async def _work(self, what: Carrying, words: Words, tell: Tell) -> Screen:
        number, exported = what.number, what.exported
        async with self._exports.fetched(what.document, _fetching(words, number, tell)) as path:
            result = await import_telegram_history(
                self._database,
                what.link_id,
                path,
                bot=what.bot,
                chat_type=what.chat.type,
                pick=str(exported.id) if exported.id else exported.name or None,
                clock=self._clock,
                on_progress=_Progress(words, number, tell, self._clock),
            )
        stored = await self._database.read(lambda c: imports.added(c, what.link_id)) - what.stored
        # What an attempt before this one has stored is new all the same.
        earlier = min(max(stored - result.added, 0), result.known)
        result = msgspec.structs.replace(result, added=result.added + earlier, known=result.known - earlier)
        digest = (await remembered(self._database, what.link_id, ())).digest
        return screens.done(words, what.bot, what.chat, result, digest, self._zone)


def _fetching(words: Words, number: int, tell: Tell) -> Callable[[int, int], None]:
    return lambda done, total: tell(screens.fetching(words, number, done, total))


class _Progress:
    """What the importer says, as screens."""

    def __init__(self, words: Words, number: int, tell: Tell, clock: Callable[[], float]) -> None:
        self._words = words
        self._number = number
        self._tell = tell
        self._clock = clock
        self._begun: tuple[float, int] | None = None

    def __call__(self, progress: ImportProgress) -> None:
        done, total = progress.done, progress.total
        if progress.stage is Stage.CHECKING:
            self._tell(screens.checking(self._words, self._number, done, total))
            return
        now = self._clock()
        if self._begun is None:
            self._begun = now, done
        began_at, began_with = self._begun
        rate = (done - began_with) / max(now - began_at, 1e-3)
        self._tell(screens.storing(self._words, self._number, done, total, rate))


def _worth_choosing(found: list[FoundChat]) -> tuple[ExportChat, ...]:
    telling = [
        ExportChat(id=each.chat.id, name=each.chat.name, messages=each.messages - each.skipped)
        for each in found
        if each.messages > each.skipped
    ]
    return tuple(sorted(telling, key=lambda chat: -chat.messages)[:MOST_CHATS])


def _question_of(what: Looking) -> Importing:
    return Importing(persona_id=0, number=what.number)


def _asked_in(form: forms.AnyForm | None, what: Looking) -> Importing | None:
    """The form, while it is the one that is open."""
    is_asked = isinstance(form, Importing) and form.question == _question_of(what).question
    return form if isinstance(form, Importing) and is_asked else None


def _note(connection: Connection, what: Looking, chats: tuple[ExportChat, ...], *, now: float) -> Importing:
    """Raises Stale when something else is asked by now."""
    form = _asked_in(forms.load_for_change(connection, what.user_id), what)
    if form is None:
        raise Stale
    known = msgspec.structs.replace(form, chats=chats)
    forms.save(connection, what.user_id, known, now=now)
    return known


def _sentence(words: Words, error: Exception) -> Screen:
    """What is shown when it is over, whatever it came to."""
    match error:
        case Stale():
            return Screen(html=words.html("importing.cancelled"))
        case ExportRefused():
            sentence = words.html(f"importing.refused.{error.reason}", **error.values)
        case FileTooBig():
            key = "importing.too_big_for_bots" if error.telegrams else "importing.too_big"
            sentence = words.html(key, most=error.most_bytes // 2**20)
        case TelegramUnreachable() | Flooded():
            sentence = words.html("importing.unreachable")
        case NotFound():
            sentence = words.html("importing.gone")
        case _:
            sentence = words.html("importing.not_given")
    return problem(sentence)
