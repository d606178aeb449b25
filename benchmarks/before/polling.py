"""Polling: a loop for each bot."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any

import httpx

POLL_SECONDS = 10
SILENCE_SECONDS = 20.0
PAUSE_SECONDS = 1.0
"""Between a poll that failed and the next."""

ALLOWED_UPDATES = ["message", "callback_query"]

log = logging.getLogger(__name__)

Take = Callable[[str, dict[str, Any]], None]


async def poll_all(api_url: str, tokens: Iterable[str], take: Take) -> None:
    """Until it is cancelled. What a poll brings is raw: its Bot is made when it is handled, as for a webhook."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with (
        httpx.AsyncClient(limits=limits, timeout=POLL_SECONDS + SILENCE_SECONDS) as client,
        asyncio.TaskGroup() as group,
    ):
        for token in tokens:
            group.create_task(_poll(client, f"{api_url}/bot{token}/getUpdates", token, take))


async def _poll(client: httpx.AsyncClient, url: str, token: str, take: Take) -> None:
    offset = 0
    while True:
        try:
            asked = {"offset": offset, "timeout": POLL_SECONDS, "allowed_updates": ALLOWED_UPDATES}
            response = await client.post(url, json=asked)
            response.raise_for_status()
        except httpx.HTTPError as error:
            log.warning("poll failed: %s", type(error).__name__)
            await asyncio.sleep(PAUSE_SECONDS)
            continue
        for data in response.json()["result"]:
            offset = data["update_id"] + 1
            take(token, data)
