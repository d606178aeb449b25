"""What a persona remembers when it is spoken to: one read, and only where there is something to remember."""

from collections.abc import Awaitable, Callable, Iterable

import msgspec

from maskarad.db import recall
from maskarad.db.engine import Database
from maskarad.memory.people import PersonNote
from maskarad.memory.remembered import Remembered
from maskarad.memory.terms import stems_of, term
from maskarad.values import Bot, ClaimedLink

People = Callable[[Bot, ClaimedLink], Awaitable[tuple[PersonNote, ...]]]


class Recall:
    """`people` tells of those who are to be answered; it keeps what it knows in memory."""

    def __init__(self, database: Database, *, people: People) -> None:
        self._database = database
        self._people = people

    async def for_turn(self, bot: Bot, link: ClaimedLink) -> Remembered:
        """What is remembered of the chat for its unread lines. Raises DatabaseUnavailable."""
        people = await self._people(bot, link)
        if link.messages <= len(link.history):
            return Remembered(people=people)
        asked = (line.text for line in reversed(link.history) if line.unread)
        return msgspec.structs.replace(await remembered(self._database, link.claim.link_id, asked), people=people)


async def remembered(database: Database, link_id: int, texts: Iterable[str]) -> Remembered:
    """The link's summary and digest, and older lines that have to do with these texts, the first of which count most.
    Raises DatabaseUnavailable."""
    terms = [term(link_id, stem) for stem in _telling(texts)]
    return await database.read(lambda connection: recall.find(connection, link_id, terms))


def _telling(texts: Iterable[str]) -> list[str]:
    """Long words tell more than short ones."""
    found: dict[str, None] = {}
    for text in texts:
        found |= dict.fromkeys(sorted(stems_of(text), key=len, reverse=True))
        if len(found) >= recall.MOST_TERMS:
            break
    return list(found)[: recall.MOST_TERMS]
