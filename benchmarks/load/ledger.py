"""What Telegram and the model saw while a platform was under load."""

import asyncio
import contextlib
import re
import time
from collections.abc import Iterable, Set

from benchmarks.load.plan import number_at
from benchmarks.people import FIRST_QUERY
from benchmarks.stage import MANAGER_TOKEN
from benchmarks.stub import Call, Stub

PATIENCE = 30.0
"""Seconds after the last update in which what is still missing may come."""

_REPLY = re.compile(r"\(reply (\d+)\)")


class TimedStub(Stub):
    """Its message ids grow with time, as those of Locust do, so that a chat's messages are in order."""

    def __init__(self, epoch: float) -> None:
        super().__init__()
        self._epoch = epoch
        self._last = 0

    def new_message_id(self) -> int:
        self._last = max(self._last + 2, number_at(self._epoch, time.perf_counter()) + 1)
        return self._last


class Ledger:
    """Hears everything that the stub hears. Times are seconds of `time.perf_counter`."""

    def __init__(self, stub: Stub, *, bots: int, patience: float = PATIENCE) -> None:
        """`bots` have a webhook each; `patience` is how long `registered` and `complete` wait at most."""
        self.answered_at: dict[int, float] = {}
        """By the number of a press: its circle ended."""
        self.shown_at: dict[int, float] = {}
        """By the number of a press: the screen changed."""
        self.covered: set[int] = set()
        """Lines that a reply was made for, and sent."""
        self.replies = 0
        self.strays: list[str] = []
        """Messages that no reply of the model's is in: an apology, a screen that could not be edited."""
        self._stub = stub
        self._patience = patience
        self._unregistered = bots
        self._registered = asyncio.Event()
        self._missing: set[int] = set()
        self._nothing_missing = asyncio.Event()
        stub.hear = self._heard

    async def registered(self) -> None:
        """Returns when every bot has set its webhook. Raises TimeoutError."""
        async with asyncio.timeout(self._patience):
            await self._registered.wait()

    async def complete(self, presses: Iterable[int], lines: Iterable[int]) -> None:
        """Returns when every press was shown and every line covered, or when patience ends."""
        unshown = {each for each in presses if self.finished_at(each) is None}
        self._missing = unshown | (set(lines) - self.covered)
        self._nothing_missing.clear()
        if self._missing:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._nothing_missing.wait(), self._patience)

    def finished_at(self, press: int) -> float | None:
        """When both answers to a press had been seen."""
        try:
            return max(self.answered_at[press], self.shown_at[press])
        except KeyError:
            return None

    def _heard(self, call: Call) -> None:
        match call.method:
            case "setWebhook":
                self._webhook_set()
            case "answerCallbackQuery":
                self._noted(self.answered_at, int(str(call.params["callback_query_id"])) - FIRST_QUERY, call.at)
            case "editMessageText" if call.token == MANAGER_TOKEN:
                self._noted(self.shown_at, int(str(call.params["message_id"])), call.at)
            case "sendMessage":
                self._said(str(call.params["text"]))

    def _webhook_set(self) -> None:
        self._unregistered -= 1
        if not self._unregistered:
            self._registered.set()

    def _noted(self, times: dict[int, float], press: int, at: float) -> None:
        times[press] = at
        if self.finished_at(press) is not None:
            self._found({press})

    def _said(self, text: str) -> None:
        found = _REPLY.search(text)
        if found is None:
            self.strays.append(text)
            return
        held = self._stub.prompts[int(found.group(1))]
        self.replies += 1
        self.covered |= held
        self._found(held)

    def _found(self, numbers: Set[int]) -> None:
        self._missing -= numbers
        if not self._missing:
            self._nothing_missing.set()
