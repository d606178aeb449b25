"""What the way of a message reads of the database, kept in memory: personas ready to speak, and links."""

from collections.abc import Callable

from maskarad.cache import Cache
from maskarad.db import links, personas
from maskarad.db.engine import Database
from maskarad.turn.prompt import MoodText, Speaker, compile_speaker
from maskarad.values import Bot, Chat, Link, Persona


class Personas:
    """Each persona with its compiled prompt. Raises NotFound for one that was deleted."""

    def __init__(self, database: Database, mood_text: MoodText, *, lifetime: float, clock: Callable[[], float]) -> None:
        async def load(persona_id: int) -> Speaker:
            persona = await database.read(lambda connection: personas.get(connection, persona_id))
            return compile_speaker(persona, mood_text)

        self._cache = Cache(load, lifetime=lifetime, clock=clock)

    async def speaker(self, persona_id: int) -> Speaker:
        return await self._cache.get(persona_id)

    async def persona(self, persona_id: int) -> Persona:
        return (await self._cache.get(persona_id)).persona

    def drop(self, persona_id: int) -> None:
        self._cache.drop(persona_id)


class Links:
    """The link of a bot and a chat, made on the first message."""

    def __init__(self, database: Database, *, lifetime: float, clock: Callable[[], float]) -> None:
        async def load(key: tuple[int, int]) -> Link | None:
            return await database.read(lambda connection: links.find(connection, *key))

        self._database = database
        self._clock = clock
        self._cache = Cache(load, lifetime=lifetime, clock=clock, most=50_000)

    async def find(self, bot: Bot, chat: Chat) -> Link | None:
        return await self._cache.get((bot.id, chat.id))

    async def ensure(self, bot: Bot, chat: Chat) -> Link:
        """Raises NotFound when the bot was unbound meanwhile."""
        found = await self.find(bot, chat)
        if found is not None:
            return found
        now = self._clock()
        link = await self._database.write(lambda connection: links.find_or_add(connection, bot.id, chat, now=now))
        self._cache.put((bot.id, chat.id), link)
        return link

    def drop(self, bot_id: int, chat_id: int) -> None:
        self._cache.drop((bot_id, chat_id))
