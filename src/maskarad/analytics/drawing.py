"""The errand of a picture: read, drawn, and sent."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

import msgspec
import structlog

from maskarad.analytics.order import Order
from maskarad.analytics.orders import Addressee, OfChat, Picture, Place
from maskarad.analytics.painter import PictureFailed
from maskarad.analytics.reading import Setting, chat_order, owner_order
from maskarad.analytics.wording import isolated
from maskarad.db.engine import Database
from maskarad.errors import NotFound
from maskarad.jobs.held import Ending, Held
from maskarad.texts import Texts, Words
from maskarad.values import Account, Screen

log = structlog.get_logger()

_read = msgspec.json.Decoder(Picture).decode
_read_addressee = msgspec.json.Decoder(Addressee).decode


class Sender(Protocol):
    """Both wait for Telegram and raise TelegramError's subclasses."""

    async def send_text(self, bot_id: int, chat_id: int, content: Screen, *, reply_to: int | None = None) -> object: ...

    async def send_photo(
        self, bot_id: int, chat_id: int, picture: bytes, *, caption: Screen, reply_to: int | None = None
    ) -> object: ...


class Drawing:
    """Carries out errands of the kind `orders.KIND`. Sent and not yet noted as done when the process dies, a picture is
    sent again by the next one."""

    def __init__(
        self,
        database: Database,
        draw: Callable[[Order], Awaitable[bytes]],
        sender: Sender,
        texts: Texts,
        *,
        accounts: Callable[[int], Awaitable[Account]],
        learn: Callable[[int], Awaitable[object]],
        noted: Callable[[str, float], None],
        clock: Callable[[], float],
        stopwatch: Callable[[], float],
        zone: str,
    ) -> None:
        """`draw` is the painter's. `accounts` gives what a person owns, `learn` brings what was said last in a link
        into its statistics. `noted` hears how each picture ended (drawn, late, died, refused, unread) and after how
        many seconds of the `stopwatch`. `zone` (an IANA name) is the clock of chats that have chosen none."""
        self._database = database
        self._draw = draw
        self._sender = sender
        self._texts = texts
        self._accounts = accounts
        self._learn = learn
        self._noted = noted
        self._clock = clock
        self._stopwatch = stopwatch
        self._zone = zone

    async def carry_out(self, held: Held) -> None:
        picture = held.read(_read)
        words, place, began_at = self._texts.words(picture.language), picture.place, self._stopwatch()
        try:
            order = await self._read(picture, words)
            drawn = await self._draw(order)
        except (PictureFailed, NotFound) as error:
            result = error.reason if isinstance(error, PictureFailed) else "unread"
            log.warning("picture_failed", bot_id=place.bot_id, error=str(error))
            await self._apologise(held, place, words)
        else:
            result = "drawn"
            caption = Screen(html=words.html("analytics.caption", title=_title(picture, order, words)))
            await held.send(
                partial(
                    self._sender.send_photo,
                    place.bot_id,
                    place.chat_id,
                    drawn,
                    caption=caption,
                    reply_to=place.reply_to,
                )
            )
        self._noted(result, self._stopwatch() - began_at)

    async def greet(self, held: Held) -> None:
        """Who has asked was told that it is being drawn."""

    async def end(self, held: Held, ending: Ending) -> None:
        self._noted("refused", 0.0)
        addressee = held.read(_read_addressee)
        await self._apologise(held, addressee.place, self._texts.words(addressee.language))

    async def _read(self, picture: Picture, words: Words) -> Order:
        setting, subject = Setting(now=self._clock(), zone=self._zone), picture.subject
        if isinstance(subject, OfChat):
            await self._learn(subject.link_id)
            return await chat_order(self._database, subject.link_id, subject.persona, words, setting)
        names = {each.persona.id: each.persona.name for each in (await self._accounts(subject.owner_id)).owned}
        if subject.persona_id and subject.persona_id not in names:
            raise NotFound(f"there is no persona {subject.persona_id}")
        return await owner_order(self._database, subject.owner_id, names, subject.persona_id or None, words, setting)

    async def _apologise(self, held: Held, place: Place, words: Words) -> None:
        failed = Screen(html=words.html("analytics.not_drawn"))
        await held.send(partial(self._sender.send_text, place.bot_id, place.chat_id, failed, reply_to=place.reply_to))


def _title(picture: Picture, order: Order, words: Words) -> str:
    return isolated(picture.subject.title) if isinstance(picture.subject, OfChat) else order.labels.title
