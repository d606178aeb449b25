"""Tell Telegram where to deliver each bot's updates, at the start and whenever the registry changes.

Where several processes receive, one of them tells it, once: `Registrations` remembers what was told.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from contextvars import Context
from functools import partial
from typing import Any, Protocol, TypeVar

import structlog

from maskarad.backoff import Jitter, backoff
from maskarad.errors import DatabaseUnavailable, Flooded, TelegramError, TelegramUnreachable, TokenInvalid
from maskarad.telegram.api import BotApi
from maskarad.telegram.bots import LONGEST_REFUSED_SECONDS, BotRegistry, Served
from maskarad.telegram.limits import Sleep
from maskarad.telegram.read import ALLOWED_UPDATES
from maskarad.telegram.registration import Registration
from maskarad.values import Token

log = structlog.get_logger()

T = TypeVar("T")

Claim = Callable[[int, str], Awaitable[bool]]
"""`Registrations.claim`."""

REGISTERED_AT_ONCE = 10

CONNECTIONS_PER_BOT = 40
"""Deliveries of one bot's updates that Telegram may have under way; also Telegram's own default."""

LOOK_SECONDS = 10.0
"""Between two looks at what is due: what somebody left undone, and what nobody has asked Telegram about for long."""

REFUSED_SECONDS = 600.0
"""Until what Telegram refused for another reason than the token is tried again, where somebody looks after it."""


class Registrations(Protocol):
    """What was registered, by bot and fingerprint. Each method raises DatabaseUnavailable."""

    async def known(self) -> Mapping[int, str]:
        """Fingerprints of what is registered, or is being so, by bot."""

    async def claim(self, bot_id: int, fingerprint: str) -> bool:
        """False: it is registered, or another process is at it."""

    async def keep(self, bot_id: int, fingerprint: str, seconds: float) -> None:
        """Keep what was claimed for so long."""

    async def done(self, bot_id: int, fingerprint: str) -> None: ...

    async def leave(self, bot_id: int, fingerprint: str) -> bool | None:
        """What was registered is to go, by the registration of this fingerprint. False: another process is at it; None:
        it is gone."""

    async def drop(self, bot_id: int, fingerprint: str) -> None:
        """It is gone."""

    async def due(self) -> Sequence[tuple[int, str]]:
        """Some that somebody is to see to, claimed: bots and fingerprints."""


class _Alone:
    """There is no other process, and at every start all are registered anew."""

    async def known(self) -> Mapping[int, str]:
        return {}

    async def claim(self, bot_id: int, fingerprint: str) -> bool:
        return True

    async def keep(self, bot_id: int, fingerprint: str, seconds: float) -> None:
        pass

    async def done(self, bot_id: int, fingerprint: str) -> None:
        pass

    async def leave(self, bot_id: int, fingerprint: str) -> bool | None:
        return True

    async def drop(self, bot_id: int, fingerprint: str) -> None:
        pass

    async def due(self) -> Sequence[tuple[int, str]]:
        return ()


class Webhooks:
    """Keeps the registry's bots registered under `{url_base}/telegram/{public_id}`."""

    def __init__(
        self,
        api: BotApi,
        registry: BotRegistry,
        *,
        url_base: str,
        registrations: Registrations | None = None,
        look_seconds: float = LOOK_SECONDS,
        sleep: Sleep = asyncio.sleep,
        jitter: Jitter = random.random,
    ) -> None:
        """Without `registrations` no other process receives."""
        self._api = api
        self._registry = registry
        self._url_base = url_base
        self._registrations = registrations or _Alone()
        self._is_alone = registrations is None
        self._look_seconds = look_seconds
        self._sleep = sleep
        self._jitter = jitter
        self._places = asyncio.Semaphore(REGISTERED_AT_ONCE)
        self._tokens: dict[int, Token] = {}
        self._deleted: set[Token] = set()
        """Whose webhook this process has begun to delete: what others told Telegram meanwhile may go with it."""
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._care: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Register in the background what is not registered yet, a few at a time, and follow the registry's changes."""
        self._registry.watch(self._changed)
        self._care = asyncio.create_task(self._take_care(), name="webhooks")

    async def stop(self) -> None:
        """End registrations under way. What is registered stays: Telegram keeps updates until the next start."""
        tasks = [*self._tasks.values(), *((self._care,) if self._care is not None else ())]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _take_care(self) -> None:
        known = await self._patiently(self._registrations.known)
        for served in self._registry:
            if known.get(served.bot_id) == self._wanted(served).fingerprint:
                self._tokens.setdefault(served.bot_id, served.token)
            self._changed(served.bot_id, served)
        while not self._is_alone:
            await self._sleep(self._look_seconds)
            with suppress(DatabaseUnavailable):
                for bot_id, fingerprint in await self._registrations.due():
                    await self._see_to(bot_id, fingerprint)

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """What `ask` returns once the database is there."""
        failures = 0
        while True:
            with suppress(DatabaseUnavailable):
                return await ask()
            failures += 1
            await self._sleep(backoff(failures, self._jitter))

    def _changed(self, bot_id: int, served: Served | None) -> None:
        known = self._tokens.get(bot_id)
        if served is None:
            if known is not None:
                del self._tokens[bot_id]
                self._spawn(bot_id, self._unregister(bot_id, known), "deleteWebhook")
        elif served.receives and (served.token != known or self._has_to_ask_again(served)):
            self._tokens[bot_id] = served.token
            self._spawn(bot_id, self._register(served), "setWebhook")

    def _has_to_ask_again(self, served: Served) -> bool:
        """The manager bot's token was refused to somebody else: only we would notice that it is accepted again."""
        return served.health.token_refused_at is not None and served.bot_id not in self._tasks

    def _wanted(self, served: Served) -> Registration:
        return Registration(
            served.bot_id,
            served.token,
            "setWebhook",
            {
                "url": f"{self._url_base}/telegram/{served.webhook.public_id}",
                "secret_token": served.webhook.secret,
                "allowed_updates": ALLOWED_UPDATES,
                "max_connections": CONNECTIONS_PER_BOT,
                "drop_pending_updates": False,
            },
        )

    async def _register(self, served: Served) -> None:
        """Unless another process does. One that was refused the token asks for itself, and so does one that may have
        deleted what another has told Telegram."""
        wanted = self._wanted(served)
        if served.health.token_refused_at is not None or served.token in self._deleted:
            self._deleted.discard(served.token)
            await self._until_done(wanted)
        else:
            await self._until_done(wanted, self._registrations.claim)

    async def _unregister(self, bot_id: int, token: Token) -> None:
        """Unless another process does, and is not dead before it has."""
        removal = Registration(bot_id, token, "deleteWebhook", {"drop_pending_updates": False})
        leave = partial(self._registrations.leave, bot_id, removal.fingerprint)
        while not (is_ours := await self._patiently(leave)):
            if is_ours is None:
                return
            await self._sleep(self._look_seconds)
        self._deleted.add(token)
        await self._until_done(removal)
        await self._patiently(partial(self._registrations.drop, bot_id, removal.fingerprint))
        if (served := self._bound_again(token)) is not None:
            self._spawn(served.bot_id, self._until_done(self._wanted(served)), "setWebhook")

    def _bound_again(self, token: Token) -> Served | None:
        """The same bot of Telegram's, as another one of ours."""
        return next((served for served in self._registry if served.token == token and served.receives), None)

    async def _see_to(self, bot_id: int, fingerprint: str) -> None:
        """What another fingerprint belongs to is left to whoever has made it: a process with other settings."""
        served = self._registry.find(bot_id)
        if served is None or not served.receives:
            await self._registrations.done(bot_id, fingerprint)
        elif (wanted := self._wanted(served)).fingerprint == fingerprint:
            self._spawn(bot_id, self._mend(wanted), "setWebhook")

    async def _mend(self, wanted: Registration) -> None:
        """Register it (again) where Telegram has something else, or nothing."""
        with suppress(TelegramError, DatabaseUnavailable):
            async with self._places:
                found = await self._api.call(wanted.token, "getWebhookInfo")
            if wanted.is_what(found):
                self._registry.works(wanted.bot_id)
                await self._registrations.done(wanted.bot_id, wanted.fingerprint)
                return
            log.warning("webhook_missing", bot_id=wanted.bot_id)
        await self._until_done(wanted)

    def _spawn(self, bot_id: int, work: Coroutine[Any, Any, None], name: str) -> None:
        earlier = self._tasks.pop(bot_id, None)
        if earlier is not None:
            earlier.cancel()
        # Not about the turn in which a token was refused.
        task = asyncio.create_task(work, name=f"{name} of bot {bot_id}", context=Context())
        self._tasks[bot_id] = task
        task.add_done_callback(lambda done: self._ended(bot_id, done))

    async def _until_done(self, wanted: Registration, claim: Claim | None = None) -> None:
        """What is to be claimed is claimed in its place: a claim must not run out in a queue."""
        bot_id, failures = wanted.bot_id, 0
        while True:
            try:
                async with self._places:
                    if claim is not None and not await self._patiently(partial(claim, bot_id, wanted.fingerprint)):
                        return
                    claim = None
                    if wanted.is_removal and self._bound_again(wanted.token) is not None:
                        return
                    await self._api.call(wanted.token, wanted.method, wanted.params)
                self._registry.works(bot_id)
                log.info("webhook_changed", bot_id=bot_id, method=wanted.method)
                await self._note_done(wanted)
                return
            except (Flooded, TelegramUnreachable) as error:
                failures += 1
                asked = error.retry_after if isinstance(error, Flooded) else 0.0
                pause = max(asked, backoff(failures, self._jitter))
                self._registry.failed(bot_id, error)
                log.info(
                    "webhook_retry", bot_id=bot_id, method=wanted.method, error=str(error), next_in=round(pause, 1)
                )
            except TokenInvalid:
                failures += 1
                pause = backoff(failures, self._jitter, LONGEST_REFUSED_SECONDS)
                if not await self._goes_on(bot_id, wanted.token):
                    return
            except TelegramError as error:
                self._registry.failed(bot_id, error)
                log.error("webhook_refused", bot_id=bot_id, method=wanted.method, error=str(error))
                await self._keep(wanted, REFUSED_SECONDS)
                return
            await self._keep(wanted, pause)
            await self._sleep(pause)

    async def _note_done(self, wanted: Registration) -> None:
        if not wanted.is_removal:
            with suppress(DatabaseUnavailable):  # then somebody looks at it again
                await self._registrations.done(wanted.bot_id, wanted.fingerprint)

    async def _keep(self, wanted: Registration, seconds: float) -> None:
        with suppress(DatabaseUnavailable):
            await self._registrations.keep(wanted.bot_id, wanted.fingerprint, seconds)

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
