"""Tell Telegram where to deliver each bot's updates, at the start and whenever the registry changes."""

import asyncio
import random

import structlog

from maskarad.backoff import Jitter, backoff
from maskarad.errors import DatabaseUnavailable, Flooded, TelegramError, TelegramUnreachable, TokenInvalid
from maskarad.telegram.api import BotApi
from maskarad.telegram.bots import LONGEST_REFUSED_SECONDS, BotRegistry, Served
from maskarad.telegram.limits import Sleep
from maskarad.telegram.read import ALLOWED_UPDATES
from maskarad.values import JsonObject, Token

log = structlog.get_logger()

REGISTERED_AT_ONCE = 10

CONNECTIONS_PER_BOT = 40
"""Deliveries of one bot's updates that Telegram may have under way; also Telegram's own default."""


class Webhooks:
    """Keeps the registry's bots registered under `{url_base}/telegram/{public_id}`."""

    def __init__(
        self,
        api: BotApi,
        registry: BotRegistry,
        *,
        url_base: str,
        sleep: Sleep = asyncio.sleep,
        jitter: Jitter = random.random,
    ) -> None:
        self._api = api
        self._registry = registry
        self._url_base = url_base
        self._sleep = sleep
        self._jitter = jitter
        self._places = asyncio.Semaphore(REGISTERED_AT_ONCE)
        self._tokens: dict[int, Token] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def start(self) -> None:
        """Register all bots in the background, a few at a time, and follow the registry's changes."""
        self._registry.watch(self._changed)
        for served in self._registry:
            self._changed(served.bot_id, served)

    async def stop(self) -> None:
        """End registrations under way. What is registered stays: Telegram keeps updates until the next start."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _changed(self, bot_id: int, served: Served | None) -> None:
        known = self._tokens.get(bot_id)
        if served is None:
            if known is not None:
                del self._tokens[bot_id]
                self._spawn(bot_id, known, "deleteWebhook", {"drop_pending_updates": False})
        elif served.receives and (served.token != known or self._has_to_ask_again(served)):
            self._tokens[bot_id] = served.token
            self._spawn(bot_id, served.token, "setWebhook", self._registration(served))

    def _has_to_ask_again(self, served: Served) -> bool:
        """The manager bot's token was refused to somebody else: only we would notice that it is accepted again."""
        return served.health.token_refused_at is not None and served.bot_id not in self._tasks

    def _registration(self, served: Served) -> JsonObject:
        return {
            "url": f"{self._url_base}/telegram/{served.webhook.public_id}",
            "secret_token": served.webhook.secret,
            "allowed_updates": ALLOWED_UPDATES,
            "max_connections": CONNECTIONS_PER_BOT,
            "drop_pending_updates": False,
        }

    def _spawn(self, bot_id: int, token: Token, method: str, params: JsonObject) -> None:
        earlier = self._tasks.pop(bot_id, None)
        if earlier is not None:
            earlier.cancel()
        task = asyncio.create_task(self._until_done(bot_id, token, method, params), name=f"{method} of bot {bot_id}")
        self._tasks[bot_id] = task
        task.add_done_callback(lambda done: self._ended(bot_id, done))

    async def _until_done(self, bot_id: int, token: Token, method: str, params: JsonObject) -> None:
        failures = 0
        while True:
            try:
                async with self._places:
                    await self._api.call(token, method, params)
                self._registry.works(bot_id)
                log.info("webhook_changed", bot_id=bot_id, method=method)
                return
            except (Flooded, TelegramUnreachable) as error:
                failures += 1
                asked = error.retry_after if isinstance(error, Flooded) else 0.0
                pause = max(asked, backoff(failures, self._jitter))
                self._registry.failed(bot_id, error)
                log.info("webhook_retry", bot_id=bot_id, method=method, error=str(error), next_in=round(pause, 1))
            except TokenInvalid:
                failures += 1
                pause = backoff(failures, self._jitter, LONGEST_REFUSED_SECONDS)
                if not await self._goes_on(bot_id, token):
                    return
            except TelegramError as error:
                self._registry.failed(bot_id, error)
                log.error("webhook_refused", bot_id=bot_id, method=method, error=str(error))
                return
            await self._sleep(pause)

    async def _goes_on(self, bot_id: int, token: Token) -> bool:
        """Report a refused token. It is tried again when it is the manager's, or when the report could not be kept."""
        try:
            await self._registry.token_refused(bot_id, token)
        except DatabaseUnavailable as error:
            log.warning("webhook_refusal_not_kept", bot_id=bot_id, error=str(error))
        return self._registry.receives(bot_id)

    def _ended(self, bot_id: int, task: asyncio.Task[None]) -> None:
        if self._tasks.get(bot_id) is task:
            del self._tasks[bot_id]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("webhook_failed", bot_id=bot_id, exc_info=error)
