"""Pictures are ordered here, as errands: of a chat, or of what somebody owns. `drawing` carries them out."""

import msgspec

from maskarad.db.errands import NewErrand, in_chat
from maskarad.jobs.ordering import Ordering
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


class Addressee(Value, frozen=True):
    """What is to be known of any picture. The words are made in `language` when it is drawn."""

    place: Place
    language: str


class Picture(Addressee, frozen=True):
    subject: OfChat | OfOwner


class Orders(Ordering):
    async def take(self, picture: Picture, *, owner_id: int) -> bool:
        """False: the chat's last picture is still under way, or too many are. `owner_id` is who waits when others do.
        Raises DatabaseUnavailable."""
        place = in_chat(picture.place.bot_id, picture.place.chat_id)
        new = NewErrand(kind=KIND, place=place, owner_id=owner_id, payload=_encode(picture).decode())
        return await self.order(new, most=MOST_WAITING)
