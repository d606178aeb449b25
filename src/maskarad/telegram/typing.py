""" "typing…" in a chat for as long as a block of work takes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from maskarad.telegram.send import Sender

PATIENCE = 0.7
"""Seconds of work before it is shown: an answer that comes at once needs none (and each costs a call)."""

SHOWN_FOR = 4.5
"""Telegram shows it for 5 seconds or until the next message (Bot API, sendChatAction)."""


class Typing:
    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    @asynccontextmanager
    async def shown(self, bot_id: int, chat_id: int) -> AsyncIterator[None]:
        tasks: list[asyncio.Task[None]] = []
        timer = asyncio.get_running_loop().call_later(
            PATIENCE, lambda: tasks.append(asyncio.create_task(self._keep_showing(bot_id, chat_id)))
        )
        try:
            yield
        finally:
            timer.cancel()
            for task in tasks:
                task.cancel()

    async def _keep_showing(self, bot_id: int, chat_id: int) -> None:
        while True:
            await self._sender.typing(bot_id, chat_id)
            await asyncio.sleep(SHOWN_FOR)
