"""The running Telegram: the world and what moves in it (mailboxes, events, pending button presses)."""

import asyncio
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec

from maskarad.sandbox.refusal import Refused
from maskarad.sandbox.ring import Bell, Ring
from maskarad.sandbox.updates import Mailbox
from maskarad.sandbox.world import Body, Bot, Chat, World

EVENTS_KEPT = 50_000
QUERY_SECONDS = 60.0
"""How long a button press can be answered. Telegram does not say; clients give up after about that time."""

Clock = Callable[[], float]


class Answer(msgspec.Struct, frozen=True):
    text: str | None = None
    show_alert: bool = False
    url: str | None = None


class Press(msgspec.Struct):
    """A button press on its way to being answered."""

    bot: int
    person: int
    chat_key: str
    message_id: int
    at: float
    answer: asyncio.Future[Answer]


class Telegram:
    """One world, running. `changes` rings with every change that is to be saved; `closing` is set at the end."""

    def __init__(self, world: World, clock: Clock = time.time) -> None:
        self.world = world
        self.clock = clock
        self.events: Ring[Body] = Ring(EVENTS_KEPT, world.event_seq)
        self.presses: dict[str, Press] = {}
        self.closing = asyncio.Event()
        self.changes = Bell()
        self.watch_webhook: Callable[[Mailbox], None] = lambda mailbox: None
        self._mailboxes: dict[int, Mailbox] = {}
        self._tokens: dict[str, int] = {bot.token: bot.id for bot in world.bots.values()}

    def now(self) -> int:
        return int(self.clock())

    def touch(self) -> None:
        self.changes.ring()

    def event(self, kind: str, chat: Chat | None = None, **content: Any) -> None:
        """Tells the human side; the event carries whole objects, so that a page needs no further call."""
        where = {"chat": chat.key} if chat is not None else {}
        self.touch()
        self.world.event_seq = self.events.next_seq
        self.events.append({"seq": self.events.next_seq, "kind": kind, **where, "at": self.clock(), **content})

    def mailbox(self, bot: Bot) -> Mailbox:
        found = self._mailboxes.get(bot.id)
        if found is None:
            found = self._mailboxes[bot.id] = Mailbox(bot, self.clock)
        return found

    def update(self, bot: Bot, kind: str, lane: int, content: Body) -> None:
        mailbox = self.mailbox(bot)
        mailbox.put(kind, lane, content)
        self.touch()

    def bot_by_token(self, token: str) -> Bot | None:
        bot_id = self._tokens.get(token)
        return None if bot_id is None else self.world.bots.get(bot_id)

    def give_token(self, bot: Bot, token: str) -> None:
        """From now on only `token` opens the bot's API; a running poll with the old one ends with 401."""
        if self._tokens.pop(bot.token, None) is not None:
            self.mailbox(bot).end_poll(Refused(401, "Unauthorized"))
        bot.token = token
        self._tokens[token] = bot.id
        self.touch()

    def open_press(self, press: Press) -> str:
        horizon = self.clock() - QUERY_SECONDS
        for query_id in [each for each, old in self.presses.items() if old.at < horizon]:
            del self.presses[query_id]
        query_id = str(self.world.number() * 4_294_967_296 + press.person)
        self.presses[query_id] = press
        return query_id

    async def pause(self, seconds: float) -> None:
        """Waits, but not beyond the sandbox's end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.closing.wait()

    def start_over(self, kept: Bot | None) -> None:
        """Forgets everything but the bot `kept`, which loses its updates. Numbers go on."""
        for bot_id, mailbox in list(self._mailboxes.items()):
            if kept is None or bot_id != kept.id:
                mailbox.end_poll(Refused(401, "Unauthorized"))
                mailbox.bot.webhook = None
                mailbox.bell.ring()
                del self._mailboxes[bot_id]
        fresh = World(next_number=self.world.next_number, event_seq=self.world.event_seq)
        if kept is not None:
            kept.pending.clear()
            fresh.bots[kept.id] = kept
        self.world = fresh
        self.presses.clear()
        self.events.clear()
        self._tokens = {bot.token: bot.id for bot in fresh.bots.values()}
        self.touch()

    def close(self) -> None:
        """Ends every waiting call, so that the server can stop."""
        self.closing.set()
        for mailbox in self._mailboxes.values():
            mailbox.end_poll(Refused(502, "Bad Gateway"))
        for press in self.presses.values():
            press.answer.cancel()
        self.events.bell.ring()


def new_token(bot_id: int) -> str:
    return f"{bot_id}:{secrets.token_urlsafe(27)[:35]:A<35}"
