"""Files of what is kept of people: read and sent in the background, one at a time for each person."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from maskarad.errors import DatabaseUnavailable
from maskarad.memory.dossier import File
from maskarad.texts import Words
from maskarad.values import Bot, Screen
from maskarad.values import Sender as Person

log = structlog.get_logger()

MOST_WAITING = 20
"""Files ordered and not yet made, on the whole platform; they are made one after another."""


class Sender(Protocol):
    """Both return at once."""

    async def send_text(self, bot_id: int, chat_id: int, content: Screen) -> object: ...

    async def send_document(self, bot_id: int, chat_id: int, data: bytes, name: str, *, caption: Screen) -> object: ...


class Exporting:
    """`make` is `Dossiers.of`."""

    def __init__(self, make: Callable[[Bot, Person], Awaitable[File]], sender: Sender) -> None:
        self._make = make
        self._sender = sender
        self._under_way: dict[tuple[int, int], asyncio.Task[None]] = {}

    def take(self, bot: Bot, person: Person, words: Words) -> bool:
        """The file goes to the private chat. False: the person's last one is still under way, or too many are."""
        key = (bot.id, person.id)
        if key in self._under_way or len(self._under_way) >= MOST_WAITING:
            return False
        task = self._under_way[key] = asyncio.create_task(self._serve(bot, person, words))
        task.add_done_callback(lambda _: self._under_way.pop(key, None))
        return True

    async def close(self) -> None:
        """What is under way is given up: whoever asked can ask again."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, bot: Bot, person: Person, words: Words) -> None:
        try:
            await self._send(bot, person, words, await self._make(bot, person))
        except DatabaseUnavailable as error:
            log.warning("export_failed", bot_id=bot.id, error=str(error))
            await self._sender.send_text(bot.id, person.id, Screen(html=words.html("me.file_failed")))
        except Exception:
            log.exception("export_failed", bot_id=bot.id)

    async def _send(self, bot: Bot, person: Person, words: Words, file: File) -> None:
        caption = words.html("me.file", count=file.messages)
        if not file.is_whole:
            caption = f"{caption}\n{words.html('me.file_cut')}"
        await self._sender.send_document(
            bot.id, person.id, file.data, f"{bot.username}.json", caption=Screen(html=caption)
        )
