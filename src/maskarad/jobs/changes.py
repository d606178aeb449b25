"""What other processes (the command line among them) changed: looked for every few seconds, by indexed times."""

import asyncio
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress

import structlog

from maskarad.cache import Shared
from maskarad.db import Connection, bots, personas, stops
from maskarad.db.engine import Database
from maskarad.errors import WrongSecretKey
from maskarad.values import Bot, StoredBot, Token, Value, WebhookIdentity

log = structlog.get_logger()

INTERVAL = 2.0
"""Seconds between two looks when nothing is announced."""

NEWS = "changes"
"""What processes that share a Redis call the news that a bot or persona has changed."""

OVERLAP = 120.0
"""Seconds looked back beyond the last look, so that neither a slow transaction nor a clock that is behind hides a
change: the command line stamps what it does with its machine's."""


class Look(Value, frozen=True):
    """What one look has found: `present` are the ids of all bots, `personas` versions and owners by id."""

    changed: list[StoredBot]
    present: set[int]
    personas: dict[int, tuple[int, int]]
    stopped_users: frozenset[int]


class Changes:
    """Calls the hooks for every bot and persona that is new or has another version than last time; `on_bot_gone` and
    `on_persona` get its id and its owner's. `stopped_users` are the people whom operators have stopped, as of the last
    look; an operator is never one of them, also if stopped before becoming one."""

    def __init__(
        self,
        database: Database,
        *,
        open_token: Callable[[str], Token],
        on_bot: Callable[[Bot, Token, WebhookIdentity], None],
        on_bot_gone: Callable[[int, int], None],
        on_persona: Callable[[int, int], None],
        clock: Callable[[], float],
        shared: Shared | None = None,
        operators: Collection[int] = (),
    ) -> None:
        self._database = database
        self._open_token = open_token
        self._on_bot = on_bot
        self._on_bot_gone = on_bot_gone
        self._on_persona = on_persona
        self._clock = clock
        self._bots: dict[int, Bot] = {}
        self._personas: dict[int, int] = {}
        self.stopped_users: frozenset[int] = frozenset()
        self._looked_at = 0.0
        self._announced = asyncio.Event()
        self._shared = shared
        self._operators = frozenset(operators)
        if shared is not None:
            shared.follow(NEWS, lambda _ids: self._announced.set(), self._announced.set)

    async def load(self) -> int:
        """Everything there is, at the start. Returns the number of bots. Raises WrongSecretKey."""
        self._looked_at = self._clock()
        found, stopped = await self._database.read(
            lambda connection: (bots.everyone(connection), stops.stopped_users(connection))
        )
        self.stopped_users = stopped - self._operators
        for stored in found:
            self._serve(stored)
        return len(found)

    def announce(self) -> None:
        """This process has changed something: it looks at once, and so does every other that shares a Redis."""
        self._announced.set()
        if self._shared is not None:
            self._shared.drop(NEWS, (0,))

    async def follow(self) -> None:
        """The next look: at once after an announcement, else when it is time."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._announced.wait(), INTERVAL)
        self._announced.clear()
        await self.look()

    async def look(self) -> None:
        now, since = self._clock(), self._looked_at - OVERLAP

        def read(connection: Connection) -> Look:
            present = bots.ids(connection)
            changed = bots.changed_since(connection, since)
            # One that is not known and did not change lately was added by a machine whose clock is behind.
            unknown = present - self._bots.keys() - {stored.bot.id for stored in changed}
            changed += [bots.get(connection, bot_id) for bot_id in unknown]
            return Look(
                changed=changed,
                present=present,
                personas=personas.changed_since(connection, since),
                stopped_users=stops.stopped_users(connection),
            )

        found = await self._database.read(read)
        self._looked_at = now
        self.stopped_users = found.stopped_users - self._operators
        self._follow_personas(found.personas)
        self._follow_bots(found.changed)
        for gone in self._bots.keys() - found.present:
            self._on_bot_gone(gone, self._bots.pop(gone).owner_id)

    def _follow_bots(self, changed: Iterable[StoredBot]) -> None:
        for stored in changed:
            known = self._bots.get(stored.bot.id)
            if known is None or known.version != stored.bot.version:
                try:
                    self._serve(stored)
                except WrongSecretKey as error:
                    log.error("bot_not_served", bot_id=stored.bot.id, error=str(error))

    def _serve(self, stored: StoredBot) -> None:
        self._bots[stored.bot.id] = stored.bot
        self._on_bot(stored.bot, self._open_token(stored.token), stored.webhook)

    def _follow_personas(self, versions: dict[int, tuple[int, int]]) -> None:
        for persona_id, (version, owner_id) in versions.items():
            if self._personas.get(persona_id) != version:
                self._personas[persona_id] = version
                self._on_persona(persona_id, owner_id)
