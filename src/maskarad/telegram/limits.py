"""Telegram's flood limits, kept on our side: each chat is a queue of its own, the bot's rate is shared by all.

With Redis they hold over all processes (`shared_limits.py`); the queues stay each process' own.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple, Protocol, TypeVar

from maskarad.errors import Flooded
from maskarad.settings import Settings

TIDY_FROM = 1_000
"""How many lanes there may be before anyone looks for idle ones."""

WAITING_PER_CHAT = 100
"""Messages that may wait for their turn in one chat: at a group's 20 a minute the last of them leaves in 5 minutes."""

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]
Key = TypeVar("Key", bound=Hashable)


class Rate(NamedTuple):
    """At most so many messages within any `seconds`."""

    messages: int
    seconds: float


def rate_of(messages: float, per_seconds: float) -> Rate:
    """So many messages (above 0) in so many seconds; a fraction of one becomes one in a longer time."""
    count = max(1, int(messages))
    return Rate(count, per_seconds * count / messages)


class Wait(NamedTuple):
    """Seconds for which a chat's pause, its rates and its bot's rates still forbid a message."""

    pause: float
    chat: float
    bot: float


class Shared(Protocol):
    """What all processes send. What it cannot do at the moment it leaves undone, in little time."""

    async def take(self, bot_id: int, chat_id: int, *, of_bot: Sequence[Rate], of_chat: Sequence[Rate]) -> Wait | None:
        """Count a message that leaves now, if it may: then there is nothing to wait for. None: nobody can tell."""

    async def paused_for(self, bot_id: int, chat_id: int) -> float:
        """Seconds."""

    def pause(self, bot_id: int, chat_id: int, seconds: float) -> None:
        """Tell the others; returns at once."""


class Window:
    """A rate, exactly: the times of the last messages are kept.

    A token bucket of the same rate lets nearly twice as many through in its first window, which for a group's
    20 a minute is enough to earn a 429.
    """

    def __init__(self, rate: Rate) -> None:
        self._seconds = rate.seconds
        self._most = rate.messages
        # A list: chats are many, and an empty deque has room for 64.
        self._times: list[float] = []

    def free_at(self) -> float:
        """When one more message is allowed."""
        full = len(self._times) == self._most
        return self._times[0] + self._seconds if full else 0.0

    def idle_at(self) -> float:
        """From when on a new window would answer the same."""
        return self._times[-1] + self._seconds if self._times else 0.0

    def count(self, now: float) -> None:
        self._times.append(now)
        del self._times[: -self._most]


class Lane:
    """A queue, first come, first served, with its rates and its pause. `order` is held by whoever is at its head."""

    def __init__(self, rates: Sequence[Rate], clock: Clock, sleep: Sleep) -> None:
        self.order = asyncio.Lock()
        self.users = 0
        self.rates = rates
        self._windows = [Window(rate) for rate in rates]
        self._clock = clock
        self._sleep = sleep
        self._paused_until = 0.0
        self._held_until = 0.0

    async def free(self, patience: float) -> None:
        """Wait for pause and rates. Raises Flooded like `after_pause`."""
        await self.after_pause(patience)
        while (seconds := self._free_at() - self._clock()) > 0:
            await self._sleep(seconds)
            await self.after_pause(patience)

    def is_free(self) -> bool:
        return max(self._free_at(), self._paused_until) <= self._clock()

    def count(self) -> None:
        """One message leaves now."""
        now = self._clock()
        for window in self._windows:
            window.count(now)

    async def after_pause(self, patience: float) -> None:
        """Wait until the pause is over. Raises Flooded at once when that takes longer than `patience` seconds."""
        while (seconds := self._paused_until - self._clock()) > 0:
            if seconds > patience:
                raise Flooded(seconds)
            await self._sleep(seconds)

    def pause(self, seconds: float) -> None:
        self._paused_until = max(self._paused_until, self._clock() + seconds)

    def hold(self, seconds: float) -> None:
        """What other processes have sent uses the rates up for so long."""
        self._held_until = max(self._held_until, self._clock() + seconds)

    def _free_at(self) -> float:
        return max(self._held_until, *(each.free_at() for each in self._windows), 0.0)

    def is_idle(self) -> bool:
        idle_at = max(self._paused_until, self._held_until, *(each.idle_at() for each in self._windows), 0.0)
        return not self.users and idle_at <= self._clock()


class Turn:
    """The right to send to one chat: nobody else in this process sends there before it ends."""

    def __init__(self, bot: Lane, chat: Lane, patience: float, others: "_Others | None") -> None:
        self._bot = bot
        self._chat = chat
        self._patience = patience
        self._others = others

    async def ready(self) -> None:
        """Returns when one message may be sent, which is then counted. Raises Flooded when Telegram's pause is
        longer than the limits' patience."""
        while True:
            await self._chat.free(self._patience)
            # The bot's rate comes last: a chat that waits for itself holds nothing that another chat needs.
            async with self._bot.order:
                if await self._counted():
                    return

    async def _counted(self) -> bool:
        """Wait for the bot, then count the message. False: the chat has to wait for itself again."""
        while True:
            await self._bot.free(self._patience)
            # Waiting for the bot may have taken long, and the chat may have been paused meanwhile. Counted is
            # what leaves, when it leaves: not what began to wait.
            if not self._chat.is_free():
                return False
            if self._others is None or await self._others.allow(self._bot, self._chat):
                self._bot.count()
                self._chat.count()
                return True

    def pause(self, seconds: float) -> None:
        """Telegram answered 429, which for messages is about this chat."""
        self._chat.pause(seconds)
        if self._others is not None:
            self._others.pause(seconds)


class _Others:
    """What the other processes do in one chat."""

    def __init__(self, shared: Shared, bot_id: int, chat_id: int) -> None:
        self._shared = shared
        self._ids = bot_id, chat_id

    async def allow(self, bot: Lane, chat: Lane) -> bool:
        """Whether they leave room for a message now, which is then counted for them; else the lanes are held up for as
        long as they do not. While nobody can tell, this process goes by what it knows itself."""
        wait = await self._shared.take(*self._ids, of_bot=bot.rates, of_chat=chat.rates)
        if wait is None:
            return True
        chat.pause(wait.pause)
        chat.hold(wait.chat)
        bot.hold(wait.bot)
        return not any(wait)

    def pause(self, seconds: float) -> None:
        self._shared.pause(*self._ids, seconds)


class FloodLimits:
    """The limits of all bots. Rates are messages; 0 turns a rate off, but never the pause after 429.

    Memory is bounded by the chats written to within the last minute.
    """

    def __init__(
        self,
        *,
        per_bot_second: float,
        per_chat_second: float,
        per_group_minute: float,
        clock: Clock,
        sleep: Sleep = asyncio.sleep,
        patience: float = 60.0,
        shared: Shared | None = None,
    ) -> None:
        """`clock` gives seconds that never go back. A pause above `patience` seconds is not waited for but raised as
        Flooded, so that whoever sends can give its claim back and come again later. Without `shared` the limits are
        this process' own."""
        self._bot_rates = _rates((per_bot_second, 1.0))
        self._chat_rates = _rates((per_chat_second, 1.0))
        self._group_rates = _rates((per_chat_second, 1.0), (per_group_minute, 60.0))
        self._clock = clock
        self._sleep = sleep
        self.patience = patience
        self._shared = shared
        self._bots: dict[int, Lane] = {}
        self._chats: dict[tuple[int, int], Lane] = {}
        self._tidy_at = TIDY_FROM

    @asynccontextmanager
    async def turn(self, bot_id: int, chat_id: int) -> AsyncIterator[Turn]:
        """This chat's next turn. It is held until the block ends, so that a message sent again after a 429 is not
        overtaken by the one behind it. Raises Flooded at once when too many wait for this chat already."""
        chat = self._chat(bot_id, chat_id)
        if chat.users > WAITING_PER_CHAT:
            raise Flooded(self.patience)
        chat.users += 1
        bot = self._lane(self._bots, bot_id, self._bot_rates)
        bot.users += 1
        try:
            async with chat.order:
                yield Turn(bot, chat, self.patience, self._others(bot_id, chat_id))
        finally:
            bot.users -= 1
            chat.users -= 1

    async def after_pause(self, bot_id: int, chat_id: int) -> None:
        """For calls that are no messages (edits): waits for a pause only, takes no turn. Raises Flooded."""
        if self._shared is not None and (seconds := await self._shared.paused_for(bot_id, chat_id)) > 0:
            self._chat(bot_id, chat_id).pause(seconds)
        chat = self._chats.get((bot_id, chat_id))
        if chat is not None:
            await chat.after_pause(self.patience)

    def pause(self, bot_id: int, chat_id: int, seconds: float) -> None:
        """Telegram answered 429 to something that took no turn."""
        self._chat(bot_id, chat_id).pause(seconds)
        if self._shared is not None:
            self._shared.pause(bot_id, chat_id, seconds)

    def _others(self, bot_id: int, chat_id: int) -> _Others | None:
        return None if self._shared is None else _Others(self._shared, bot_id, chat_id)

    def _chat(self, bot_id: int, chat_id: int) -> Lane:
        # Telegram's ids of groups are negative.
        return self._lane(self._chats, (bot_id, chat_id), self._group_rates if chat_id < 0 else self._chat_rates)

    def _lane(self, lanes: dict[Key, Lane], key: Key, rates: Sequence[Rate]) -> Lane:
        lane = lanes.get(key)
        if lane is None:
            self._tidy()
            lane = lanes[key] = Lane(rates, self._clock, self._sleep)
        return lane

    def _tidy(self) -> None:
        """Forget idle lanes, seldom enough that it costs a constant share of making them."""
        if len(self) < self._tidy_at:
            return
        _drop_idle(self._bots)
        _drop_idle(self._chats)
        self._tidy_at = max(TIDY_FROM, 2 * len(self))

    def __len__(self) -> int:
        """Lanes in memory."""
        return len(self._bots) + len(self._chats)


def _rates(*given: tuple[float, float]) -> tuple[Rate, ...]:
    return tuple(rate_of(messages, seconds) for messages, seconds in given if messages > 0)


def _drop_idle(lanes: dict[Key, Lane]) -> None:
    for key in [key for key, lane in lanes.items() if lane.is_idle()]:
        del lanes[key]


def limits_from(settings: Settings, clock: Clock, shared: Shared | None = None) -> FloodLimits:
    return FloodLimits(
        per_bot_second=settings.telegram_max_per_second,
        per_chat_second=settings.telegram_max_per_chat_second,
        per_group_minute=settings.telegram_max_per_group_minute,
        clock=clock,
        shared=shared,
    )
