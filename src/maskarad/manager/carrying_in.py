"""The two errands of an import: to read what was sent, and to store a chat of it."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

import msgspec

from maskarad.analytics.figures import zone_of
from maskarad.db import Connection
from maskarad.errors import (
    DatabaseUnavailable,
    ExportRefused,
    FileTooBig,
    Flooded,
    NotFound,
    TelegramError,
    TelegramUnreachable,
)
from maskarad.manager import forms
from maskarad.manager.desk import Desk, Visit
from maskarad.manager.errands import Tell, Wording
from maskarad.manager.forms import ExportChat, Importing, Stale
from maskarad.manager.screens import importing as screens
from maskarad.memory.exports.checking import checked_at
from maskarad.memory.exports.values import FoundChat
from maskarad.memory.history_import import ImportProgress, Stage, import_telegram_history
from maskarad.memory.recall import remembered
from maskarad.texts import Words
from maskarad.values import Bot, Chat, Document, Screen, Value

MOST_CHATS = 200
"""Of an export, that can be chosen from: those with most messages."""

Ask = Callable[[Desk, Visit, Importing], Awaitable[Screen]]


def read(desk: Desk, visit: Visit, form: Importing, document: Document, ask: Ask) -> bool:
    """Begin to read what was sent; in the end `ask` tells what the form asks next. False: an errand is under way."""
    words, number = visit.words, form.number

    async def chats_of_it(tell: Tell) -> tuple[ExportChat, ...]:
        async with desk.exports.fetched(document, _fetching(words, number, tell)) as path:
            found = await checked_at(path, lambda done, total: tell(screens.checking(words, number, done, total)))
        chats = _worth_choosing(found.chats)
        if not chats:
            raise ExportRefused("empty", document.name)
        return chats

    async def work(tell: Tell) -> Screen:
        chats: tuple[ExportChat, ...] = ()
        try:
            chats = await chats_of_it(tell)
        finally:
            if not chats:
                await desk.db.write(lambda c: _give_up(c, visit.user.id, form, now=desk.clock()))
        known = await desk.db.write(lambda c: _note(c, visit.user.id, form, chats, now=desk.clock()))
        return await ask(desk, await desk.again(visit), known)

    return desk.errands.start(visit.user.id, number, wording(words, number), lambda tell: _told(words, work(tell)))


class Carrying(Value, frozen=True):
    """A chat of an export, and the link that shall remember it."""

    number: int
    document: Document
    exported: ExportChat
    bot: Bot
    link_id: int
    chat: Chat


def store(desk: Desk, visit: Visit, order: Carrying) -> bool:
    """Begin to store. False: an errand is under way."""
    words, number, exported = visit.words, order.number, order.exported

    async def work(tell: Tell) -> Screen:
        async with desk.exports.fetched(order.document, _fetching(words, number, tell)) as path:
            result = await import_telegram_history(
                desk.db,
                order.link_id,
                path,
                bot=order.bot,
                chat_type=order.chat.type,
                pick=str(exported.id) if exported.id else exported.name or None,
                clock=desk.clock,
                on_progress=_Progress(words, number, tell, desk.clock),
            )
        digest = (await remembered(desk.db, order.link_id, ())).digest
        return screens.done(words, order.bot, order.chat, result, digest, zone_of(desk.time_zone))

    return desk.errands.start(visit.user.id, number, wording(words, number), lambda tell: _told(words, work(tell)))


def wording(words: Words, number: int) -> Wording:
    return Wording(
        begun=screens.begun(words, number),
        cancelled=Screen(html=words.html("importing.cancelled")),
        interrupted=screens.problem(words.html("importing.interrupted")),
        failed=screens.problem(words.html("importing.failed")),
    )


def _fetching(words: Words, number: int, tell: Tell) -> Callable[[int, int], None]:
    return lambda done, total: tell(screens.fetching(words, number, done, total))


class _Progress:
    """What the importer says, as screens."""

    def __init__(self, words: Words, number: int, tell: Tell, clock: Callable[[], float]) -> None:
        self._words = words
        self._number = number
        self._tell = tell
        self._clock = clock
        self._storing_since: float | None = None

    def __call__(self, progress: ImportProgress) -> None:
        done, total = progress.done, progress.total
        if progress.stage is Stage.CHECKING:
            self._tell(screens.checking(self._words, self._number, done, total))
            return
        now = self._clock()
        if self._storing_since is None:
            self._storing_since = now
        rate = done / max(now - self._storing_since, 1e-3)
        self._tell(screens.storing(self._words, self._number, done, total, rate))


def _worth_choosing(found: list[FoundChat]) -> tuple[ExportChat, ...]:
    telling = [
        ExportChat(id=each.chat.id, name=each.chat.name, messages=each.messages - each.skipped)
        for each in found
        if each.messages > each.skipped
    ]
    return tuple(sorted(telling, key=lambda chat: -chat.messages)[:MOST_CHATS])


def _give_up(connection: Connection, user_id: int, asked: Importing, *, now: float) -> None:
    """What could not be read asks nothing."""
    with suppress(Stale):
        forms.leave(connection, user_id, asked, now=now)


def _note(
    connection: Connection, user_id: int, asked: Importing, chats: tuple[ExportChat, ...], *, now: float
) -> Importing:
    """Raises Stale when something else is asked by now."""
    form = forms.load_for_change(connection, user_id)
    if not isinstance(form, Importing) or form.question != asked.question:
        raise Stale
    known = msgspec.structs.replace(form, chats=chats)
    forms.save(connection, user_id, known, now=now)
    return known


async def _told(words: Words, work: Awaitable[Screen]) -> Screen:
    """What is shown when it is over, whatever the work came to."""
    try:
        return await work
    except ExportRefused as refused:
        sentence = words.html(f"importing.refused.{refused.reason}", **refused.values)
    except FileTooBig as error:
        key = "importing.too_big_for_bots" if error.telegrams else "importing.too_big"
        sentence = words.html(key, most=error.most_bytes // 2**20)
    except (TelegramUnreachable, Flooded):
        sentence = words.html("importing.unreachable")
    except TelegramError:
        sentence = words.html("importing.not_given")
    except DatabaseUnavailable:
        sentence = words.html("importing.interrupted")
    except NotFound:
        sentence = words.html("importing.gone")
    except Stale:
        return Screen(html=words.html("importing.cancelled"))
    return screens.problem(sentence)
