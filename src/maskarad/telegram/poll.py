"""One bot's long poll: ask, handle, and only then let Telegram forget."""

import asyncio
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import structlog

from maskarad.backoff import Jitter, backoff
from maskarad.errors import (
    Conflict,
    DatabaseUnavailable,
    Flooded,
    IntakeFull,
    TelegramError,
    TelegramUnreachable,
    TokenInvalid,
    WebhookActive,
)
from maskarad.metrics import Metrics
from maskarad.telegram.api import BotApi
from maskarad.telegram.bots import LONGEST_REFUSED_SECONDS, BotRegistry
from maskarad.telegram.handling import Handle, UpdateFailed
from maskarad.telegram.read import ALLOWED_UPDATES
from maskarad.telegram.reading import Reading
from maskarad.values import Event, Migration, Token

log = structlog.get_logger()

SILENCE_SECONDS = 20.0
"""Added to a poll's own length: no answer by then counts as a dead connection."""

STUCK_SECONDS = 60.0
"""A batch that is in work for longer is worth a line in the log."""

CONFIRM_SECONDS = 2.0

FULL_SECONDS = 1.0
"""Until an update is offered again to a process in which too many wait: a batch is bounded, and need not come again."""

CALM_SECONDS = 60.0
"""Without a conflict for as long, the next one is a new one."""

MayPoll = Callable[[], bool]
"""Whether polling for its bots is (still) this process's, as far as it can know by itself."""


class NotHandled(Exception):
    """An update is not stored: its batch has to come again."""


class Poller:
    """Serves one token until it is stopped, may poll no more, or Telegram refuses the token; the manager bot's it goes
    on trying.

    The offset moves when every update of a batch is handled. A batch's chats are handled side by side, the updates
    of one chat in their order.
    """

    def __init__(
        self,
        bot_id: int,
        token: Token,
        api: BotApi,
        registry: BotRegistry,
        handle: Handle,
        *,
        may_poll: MayPoll,
        conflict_seconds: float,
        poll_seconds: float,
        silence_seconds: float,
        stuck_seconds: float,
        jitter: Jitter,
        metrics: Metrics,
    ) -> None:
        """Telegram holds a poll open for `poll_seconds` when there is nothing to tell. Another program is suspected
        once conflicts have gone on for `conflict_seconds`."""
        self.bot_id = bot_id
        self.token = token
        self.stopping = False
        self._api = api
        self._registry = registry
        self._handle = handle
        self._may_poll = may_poll
        self._conflict_seconds = conflict_seconds
        self._poll_seconds = poll_seconds
        self._silent_after = poll_seconds + silence_seconds
        self._stuck_seconds = stuck_seconds
        self._jitter = jitter
        self._metrics = metrics
        self._reading = Reading(metrics)
        self._log = log.bind(bot_id=bot_id)
        self._task: asyncio.Task[Any] | None = None
        self._offset = 0
        self._confirmed_offset = 0
        self._failures = 0
        self._webhook_is_set = False
        self._webhook_was_deleted = False
        self._first_conflict = self._last_conflict = -math.inf

    def stop(self) -> None:
        """End the poll in flight; a batch in work is finished first."""
        self.stopping = True
        if self._task is not None:
            self._task.cancel()

    async def run(self, first_after: float) -> None:
        """Poll, for the first time in `first_after` seconds, until `stop` or a refused token."""
        await self._sleep(first_after)
        while not self.stopping:
            if not self._may_poll():
                self.stopping = True
                break
            try:
                await self._round()
            except asyncio.CancelledError:
                if not self.stopping:
                    raise
            except Exception as error:  # noqa: BLE001  # a bot's outermost loop: it logs, and goes on
                await self._pause_after(error)
        if self._may_poll():  # else it would end the poll of whoever may
            await self._confirm()

    async def _round(self) -> None:
        try:
            if self._webhook_is_set:
                await self._delete_webhook()
            updates = await self._ask()
        except TokenInvalid:
            await self._registry.token_refused(self.bot_id, self.token)
            if self._registry.receives(self.bot_id):
                raise
            self.stopping = True
            return
        self._webhook_was_deleted = False
        self._registry.works(self.bot_id)
        if updates:
            await self._take(updates)
        if self._failures:
            self._log.info("poll_recovered", failures=self._failures)
            self._failures = 0

    async def _ask(self) -> list[Any]:
        """The next batch. Raises TimeoutError when Telegram shows no life; that connection is then thrown away."""
        params = {"offset": self._offset, "timeout": self._poll_seconds, "allowed_updates": ALLOWED_UPDATES}
        self._confirmed_offset = self._offset
        with self._stoppable():
            async with asyncio.timeout(self._silent_after):
                updates = await self._api.call(
                    self.token, "getUpdates", params, timeout=self._silent_after + 10, long_poll=True
                )
        return updates if isinstance(updates, list) else []

    async def _take(self, updates: list[Any]) -> None:
        """Handle a batch whole, then move the offset. Raises NotHandled, the rest of the batch being handled."""
        self._registry.update_seen(self.bot_id)
        by_chat: dict[int, list[Event]] = {}
        for update in updates:
            event = self._reading.event(update, self.bot_id)
            if event is not None:
                by_chat.setdefault(_chat_id(event), []).append(event)
        with self._watched(len(updates)):
            outcomes = await asyncio.gather(*map(self._handle_chat, by_chat.values()), return_exceptions=True)
        for outcome in outcomes:
            if outcome is not None:
                raise outcome
        ids = [each["update_id"] for each in updates if isinstance(each, dict) and type(each.get("update_id")) is int]
        if not ids:
            raise NotHandled("a batch without update ids")
        self._offset = max(ids) + 1

    async def _handle_chat(self, events: list[Event]) -> None:
        for event in events:
            try:
                await self._handle_in_time(event)
            except DatabaseUnavailable as error:
                raise NotHandled("the database is away") from error
            except UpdateFailed as error:
                raise NotHandled(str(error)) from error

    async def _handle_in_time(self, event: Event) -> None:
        while True:
            with suppress(IntakeFull):
                return await self._handle(event)
            await asyncio.sleep(FULL_SECONDS)

    @contextmanager
    def _watched(self, updates: int) -> Iterator[None]:
        """Inside, work that does not end is made visible; it is not ended, or what it does might be done twice."""

        def stuck() -> None:
            self._log.warning("batch_stuck", updates=updates, seconds=self._stuck_seconds)
            self._registry.batch_stuck(self.bot_id)

        timer = asyncio.get_running_loop().call_later(self._stuck_seconds, stuck)
        try:
            yield
        finally:
            timer.cancel()
            self._registry.batch_done(self.bot_id)

    async def _delete_webhook(self) -> None:
        await self._api.call(self.token, "deleteWebhook", {"drop_pending_updates": False})
        self._log.info("poll_webhook_deleted")
        self._webhook_is_set = False
        self._webhook_was_deleted = True

    async def _pause_after(self, error: Exception) -> None:
        await self._sleep(await self._meet(error))

    async def _meet(self, error: Exception) -> float:
        """Tell whoever has to know; seconds until the next poll."""
        self._failures += 1
        pause = backoff(self._failures, self._jitter)
        match error:
            case WebhookActive() if not self._webhook_was_deleted:
                self._webhook_is_set = True
                return 0.0
            case Conflict():
                if self._conflict_lasts():
                    await self._registry.conflict(self.bot_id)
            case Flooded():
                pause = max(pause, error.retry_after)
            case TokenInvalid():
                pause = backoff(self._failures, self._jitter, LONGEST_REFUSED_SECONDS)
            case TimeoutError():
                self._registry.poll_restarted(self.bot_id)
        self._registry.failed(self.bot_id, error)
        if not isinstance(error, NotHandled):  # that was counted where the update was
            self._metrics.error(TelegramUnreachable() if isinstance(error, TimeoutError) else error)
        self._report(error, pause)
        return pause

    def _conflict_lasts(self) -> bool:
        """The other one is no process of ours: such a one would have stopped by now. Polls that work in between, when
        something comes just then, do not count."""
        now = asyncio.get_running_loop().time()
        if now - self._last_conflict > CALM_SECONDS:
            self._first_conflict = now
        self._last_conflict = now
        return now - self._first_conflict >= self._conflict_seconds

    def _report(self, error: Exception, pause: float) -> None:
        """One loud line when trouble begins, so that an outage of an hour with 1,000 bots does not fill the disk."""
        expected = isinstance(error, TelegramError | TimeoutError | NotHandled | DatabaseUnavailable)
        told_elsewhere = isinstance(error, TokenInvalid)
        if not expected:
            self._log.error("poll_failed", exc_info=error)
        elif self._failures == 1 and not told_elsewhere:
            self._log.warning("poll_interrupted", error=f"{type(error).__name__}: {error}", next_in=round(pause, 1))
        else:
            self._log.debug("poll_interrupted", error=f"{type(error).__name__}: {error}", next_in=round(pause, 1))

    async def _confirm(self) -> None:
        """Tell Telegram what the last batch was, so that the next start does not get it again. It may fail: an
        update that comes twice changes nothing."""
        if self._offset == self._confirmed_offset:
            return
        params = {"offset": self._offset, "timeout": 0, "limit": 1, "allowed_updates": ALLOWED_UPDATES}
        with suppress(TelegramError, TimeoutError):
            async with asyncio.timeout(CONFIRM_SECONDS):
                await self._api.call(self.token, "getUpdates", params, long_poll=True)

    async def _sleep(self, seconds: float) -> None:
        try:
            with self._stoppable():
                await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            if not self.stopping:
                raise

    @contextmanager
    def _stoppable(self) -> Iterator[None]:
        """Inside, `stop` cancels at once; outside, it waits."""
        self._task = asyncio.current_task()
        try:
            yield
        finally:
            self._task = None


def _chat_id(event: Event) -> int:
    return event.old_chat_id if isinstance(event, Migration) else event.chat.id
