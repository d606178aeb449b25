"""What the hot paths know without asking the database: accounts, personas ready to speak, and links.

Who may talk to a bot is not here: it is decided from the bot itself, which every process holds (`telegram/bots.py`).
"""

from collections.abc import Callable
from functools import partial

from maskarad.cache import Cache, Shared
from maskarad.db import links, personas, users
from maskarad.db.engine import Database
from maskarad.errors import NotFound
from maskarad.metrics import Metrics
from maskarad.turn.prompt import MoodText, Speaker, compile_speaker
from maskarad.values import Account, Bot, Chat, Link, Persona

ACCOUNT_BYTES = 8_000_000
SPEAKER_BYTES = 8_000_000
LINK_BYTES = 2_000_000
"""How much of each is held at most (`Cache`)."""


class Personas:
    """Each persona with its compiled prompt. Raises NotFound for one that was deleted."""

    def __init__(self, speakers: Cache[Speaker]) -> None:
        self._speakers = speakers

    async def speaker(self, persona_id: int) -> Speaker:
        return await self._speakers.get(persona_id)

    async def persona(self, persona_id: int) -> Persona:
        return (await self._speakers.get(persona_id)).persona

    def drop(self, persona_id: int) -> None:
        self._speakers.drop(persona_id)


class Links:
    """The link of a bot and a chat, made on the first message."""

    def __init__(self, database: Database, cache: Cache[Link], *, clock: Callable[[], float]) -> None:
        self._database = database
        self._cache = cache
        self._clock = clock

    async def find(self, bot: Bot, chat: Chat) -> Link | None:
        try:
            return await self._cache.get(bot.id, chat.id)
        except NotFound:
            return None

    async def ensure(self, bot: Bot, chat: Chat) -> Link:
        """Raises NotFound when the bot was unbound meanwhile."""
        found = await self.find(bot, chat)
        if found is not None:
            return found
        now = self._clock()
        # Not kept as it was added: somebody may change it before this is resumed.
        return await self._database.write(lambda connection: links.find_or_add(connection, bot.id, chat, now=now))

    def drop(self, bot_id: int, chat_id: int) -> None:
        self._cache.drop(bot_id, chat_id)


class Snapshots:
    """All of them, for one process. Lifetimes are seconds."""

    def __init__(
        self,
        database: Database,
        mood_text: MoodText,
        *,
        account_lifetime: float,
        persona_lifetime: float,
        link_lifetime: float,
        clock: Callable[[], float],
        metrics: Metrics,
        shared: Shared | None = None,
    ) -> None:
        async def load_account(user_id: int) -> Account:
            account = await database.read(lambda connection: users.load_account(connection, user_id))
            if account is None:
                raise NotFound(f"there is no user {user_id}")
            return account

        async def load_speaker(persona_id: int) -> Speaker:
            persona = await database.read(lambda connection: personas.get(connection, persona_id))
            return compile_speaker(persona, mood_text)

        async def load_link(bot_id: int, chat_id: int) -> Link:
            link = await database.read(lambda connection: links.find(connection, bot_id, chat_id))
            if link is None:
                raise NotFound(f"bot {bot_id} has no link to chat {chat_id}")
            return link

        make = partial(Cache, clock=clock, shared=shared)
        self.accounts: Cache[Account] = make(
            "user", load_account, Account, lifetime=account_lifetime, room=ACCOUNT_BYTES, meter=metrics.cache("user")
        )
        """By user id, one statement each. Raises NotFound for somebody the platform does not know."""
        speakers: Cache[Speaker] = make(
            "persona",
            load_speaker,
            Speaker,
            lifetime=persona_lifetime,
            room=SPEAKER_BYTES,
            meter=metrics.cache("persona"),
        )
        self.personas = Personas(speakers)
        self.links = Links(
            database,
            make("link", load_link, Link, lifetime=link_lifetime, room=LINK_BYTES, meter=metrics.cache("link")),
            clock=clock,
        )

    def persona_changed(self, persona_id: int, owner_id: int) -> None:
        """To be called right after the commit."""
        self.personas.drop(persona_id)
        self.accounts.drop(owner_id)
