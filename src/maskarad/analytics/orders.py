"""Pictures that nobody waits for: read, drawn and sent in the background, chat by chat."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from maskarad.analytics.order import Order
from maskarad.analytics.painter import PictureFailed
from maskarad.errors import DatabaseUnavailable, NotFound
from maskarad.values import Screen, Value

log = structlog.get_logger()

MOST_WAITING = 20
"""Pictures ordered and not yet drawn, on the whole platform; they are drawn one after another."""


class Sender(Protocol):
    """Both return at once."""

    async def send_text(self, bot_id: int, chat_id: int, content: Screen, *, reply_to: int | None = None) -> object: ...

    async def send_photo(
        self, bot_id: int, chat_id: int, picture: bytes, *, caption: Screen, reply_to: int | None = None
    ) -> object: ...


class Place(Value, frozen=True):
    """Where a picture goes."""

    bot_id: int
    chat_id: int
    reply_to: int | None = None


class Wording(Value, frozen=True):
    """What is said with the picture, and what in its place when there is none."""

    caption: Screen
    failed: Screen


class Orders:
    """`noted` hears how each picture ended (drawn, late, died, refused, unread) and after how many seconds."""

    def __init__(
        self,
        draw: Callable[[Order], Awaitable[bytes]],
        sender: Sender,
        *,
        noted: Callable[[str, float], None],
        clock: Callable[[], float],
    ) -> None:
        self._draw = draw
        self._sender = sender
        self._noted = noted
        self._clock = clock
        self._under_way: dict[tuple[int, int], asyncio.Task[None]] = {}

    def take(self, place: Place, read: Callable[[], Awaitable[Order]], wording: Wording) -> bool:
        """False: the chat's last picture is still under way, or too many are."""
        key = (place.bot_id, place.chat_id)
        if key in self._under_way or len(self._under_way) >= MOST_WAITING:
            return False
        task = self._under_way[key] = asyncio.create_task(self._serve(place, read, wording))
        task.add_done_callback(lambda _: self._under_way.pop(key, None))
        return True

    async def close(self) -> None:
        """What is under way is given up: whoever asked can ask again."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, place: Place, read: Callable[[], Awaitable[Order]], wording: Wording) -> None:
        began_at = self._clock()
        try:
            picture = await self._draw(await read())
        except (PictureFailed, DatabaseUnavailable, NotFound) as error:
            result = error.reason if isinstance(error, PictureFailed) else "unread"
            log.warning("picture_failed", bot_id=place.bot_id, error=str(error))
            await self._sender.send_text(place.bot_id, place.chat_id, wording.failed, reply_to=place.reply_to)
        except Exception:
            result = "refused"
            log.exception("picture_failed", bot_id=place.bot_id)
        else:
            result = "drawn"
            await self._sender.send_photo(
                place.bot_id, place.chat_id, picture, caption=wording.caption, reply_to=place.reply_to
            )
        self._noted(result, self._clock() - began_at)
