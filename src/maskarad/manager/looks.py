"""The errand of looking into what was sent: which chats are in it, and what is asked about them."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

import msgspec

from maskarad.db import Connection
from maskarad.errors import ExportRefused
from maskarad.jobs.held import Held
from maskarad.manager import forms, places
from maskarad.manager.asking import question
from maskarad.manager.bulletin import Tell
from maskarad.manager.carrying_in import Import, Means, fetching
from maskarad.manager.endings import Asked, Came
from maskarad.manager.errands import Looking, read_looking
from maskarad.manager.forms import ExportChat, Importing, Stale
from maskarad.manager.screens import carrying_in as screens
from maskarad.memory.exports.checking import checked_at
from maskarad.memory.exports.values import FoundChat
from maskarad.texts import Words
from maskarad.values import Account, Screen

MOST_CHATS = 200
"""Of an export, that can be chosen from: those with most messages."""


class Looks(Import[Looking]):
    """`accounts` gives what a person owns, `asked` knows who is in charge of a group."""

    def __init__(self, means: Means, *, accounts: Callable[[int], Awaitable[Account]], asked: places.Asked) -> None:
        super().__init__(means)
        self._accounts = accounts
        self._asked = asked

    def _read(self, held: Held) -> Looking:
        return held.read(read_looking)

    async def _work(self, what: Looking, words: Words, tell: Tell) -> Came:
        form = await self._form(what)
        if form is None:
            raise Stale
        if not form.chats:
            chats = await self._chats(what, words, tell)
            await self._database.write(lambda c: _note(c, what, chats, now=self._means.clock()))
        return Asked()

    async def _chats(self, what: Looking, words: Words, tell: Tell) -> tuple[ExportChat, ...]:
        number = what.number
        async with self._means.exports.fetched(what.document, fetching(words, number, tell)) as path:
            found = await checked_at(path, lambda done, total: tell(screens.checking(words, number, done, total)))
        chats = _worth_choosing(found.chats)
        if not chats:
            raise ExportRefused("empty", what.document.name)
        return chats

    async def _screen(self, what: Looking, words: Words, came: Came) -> Screen | None:
        form = await self._form(what)
        if form is None:
            return None
        account = await self._accounts(what.user_id)
        return await question(self._database, self._asked, account, words, form)

    async def _given_up(self, what: Looking) -> None:
        """What could not be read asks nothing."""

        def leave(connection: Connection) -> None:
            with suppress(Stale):
                forms.leave(connection, what.user_id, _question_of(what), now=self._means.clock())

        await self._database.write(leave)

    async def _form(self, what: Looking) -> Importing | None:
        return await self._database.read(lambda c: _asked_in(forms.load(c, what.user_id), what))


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


def _note(connection: Connection, what: Looking, chats: tuple[ExportChat, ...], *, now: float) -> None:
    """Raises Stale when something else is asked by now."""
    form = _asked_in(forms.load_for_change(connection, what.user_id), what)
    if form is None:
        raise Stale
    forms.save(connection, what.user_id, msgspec.structs.replace(form, chats=chats), now=now)
