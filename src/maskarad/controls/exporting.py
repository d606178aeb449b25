"""Files of what is kept of people are ordered here, as errands; `controls/handing_over.py` carries them out."""

from collections.abc import Callable
from functools import partial

import msgspec

from maskarad.db import errands
from maskarad.db.engine import Database
from maskarad.db.errands import NewErrand
from maskarad.values import Bot, Sender, Value

KIND = "file"

MOST_WAITING = 100
"""Files ordered and not yet made, on the whole platform; each process makes one after another."""

_encode = msgspec.json.Encoder().encode


class FileOrder(Value, frozen=True):
    """All that a bot's persona keeps of a person, for the private chat with that person."""

    bot: Bot
    person: Sender
    language: str


class Exporting:
    """`ring` tells whoever carries out errands."""

    def __init__(self, database: Database, *, ring: Callable[[int], None], clock: Callable[[], float]) -> None:
        self._database = database
        self._ring = ring
        self._clock = clock

    async def take(self, bot: Bot, person: Sender, language: str) -> bool:
        """False: the person's last one is still under way, or too many are. Raises DatabaseUnavailable."""
        # Who is invited has nothing to do with the file.
        bot = msgspec.structs.replace(bot, whitelist=frozenset())
        payload = _encode(FileOrder(bot=bot, person=person, language=language)).decode()
        new = NewErrand(kind=KIND, place=_place(bot, person.id), owner_id=bot.owner_id, payload=payload)
        errand_id = await self._database.write(partial(errands.order, new=new, most=MOST_WAITING, now=self._clock()))
        if errand_id is not None:
            self._ring(errand_id)
        return errand_id is not None

    async def drop(self, bot: Bot, user_id: int) -> None:
        """Send this person no file. Raises DatabaseUnavailable."""
        await self._database.write(partial(errands.drop, kind=KIND, place=_place(bot, user_id)))


def _place(bot: Bot, user_id: int) -> str:
    return f"{bot.id}:{user_id}"
