"""The errand of a file of what is kept of somebody: made, and sent to that person's private chat."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

import msgspec

from maskarad.controls.exporting import Addressee, FileOrder
from maskarad.db import bots
from maskarad.db.engine import Database
from maskarad.jobs.held import Ending, Held
from maskarad.memory.dossier import File
from maskarad.texts import Texts
from maskarad.values import Bot, Screen
from maskarad.values import Sender as Person

_read = msgspec.json.Decoder(FileOrder).decode
_read_addressee = msgspec.json.Decoder(Addressee).decode


class Sender(Protocol):
    """Both wait for Telegram and raise TelegramError's subclasses."""

    async def send_text(self, bot_id: int, chat_id: int, content: Screen) -> object: ...

    async def send_document(self, bot_id: int, chat_id: int, data: bytes, name: str, *, caption: Screen) -> object: ...


class HandingOver:
    """Carries out errands of the kind `exporting.KIND`; `make` is `Dossiers.of`. Sent and not yet noted as done when
    the process dies, a file is sent again by the next one."""

    def __init__(
        self, database: Database, make: Callable[[Bot, Person], Awaitable[File]], sender: Sender, texts: Texts
    ) -> None:
        self._database = database
        self._make = make
        self._sender = sender
        self._texts = texts

    async def carry_out(self, held: Held) -> None:
        order = held.read(_read)
        bot = (await self._database.read(partial(bots.get, bot_id=order.bot_id))).bot
        words, person = self._texts.words(order.language), order.person
        file = await self._make(bot, person)
        caption = words.html("me.file", count=file.messages)
        if not file.is_whole:
            caption = f"{caption}\n{words.html('me.file_cut')}"
        await held.send(
            partial(
                self._sender.send_document,
                bot.id,
                person.id,
                file.data,
                f"{bot.username}.json",
                caption=Screen(html=caption),
            )
        )

    async def greet(self, held: Held) -> None:
        """Who has asked knows that it comes by itself."""

    async def end(self, held: Held, ending: Ending) -> None:
        to = held.read(_read_addressee)
        failed = Screen(html=self._texts.words(to.language).html("me.file_failed"))
        await held.send(partial(self._sender.send_text, to.bot_id, to.person_id, failed))
