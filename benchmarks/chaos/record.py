"""The sandbox's own record of a run, read along while it grows: what was said, spoken, called, delivered, asked."""

import asyncio
import re
from collections.abc import Sequence
from typing import Any

from maskarad.sandbox.person import Object, Sandbox
from maskarad.values import Value

PAUSE = 1.0
"""Seconds between looks at the records that have no long poll."""

_NUMBER = re.compile(r"№(\d+)")
_ANSWER = re.compile(r"(?P<numbers>№[\d№ ]+) \(answer (?P<answer>\d+), part (?P<part>\d+) of (?P<parts>\d+)\)")


class Said(Value, frozen=True):
    """A person's numbered line."""

    number: int
    chat: str
    message_id: int
    at: float


class Part(Value, frozen=True):
    """What a message of a persona's is of; see the sandbox's counting script."""

    answer: int
    part: int
    parts: int
    numbers: tuple[int, ...]


class Spoken(Value, frozen=True):
    """A persona's message; `part` is None for words that are not the model's."""

    chat: str
    at: float
    text: str
    part: Part | None


class CutCall(Value, frozen=True):
    """A message was sent, and the bot was not told."""

    bot: int
    chat_id: int
    text: str
    at: float


class Asked(Value, frozen=True):
    """A request to the model; `failed` is how, None for one that was answered."""

    at: float
    numbers: tuple[int, ...]
    failed: str | None


class Gap(Exception):
    """The sandbox forgot what had not been read yet: nothing could be proved of this run."""


class Record:
    """Follows the sandbox from `begin` to `end`; what came before is not in it."""

    def __init__(self, sandbox: Sandbox, *, manager: int, apologies: frozenset[str]) -> None:
        """`apologies` are the texts in which a persona says that its model has failed: they end the waiting."""
        self.said: dict[int, Said] = {}
        self.spoken: list[Spoken] = []
        self.cut: list[CutCall] = []
        self.asked: list[Asked] = []
        self.accepted: dict[tuple[int, int, int], float] = {}
        """By bot, chat and message id: when the platform first said that it has the message."""
        self.deliveries = 0
        self.refused = 0
        """Deliveries that were not answered with 200."""
        self.unanswered: set[int] = set()
        self._missing: dict[int, set[int]] = {}
        """Parts that have not come yet, by answer."""
        self._begun: set[int] = set()
        self._sandbox = sandbox
        self._manager = manager
        self._apologies = apologies
        self._read = {"events": 0, "calls": 0, "deliveries": 0, "model": 0}
        self._tasks: list[asyncio.Task[None]] = []
        self._changed = asyncio.Event()

    async def begin(self) -> None:
        self._read["events"] = await self._sandbox.position()
        for name, look in (
            ("calls", self._sandbox.calls),
            ("deliveries", self._sandbox.deliveries),
            ("model", self._sandbox.model_requests),
        ):
            found = await look()
            self._read[name] = found[-1]["seq"] if found else 0
        self._tasks = [asyncio.create_task(self._follow_events()), asyncio.create_task(self._follow_others())]

    async def end(self) -> None:
        """Reads what is left. Raises Gap."""
        for task in self._tasks:
            task.cancel()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        for error in ended:
            if isinstance(error, Exception):
                raise error
        while await self._read_events(wait=0):
            pass
        await self._read_others()

    async def all_answered(self, patience: float) -> bool:
        """Returns when every line said so far is answered and every answer whole, or when patience ends."""
        try:
            async with asyncio.timeout(patience):
                while self.unanswered or self._missing:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    async def _follow_events(self) -> None:
        while True:
            await self._read_events(wait=10)

    async def _read_events(self, wait: float) -> bool:
        found, _ = await self._sandbox.events(self._read["events"], wait)
        for event in self._unbroken("events", found):
            if event["kind"] == "message":
                self._message(event)
        self._changed.set()
        return bool(found)

    async def _follow_others(self) -> None:
        while True:
            await self._read_others()
            await asyncio.sleep(PAUSE)

    async def _read_others(self) -> None:
        for name, look, note in (
            ("calls", self._sandbox.calls, self._call),
            ("deliveries", self._sandbox.deliveries, self._delivery),
            ("model", self._sandbox.model_requests, self._request),
        ):
            for each in self._unbroken(name, await look(after=self._read[name])):
                note(each)

    def _unbroken(self, name: str, found: Sequence[Object]) -> Sequence[Object]:
        if found:
            if found[0]["seq"] != self._read[name] + 1:
                raise Gap(f"{name}: {self._read[name] + 1} was expected, {found[0]['seq']} came")
            self._read[name] = found[-1]["seq"]
        return found

    def _message(self, event: Object) -> None:
        message, chat = event["message"], event["chat"]
        sender, text = message["from"], message.get("text", "")
        if not sender["is_bot"]:
            found = _NUMBER.search(text)
            if found is not None:
                number = int(found[1])
                self.said[number] = Said(number=number, chat=chat, message_id=message["message_id"], at=event["at"])
                self.unanswered.add(number)
        elif sender["id"] != self._manager:
            part = read_part(text)
            self.spoken.append(Spoken(chat=chat, at=event["at"], text=text, part=part))
            if part is not None:
                self._came(part)
            elif text in self._apologies:
                self.unanswered -= {number for number in self.unanswered if self.said[number].chat == chat}

    def _came(self, part: Part) -> None:
        self.unanswered.difference_update(part.numbers)
        if part.answer not in self._begun:
            self._begun.add(part.answer)
            self._missing[part.answer] = set(range(1, part.parts + 1))
        if part.answer in self._missing:
            self._missing[part.answer].discard(part.part)
            if not self._missing[part.answer]:
                del self._missing[part.answer]

    def _call(self, call: Object) -> None:
        was_done = call["fault"] == "cut" and call["status"] == 200
        if was_done and call["method"] == "sendMessage" and call["bot_id"] != self._manager:
            params = call["params"]
            cut = CutCall(bot=call["bot_id"], chat_id=int(params["chat_id"]), text=str(params["text"]), at=call["at"])
            self.cut.append(cut)

    def _delivery(self, delivery: Object) -> None:
        self.deliveries += 1
        if delivery["status"] != 200:
            self.refused += 1
        elif delivery["message_id"] is not None:
            key = (delivery["bot_id"], delivery["chat_id"], delivery["message_id"])
            self.accepted.setdefault(key, delivery["at"])

    def _request(self, request: Object) -> None:
        failed = request["fault"]
        numbers = tuple(_new_numbers(request["body"]))
        self.asked.append(Asked(at=request["at"], numbers=numbers, failed=None if failed is None else str(failed)))


def read_part(text: str) -> Part | None:
    """None when it is not what the counting script says."""
    found = _ANSWER.fullmatch(text)
    if found is None:
        return None
    return Part(
        answer=int(found["answer"]),
        part=int(found["part"]),
        parts=int(found["parts"]),
        numbers=tuple(map(int, _NUMBER.findall(found["numbers"]))),
    )


_NEW = re.compile(r'"text":"(?P<text>(?:[^"\\]|\\.)*)","new":true')


def _new_numbers(body: dict[str, Any]) -> list[int]:
    """Of the lines that the platform marks as not answered yet."""
    said = (each["content"] for each in body["messages"] if each["role"] == "user")
    texts = (found["text"] for content in said for found in _NEW.finditer(content))
    return [int(number) for text in texts for number in _NUMBER.findall(text)]
