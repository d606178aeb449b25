"""The door: a message is checked, judged and stored in one transaction; then, and only then, Telegram may forget it."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from maskarad.db import Connection, hearing, history, users
from maskarad.db.engine import Database
from maskarad.db.hearing import Judge, Waits
from maskarad.errors import NotFound
from maskarad.intake.access import may_talk
from maskarad.intake.judging import Certain, Judging
from maskarad.jobs.bells import RingQueue
from maskarad.recent import Recent
from maskarad.texts import language_for
from maskarad.values import Bot, Chat, Incoming, Link, Queue, Sender

MOST_MET = 10_000
MET_FOR = 86_400.0
"""People, and for how many seconds, remembered as met; whoever drops out is stored once more."""

RingToWeigh = Callable[[int, int], None]
"""Wake whoever weighs what was left unweighed in a link: (link id, bot id). It may be lost, too."""


class Links(Protocol):
    """The link of a bot and a chat; `ensure` makes it and raises NotFound when the bot is gone."""

    async def find(self, bot: Bot, chat: Chat) -> Link | None: ...

    async def ensure(self, bot: Bot, chat: Chat) -> Link: ...

    def drop(self, bot_id: int, chat_id: int) -> None: ...


class Intake:
    """`gather` is how many seconds a turn waits for more of the same person's messages. `ring_to_weigh` is for the
    judging of a process without the analyser; others leave nothing unweighed."""

    def __init__(
        self,
        database: Database,
        judging: Judging,
        *,
        links: Links,
        turn_away: Callable[[Bot, Incoming], Awaitable[None]],
        ring: RingQueue,
        ring_to_weigh: RingToWeigh | None = None,
        clock: Callable[[], float],
        gather: float,
        default_language: str,
    ) -> None:
        self._database = database
        self._judging = judging
        self._links = links
        self._turn_away = turn_away
        self._ring = ring
        self._ring_to_weigh = ring_to_weigh
        self._clock = clock
        self._gather = gather
        self._default_language = default_language
        self._met: Recent[Sender, None] = Recent(seconds=MET_FOR, most=MOST_MET, clock=clock)

    async def accept(self, bot: Bot, message: Incoming) -> None:
        """Returns when the message is durably stored, or is known not to be wanted; the same message twice changes
        nothing. Raises DatabaseUnavailable, AlreadySeen, NotFound (the bot is gone)."""
        if message.sender.id == bot.telegram_id:
            return
        if not may_talk(bot, message.sender):
            await self._turn_away(bot, message)
            return
        if message.edited_at is not None:
            await self._correct(bot, message, message.edited_at)
            return
        try:
            await self._store(bot, message)
        except NotFound:
            # The link in memory is not there any more: the group has moved, or the bot was bound anew.
            self._links.drop(bot.id, message.chat.id)
            await self._store(bot, message)

    async def _correct(self, bot: Bot, message: Incoming, edited_at: float) -> None:
        link = await self._links.find(bot, message.chat)
        if link is not None:
            await self._database.write(
                lambda connection: history.edit(connection, link.id, message, edited_at=edited_at)
            )

    async def _store(self, bot: Bot, message: Incoming) -> None:
        link = await self._links.ensure(bot, message.chat)
        now = self._clock()
        judged = await self._judging.judge(bot, message, now)
        waits = await self._write(message, lambda connection: self._keep(connection, link, message, judged, now))
        if waits is not Waits.WEIGHING:
            wake(self._ring, waits, link.id, bot.id, gather=self._gather)
        elif self._ring_to_weigh is not None:
            self._ring_to_weigh(link.id, bot.id)

    def _keep(
        self, connection: Connection, link: Link, message: Incoming, judged: Judge | Certain, now: float
    ) -> Waits:
        """Store the message as judged."""
        due_at = now + self._gather
        if not isinstance(judged, Certain):
            return hearing.hear(connection, link.id, message, judged, due_at=due_at, now=now)
        is_asked = hearing.ask(connection, link.id, message, due_at=due_at, decision=judged.decision)
        return Waits.TURN if is_asked else Waits.NOTHING

    async def _write(self, message: Incoming, store: Callable[[Connection], Waits]) -> Waits:
        """Store a message, and its sender with it when this process has not met that person lately: an owner can let
        in by @username whomever the platform knows."""
        sender = message.sender
        if sender.is_bot or sender.id <= 0 or sender in self._met:
            return await self._database.write(store)

        def store_and_remember(connection: Connection) -> Waits:
            stored = store(connection)
            language = language_for(sender.language, self._default_language)
            users.remember(connection, sender, language=language, now=self._clock())
            return stored

        stored = await self._database.write(store_and_remember)
        self._met.put(sender, None)
        return stored


def wake(ring: RingQueue, waits: Waits, link_id: int, bot_id: int, *, gather: float) -> None:
    """Tell whoever does what a message waits for."""
    match waits:
        case Waits.TURN:
            ring(Queue.TURNS, link_id, bot_id, gather)
        case Waits.DELIVERY:
            ring(Queue.DELIVERY, link_id, bot_id, 0.0)
