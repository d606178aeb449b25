"""Pushing updates to webhooks: in order within a chat, chats side by side, again and again until answered with 2xx."""

import asyncio
import logging
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import aiohttp
import orjson

from maskarad.sandbox.disorder import Post
from maskarad.sandbox.params import Params
from maskarad.sandbox.updates import Mailbox
from maskarad.sandbox.world import Bot, Update, Webhook

FIRST_RETRY_SECONDS = 0.5
LONGEST_RETRY_SECONDS = 60.0
ANSWER_SECONDS = 60.0

log = logging.getLogger(__name__)

Perform = Callable[[Bot, str, Params], Awaitable[Any]]


class WebhookPusher:
    """One watcher task per bot with a webhook. `perform` carries out a method that a webhook answers with."""

    def __init__(
        self, session: aiohttp.ClientSession, perform: Perform, post: Post, clock: Callable[[], float]
    ) -> None:
        self._session = session
        self._perform = perform
        self._post = post
        self._clock = clock
        self._watchers: dict[int, asyncio.Task[None]] = {}

    def watch(self, mailbox: Mailbox) -> None:
        """Starts, or starts over, the delivery of everything pending to the bot's present webhook."""
        running = self._watchers.pop(mailbox.bot.id, None)
        if running is not None:
            running.cancel()
        hook = mailbox.bot.webhook
        if hook is not None:
            delivery = _Delivery(self._session, self._perform, self._post, self._clock, mailbox, hook)
            self._watchers[mailbox.bot.id] = asyncio.create_task(delivery.run())

    async def stop(self) -> None:
        for task in self._watchers.values():
            task.cancel()
        await asyncio.gather(*self._watchers.values(), return_exceptions=True)


class _Delivery:
    def __init__(
        self,
        session: aiohttp.ClientSession,
        perform: Perform,
        post: Post,
        clock: Callable[[], float],
        mailbox: Mailbox,
        hook: Webhook,
    ) -> None:
        self._session = session
        self._perform = perform
        self._post = post
        self._clock = clock
        self._mailbox = mailbox
        self._hook = hook
        self._places = asyncio.Semaphore(hook.max_connections)
        self._lanes: dict[int, deque[Update]] = {}
        self._last_seen = -1
        self._headers = {"Content-Type": "application/json"}
        if hook.secret_token:
            self._headers["X-Telegram-Bot-Api-Secret-Token"] = hook.secret_token

    async def run(self) -> None:
        """Hands each update to its lane; ends when the webhook is another one or gone."""
        with suppress(asyncio.CancelledError):
            async with asyncio.TaskGroup() as lanes:
                while self._is_current():
                    for update in self._fresh():
                        self._dispatch(lanes, update)
                    await self._mailbox.bell.wait(3600)

    def _is_current(self) -> bool:
        return self._mailbox.bot.webhook is self._hook

    def _fresh(self) -> list[Update]:
        self._mailbox.forget_old()
        again = list(self._mailbox.again)
        self._mailbox.again.clear()
        pending = self._mailbox.bot.pending
        start = bisect_left(pending, self._last_seen + 1, key=lambda update: update.id)
        fresh = pending[start:]
        if fresh:
            self._last_seen = fresh[-1].id
        return again + fresh

    def _dispatch(self, lanes: asyncio.TaskGroup, update: Update) -> None:
        lateness, copy_after = self._post.lateness(), self._post.copy_after()
        if lateness is None:
            self._assign(lanes, update)
        else:
            lanes.create_task(self._deliver_after(lateness, update))
        if copy_after is not None:
            lanes.create_task(self._deliver_after(copy_after, update))

    async def _deliver_after(self, seconds: float, update: Update) -> None:
        """Out of turn: nothing waits for it."""
        await asyncio.sleep(seconds)
        await self._deliver(update)

    def _assign(self, lanes: asyncio.TaskGroup, update: Update) -> None:
        lane = self._lanes.get(update.lane)
        if lane is None:
            lane = self._lanes[update.lane] = deque()
            lanes.create_task(self._drain(update.lane, lane))
        lane.append(update)

    async def _drain(self, name: int, lane: deque[Update]) -> None:
        while lane and self._is_current():
            await self._deliver(lane[0])
            lane.popleft()
        self._lanes.pop(name, None)

    async def _deliver(self, update: Update) -> None:
        pause = FIRST_RETRY_SECONDS
        while self._is_current():
            async with self._places:
                error, answer = await self._push(update)
            if error is None:
                self._confirm(update)
                await self._carry_out(answer)
                return
            self._hook.last_error, self._hook.last_error_at = error, int(self._clock())
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_RETRY_SECONDS)

    async def _push(self, update: Update) -> tuple[str | None, bytes]:
        """What went wrong (None: nothing), and the answer's body."""
        started = time.perf_counter()
        status, error, answer = await self._post_it(orjson.dumps(update.body))
        self._post.note(self._mailbox.bot.id, update, status, time.perf_counter() - started)
        return error, answer

    async def _post_it(self, body: bytes) -> tuple[int, str | None, bytes]:
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        try:
            async with self._session.post(
                self._hook.url, data=body, headers=self._headers, timeout=timeout, allow_redirects=False
            ) as response:
                answer = await response.content.read(1024 * 1024)
                if 200 <= response.status < 300:
                    return response.status, None, answer
                return response.status, f"Wrong response from the webhook: {response.status} {response.reason}", b""
        except TimeoutError:
            return 0, "Read timeout expired", b""
        except aiohttp.ClientError:
            return 0, "Connection failed", b""

    def _confirm(self, update: Update) -> None:
        pending = self._mailbox.bot.pending
        place = bisect_left(pending, update.id, key=lambda each: each.id)
        if place < len(pending) and pending[place] is update:
            del pending[place]

    async def _carry_out(self, answer: bytes) -> None:
        """A webhook may answer with a method to call; its result goes nowhere, as at Telegram."""
        with suppress(orjson.JSONDecodeError):
            asked = orjson.loads(answer) if answer else None
            if isinstance(asked, dict) and isinstance(asked.get("method"), str):
                await self._perform(self._mailbox.bot, asked["method"].lower(), Params(asked))
