"""Telegram's flood limits, kept on our side: each chat is a queue of its own, the bot's rate is shared by all."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from typing import TypeVar

from maskarad.errors import Flooded
from maskarad.settings import Settings

TIDY_FROM = 1_000
"""How many lanes there may be before anyone looks for idle ones."""

WAITING_PER_CHAT = 100
"""Messages that may wait for their turn in one chat: at a group's 20 a minute the last of them leaves in 5 minutes."""

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]
Key = TypeVar("Key", bound=Hashable)


class Window:
    """At most `count` messages within any `seconds`, exactly: the times of the last `count` are kept.

    A token bucket of the same rate lets nearly twice as many through in its first window, which for a group's
    20 a minute is enough to earn a 429.
    """

    def __init__(self, rate: float, per_seconds: float) -> None:
        """`rate` (above 0) messages `per_seconds`; a fraction of one becomes one in a longer window."""
        count = max(1, int(rate))
        self._seconds = per_seconds * count / rate
        self._times: deque[float] = deque(maxlen=count)

    def free_at(self) -> float:
        """When one more message is allowed."""
        full = len(self._times) == self._times.maxlen
        return self._times[0] + self._seconds if full else 0.0

    def idle_at(self) -> float:
        """From when on a new window would answer the same."""
        return self._times[-1] + self._seconds if self._times else 0.0

    def count(self, now: float) -> None:
        self._times.append(now)


class Lane:
    """A queue, first come, first served, with its rates and its pause. `order` is held by whoever is at its head."""

    def __init__(self, windows: list[Window], clock: Clock, sleep: Sleep) -> None:
        self.order = asyncio.Lock()
        self.users = 0
        self._windows = windows
        self._clock = clock
        self._sleep = sleep
        self._paused_until = 0.0

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

    def _free_at(self) -> float:
        return max((each.free_at() for each in self._windows), default=0.0)

    def is_idle(self) -> bool:
        idle_at = max(self._paused_until, *(each.idle_at() for each in self._windows), 0.0)
        return not self.users and idle_at <= self._clock()


class Turn:
    """The right to send to one chat: nobody else sends there before it ends."""

    def __init__(self, bot: Lane, chat: Lane, patience: float) -> None:
        self._bot = bot
        self._chat = chat
        self._patience = patience

    async def ready(self) -> None:
        """Returns when one message may be sent, which is then counted. Raises Flooded when Telegram's pause is
        longer than the limits' patience."""
        while True:
            await self._chat.free(self._patience)
            # The bot's rate comes last: a chat that waits for itself holds nothing that another chat needs.
            async with self._bot.order:
                await self._bot.free(self._patience)
                # Waiting for the bot may have taken long, and the chat may have been paused meanwhile. Counted is
                # what leaves, when it leaves: not what began to wait.
                if self._chat.is_free():
                    self._bot.count()
                    self._chat.count()
                    return

    def pause(self, seconds: float) -> None:
        """Telegram answered 429, which for messages is about this chat."""
        self._chat.pause(seconds)


class FloodLimits:
    """The limits of all bots of this process. Rates are messages; 0 turns a rate off, but never the pause after 429.

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
    ) -> None:
        """`clock` gives seconds that never go back. A pause above `patience` seconds is not waited for but raised as
        Flooded, so that whoever sends can give its claim back and come again later."""
        self._bot_rates = [(per_bot_second, 1.0)]
        self._chat_rates = [(per_chat_second, 1.0)]
        self._group_rates = [*self._chat_rates, (per_group_minute, 60.0)]
        self._clock = clock
        self._sleep = sleep
        self.patience = patience
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
                yield Turn(bot, chat, self.patience)
        finally:
            bot.users -= 1
            chat.users -= 1

    async def after_pause(self, bot_id: int, chat_id: int) -> None:
        """For calls that are no messages (edits): waits for a pause only, takes no turn. Raises Flooded."""
        chat = self._chats.get((bot_id, chat_id))
        if chat is not None:
            await chat.after_pause(self.patience)

    def pause(self, bot_id: int, chat_id: int, seconds: float) -> None:
        """Telegram answered 429 to something that took no turn."""
        self._chat(bot_id, chat_id).pause(seconds)

    def _chat(self, bot_id: int, chat_id: int) -> Lane:
        # Telegram's ids of groups are negative.
        return self._lane(self._chats, (bot_id, chat_id), self._group_rates if chat_id < 0 else self._chat_rates)

    def _lane(self, lanes: dict[Key, Lane], key: Key, rates: list[tuple[float, float]]) -> Lane:
        lane = lanes.get(key)
        if lane is None:
            self._tidy()
            windows = [Window(rate, seconds) for rate, seconds in rates if rate > 0]
            lane = lanes[key] = Lane(windows, self._clock, self._sleep)
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


def _drop_idle(lanes: dict[Key, Lane]) -> None:
    for key in [key for key, lane in lanes.items() if lane.is_idle()]:
        del lanes[key]


def limits_from(settings: Settings, clock: Clock) -> FloodLimits:
    return FloodLimits(
        per_bot_second=settings.telegram_max_per_second,
        per_chat_second=settings.telegram_max_per_chat_second,
        per_group_minute=settings.telegram_max_per_group_minute,
        clock=clock,
    )
