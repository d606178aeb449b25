"""Somebody who may not talk to a bot is told so, politely and seldom; nothing of what they wrote is kept."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable

from maskarad.values import Bot, ChatType, Incoming, Screen

PAUSE = 3600.0
"""Seconds in which one person hears the same refusal once."""

REMEMBERED = 10_000


class Refusals:
    """`send` does not wait for Telegram. In groups there is no answer at all: a refusal there would be noise for
    everybody else."""

    def __init__(
        self,
        send: Callable[[int, int, Screen], Awaitable[None]],
        word: Callable[[Bot, Incoming], Awaitable[str]],
        *,
        clock: Callable[[], float],
    ) -> None:
        self._send = send
        self._word = word
        self._clock = clock
        self._told: OrderedDict[tuple[int, int], float] = OrderedDict()

    async def turn_away(self, bot: Bot, message: Incoming) -> None:
        if message.chat.type is not ChatType.PRIVATE or message.edited:
            return
        key, now = (bot.id, message.sender.id), self._clock()
        if self._told.get(key, 0.0) > now - PAUSE:
            return
        self._told[key] = now
        self._told.move_to_end(key)
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        await self._send(bot.id, message.chat.id, Screen(html=await self._word(bot, message)))
