"""Waiting for what nobody tells of."""

import asyncio
from collections.abc import Awaitable, Callable

LOOK = 0.001


async def until(condition: Callable[[], bool | Awaitable[bool]], within: float = 5.0) -> None:
    """Returns as soon as it holds. Raises TimeoutError."""
    async with asyncio.timeout(within):
        while True:
            holds = condition()
            if holds if isinstance(holds, bool) else await holds:
                return
            await asyncio.sleep(LOOK)
