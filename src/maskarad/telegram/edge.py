"""The edge as one thing to open and close: connections, the registry of bots, the receiving and the sending half."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

from maskarad.metrics import Metrics
from maskarad.settings import Settings
from maskarad.telegram.api import BotApi
from maskarad.telegram.bots import BotRegistry, Notice, Refusal
from maskarad.telegram.files import Files
from maskarad.telegram.handling import Handle
from maskarad.telegram.limits import Shared, limits_from
from maskarad.telegram.pollers import Pollers
from maskarad.telegram.send import Sender
from maskarad.telegram.transport import AiohttpRequest
from maskarad.telegram.webhooks import Registrations, Webhooks
from maskarad.values import Token

READ_SECONDS = 30.0
"""How long Telegram may take to answer anything but a long poll."""


async def _refused(_bot_id: int, _version: int) -> bool:
    """Nobody is told of trouble: whoever calls hears it."""
    return True


async def _ignore(_bot_id: int) -> None:
    """As above."""


class Polling(Protocol):
    """Which bots this process polls for: it tells the pollers it is given. `leave` gives them all up but for those that
    still have a batch in work."""

    conflict_seconds: float

    def may_poll(self) -> bool: ...

    def serve(self, pollers: Pollers) -> None: ...

    async def leave(self) -> None: ...


class Edge:
    """`on_invalid` and `on_conflict` as in `BotRegistry`."""

    def __init__(
        self,
        settings: Settings,
        *,
        metrics: Metrics,
        on_invalid: Refusal = _refused,
        on_conflict: Notice = _ignore,
        shared_limits: Shared | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._request = _connections(settings, settings.telegram_connection_pool_size)
        self._polls = _connections(settings, 0)
        self._api = BotApi(self._request, self._polls, settings.telegram_api_base_url, metrics=self._metrics)
        manager = settings.telegram_bot_token
        self.registry = BotRegistry(
            Token(manager.get_secret_value() if manager else ""),
            on_invalid=on_invalid,
            on_conflict=on_conflict,
            clock=clock,
        )
        self.sender = Sender(self._api, limits_from(settings, time.monotonic, shared_limits), self.registry)
        self.files = Files(self.sender, self.registry, self._request, settings.file_base_url)
        self._pollers: Pollers | None = None
        self._polling: Polling | None = None
        self._webhooks: Webhooks | None = None

    async def open(self) -> None:
        """Sending works from now on."""
        await self._request.initialize()
        await self._polls.initialize()

    @property
    def polls(self) -> bool:
        """Whether `receive` polls, rather than having webhooks called."""
        return self._settings.run_mode != "webhook" or self._settings.webhook_url_base is None

    def receive(
        self, handle: Handle, *, polling: Polling | None = None, registrations: Registrations | None = None
    ) -> None:
        """Begin to poll, or to have webhooks called, for every bot of the registry. Asks Telegram nothing else. Where
        other processes do so too, `polling` says for which bots this one polls, and `registrations` which of them tells
        Telegram of a webhook."""
        url_base = self._settings.webhook_url_base
        if not self.polls and url_base is not None:
            self._webhooks = Webhooks(self._api, self.registry, url_base=url_base, registrations=registrations)
            self._webhooks.start()
        elif polling is None:
            self._pollers = Pollers(self._api, self.registry, handle, metrics=self._metrics)
            self._pollers.start()
        else:
            self._polling = polling
            self._pollers = Pollers(
                self._api,
                self.registry,
                handle,
                may_poll=polling.may_poll,
                conflict_seconds=polling.conflict_seconds,
                metrics=self._metrics,
            )
            self._pollers.start(only=frozenset())
            polling.serve(self._pollers)

    async def stop_receiving(self) -> None:
        """No update is taken any more; those in work are finished."""
        if self._webhooks is not None:
            await self._webhooks.stop()
        if self._polling is not None:
            await self._polling.leave()
        if self._pollers is not None:
            await self._pollers.stop()
        if self._polling is not None:
            await self._polling.leave()

    async def close(self) -> None:
        await self._request.shutdown()
        await self._polls.shutdown()


def _connections(settings: Settings, size: int) -> AiohttpRequest:
    return AiohttpRequest(pool_size=size, pool_timeout=settings.telegram_pool_timeout, read_timeout=READ_SECONDS)


@asynccontextmanager
async def open_edge(settings: Settings) -> AsyncIterator[Edge]:
    """For commands that ask or tell Telegram something and end."""
    edge = Edge(settings, metrics=Metrics())
    await edge.open()
    try:
        yield edge
    finally:
        await edge.close()


@asynccontextmanager
async def open_sender(settings: Settings) -> AsyncIterator[Sender]:
    """The sending half alone."""
    async with open_edge(settings) as edge:
        yield edge.sender
