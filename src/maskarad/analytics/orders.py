"""Pictures are ordered here, as errands: of a chat, or of what somebody owns. `drawing` carries them out."""

from collections.abc import Callable
from functools import partial

import msgspec

from maskarad.db import errands
from maskarad.db.engine import Database
from maskarad.db.errands import NewErrand
from maskarad.values import Value

KIND = "picture"

MOST_WAITING = 100
"""Pictures ordered and not yet drawn, on the whole platform; each process draws one after another."""

_encode = msgspec.json.Encoder().encode


class Place(Value, frozen=True):
    """Where a picture goes."""

    bot_id: int
    chat_id: int
    reply_to: int | None = None


class OfChat(Value, frozen=True, tag="chat"):
    """`title` is what the chat, or in private the persona, is called."""

    link_id: int
    persona: str
    title: str


class OfOwner(Value, frozen=True, tag="owner"):
    """Of one of the owner's personas; 0: of all of them."""

    owner_id: int
    persona_id: int


class Picture(Value, frozen=True):
    """The words are made in `language` when it is drawn."""

    place: Place
    subject: OfChat | OfOwner
    language: str


class Orders:
    """`ring` tells whoever carries out errands."""

    def __init__(self, database: Database, *, ring: Callable[[int], None], clock: Callable[[], float]) -> None:
        self._database = database
        self._ring = ring
        self._clock = clock

    async def take(self, picture: Picture, *, owner_id: int) -> bool:
        """False: the chat's last picture is still under way, or too many are. `owner_id` is who waits when others do.
        Raises DatabaseUnavailable."""
        place = f"{picture.place.bot_id}:{picture.place.chat_id}"
        new = NewErrand(kind=KIND, place=place, owner_id=owner_id, payload=_encode(picture).decode())
        errand_id = await self._database.write(partial(errands.order, new=new, most=MOST_WAITING, now=self._clock()))
        if errand_id is not None:
            self._ring(errand_id)
        return errand_id is not None
