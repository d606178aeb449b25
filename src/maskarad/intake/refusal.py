"""Somebody who may not talk to a bot is told so, politely and seldom; nothing of what they wrote is kept."""

from collections.abc import Awaitable, Callable

from maskarad.recent import Recent
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
        self._told: Recent[tuple[int, int], None] = Recent(seconds=PAUSE, most=REMEMBERED, clock=clock)

    async def turn_away(self, bot: Bot, message: Incoming) -> None:
        if message.chat.type is not ChatType.PRIVATE or message.edited:
            return
        key = (bot.id, message.sender.id)
        if key in self._told:
            return
        self._told.put(key, None)
        await self._send(bot.id, message.chat.id, Screen(html=await self._word(bot, message)))
