"""What a persona knows of the people it talks with: read for a turn, stated by them, taken back by them.

All of it is kept in memory in front of the database and dropped when it is written. Redis carries only the news of
what was dropped, never what is known of anybody.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import NamedTuple, Protocol

from maskarad.cache import Cache, Fetched, Ids, Meter, Shared
from maskarad.db import personal
from maskarad.db.engine import Database
from maskarad.memory.people import Declined, Known, PersonNote, noted
from maskarad.memory.preferences import Stated, stated
from maskarad.values import Bot, Chat, ChatType, ClaimedLink, HistoryLine

KNOWN_BYTES = 8_000_000
DECLINED_BYTES = 1_000_000


class Learn(Protocol):
    """As `Learning.learn`."""

    def __call__(self, link_id: int, *, most: int | None = None) -> Awaitable[int]: ...


class Personalization:
    """`learn` brings what was said last in a link into what is known; `lifetime` is the seconds that this stays in
    memory, `clock` gives Unix seconds."""

    def __init__(
        self,
        database: Database,
        learn: Learn,
        *,
        clock: Callable[[], float],
        lifetime: float,
        meter: Meter,
        shared: Shared | None = None,
    ) -> None:
        self._database = database
        self._learn = learn
        self._clock = clock
        news = None if shared is None else _News(shared)
        self._known: Cache[Known] = Cache(
            "known",
            _Together(database).load,
            Known,
            lifetime=lifetime,
            room=KNOWN_BYTES,
            clock=clock,
            meter=meter,
            shared=news,
        )
        self._declined: Cache[Declined] = Cache(
            "declined",
            self._load_declined,
            Declined,
            lifetime=lifetime,
            room=DECLINED_BYTES,
            clock=clock,
            meter=meter,
            shared=news,
        )

    async def people(self, bot: Bot, link: ClaimedLink) -> tuple[PersonNote, ...]:
        """Of everybody who waits for an answer in this link, in the order they began to. What they state in those very
        messages counts already. No statement where all are in memory, else one. Raises DatabaseUnavailable."""
        waiting = [line for line in link.history if line.unread and not line.from_persona and line.sender_id > 0]
        await self._hear(bot, link, waiting)
        names = {line.sender_id: line.sender_name for line in waiting}
        known = await asyncio.gather(*(self.known(bot.persona_id, user_id) for user_id in names))
        return tuple(
            noted(
                each,
                user_id,
                name,
                link_id=link.claim.link_id,
                in_private=link.chat.type is ChatType.PRIVATE,
                time_zone=link.manners.time_zone,
                now=self._clock(),
            )
            for (user_id, name), each in zip(names.items(), known, strict=True)
        )

    async def _hear(self, bot: Bot, link: ClaimedLink, waiting: Sequence[HistoryLine]) -> None:
        in_private = link.chat.type is ChatType.PRIVATE
        for line in waiting:
            if line.is_forwarded or not (in_private or line.addressed):
                continue
            if wishes := stated(line.text):
                await self.state(bot.persona_id, line.sender_id, wishes, link_id=link.claim.link_id)

    async def known(self, persona_id: int, user_id: int) -> Known:
        """All of it, from all chats: not for other people's eyes. Raises DatabaseUnavailable."""
        return await self._known.get(persona_id, user_id)

    async def declined(self, persona_id: int) -> Declined:
        """Who wants no reactions of this persona, or no messages unasked. Raises DatabaseUnavailable."""
        return await self._declined.get(persona_id)

    async def state(self, persona_id: int, user_id: int, wishes: Sequence[Stated], *, link_id: int) -> None:
        """Store what somebody said in a link that they want, or do not want any more. Raises DatabaseUnavailable."""
        now = self._clock()
        await self._database.write(
            lambda connection: personal.state(connection, persona_id, user_id, wishes, link_id=link_id, now=now)
        )
        self.drop(persona_id, user_id)

    async def forget_habits(self, bot: Bot, user_id: int) -> None:
        """Forget how somebody writes; it is learned anew from what they write next. Raises DatabaseUnavailable."""
        for link_id in await self._database.read(partial(personal.unlearned, bot_id=bot.id, user_id=user_id)):
            await self._learn(link_id)
        await self._database.write(partial(personal.forget_habits, bot_id=bot.id, user_id=user_id))
        self.drop(bot.persona_id, user_id)

    async def forget_summary(self, bot: Bot, user_id: int) -> None:
        """Forget what was summed up of their private chat. Raises DatabaseUnavailable."""
        await self._database.write(partial(personal.forget_summary, bot_id=bot.id, user_id=user_id))

    def drop(self, persona_id: int, user_id: int) -> None:
        """To be called right after a commit that changed what is known of somebody."""
        self._known.drop(persona_id, user_id)
        self._declined.drop(persona_id)

    def chat_reset(self, bot: Bot, chat: Chat) -> None:
        """To be called right after a chat was forgotten. Other processes may know for their cache's lifetime how people
        of a group wanted to be called there."""
        if chat.type is ChatType.PRIVATE:
            self.drop(bot.persona_id, chat.id)
        else:
            self.clear()

    def clear(self) -> None:
        """To be called when chats are gone with their bot: their ids may be another's next."""
        self._known.clear()
        self._declined.clear()

    async def _load_declined(self, persona_id: int) -> Declined:
        return await self._database.read(partial(personal.declined, persona_id=persona_id))


class _Asked(NamedTuple):
    user_ids: set[int]
    answer: asyncio.Task[dict[int, Known]]


class _Together:
    """Reads whomever is asked for at one moment in one statement."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asked: dict[int, _Asked] = {}
        # The event loop holds its tasks weakly; one that is done holds what was known of people.
        self._reading: set[asyncio.Task[dict[int, Known]]] = set()

    async def load(self, persona_id: int, user_id: int) -> Known:
        asked = self._asked.get(persona_id)
        if asked is None:
            asked = self._asked[persona_id] = _Asked(set(), asyncio.create_task(self._read(persona_id)))
            self._reading.add(asked.answer)
            asked.answer.add_done_callback(self._reading.discard)
        asked.user_ids.add(user_id)
        found = await asyncio.shield(asked.answer)
        return found.get(user_id, Known())

    async def _read(self, persona_id: int) -> dict[int, Known]:
        user_ids = self._asked.pop(persona_id).user_ids
        return await self._database.read(partial(personal.known, persona_id=persona_id, user_ids=user_ids))


class _News:
    """Of what the processes share only the news of what was dropped."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def follow(self, name: str, forget: Callable[[Ids], None], clear: Callable[[], None]) -> None:
        self._shared.follow(name, forget, clear)

    async def fetch(self, name: str, ids: Ids) -> Fetched | None:
        return None

    async def keep(self, name: str, ids: Ids, body: bytes, *, fence: bytes, read_at: float, lifetime: float) -> None:
        return None

    def drop(self, name: str, ids: Ids) -> None:
        self._shared.drop(name, ids)
