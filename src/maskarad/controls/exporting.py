"""Files of what is kept of people are ordered here, as errands; `controls/handing_over.py` carries them out."""

import msgspec

from maskarad.db.errands import NewErrand, in_chat
from maskarad.jobs.ordering import Ordering
from maskarad.values import Bot, Sender, Value

KIND = "file"

MOST_WAITING = 100
"""Files ordered and not yet made, on the whole platform; each process makes one after another."""

_encode = msgspec.json.Encoder().encode


class Addressee(Value, frozen=True):
    """What is to be known of any file."""

    bot_id: int
    person_id: int
    language: str


class FileOrder(Addressee, frozen=True):
    """All that a bot's persona keeps of a person, for the private chat with that person. `name` and `username` are how
    they were called when they asked."""

    name: str
    username: str | None = None

    @property
    def person(self) -> Sender:
        return Sender(id=self.person_id, name=self.name, username=self.username)


class Exporting(Ordering):
    async def take(self, bot: Bot, person: Sender, language: str) -> bool:
        """False: the person's last one is still under way, or too many are. Raises DatabaseUnavailable."""
        order = FileOrder(
            bot_id=bot.id, person_id=person.id, language=language, name=person.name, username=person.username
        )
        place, payload = in_chat(bot.id, person.id), _encode(order).decode()
        new = NewErrand(kind=KIND, place=place, owner_id=bot.owner_id, payload=payload)
        return await self.order(new, most=MOST_WAITING)
