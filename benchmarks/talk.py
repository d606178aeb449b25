"""Private conversations: who said which line, which reply covers it, and in what order the replies came.

A line is covered by the first message that was sent by a turn whose prompt held it; one reply may cover several.
"""

import asyncio
import re
from collections.abc import Iterable, Sequence

import msgspec

from benchmarks.people import JsonObject, mention, private_message
from benchmarks.stub import Call, Stub

PATIENCE = 60.0
"""Seconds after which a line counts as never answered."""

_REPLY = re.compile(r"\(reply (\d+)\)")


class Covered(msgspec.Struct, frozen=True):
    chat_id: int
    at: float
    newest_line: int


class Talk:
    """Hears everything that the stub hears from now on."""

    def __init__(self, stub: Stub) -> None:
        self.replies: list[Covered] = []
        self.covered_at: dict[int, float] = {}
        self._stub = stub
        self._open: set[int] = set()
        self._all_covered = asyncio.Event()
        stub.hear = self._heard

    def line(self, person_id: int) -> tuple[int, JsonObject]:
        """A new line of somebody's, and the update that says it."""
        number = self._new_line()
        return number, private_message(person_id, number)

    def say(self, token: str, people: Iterable[int]) -> dict[int, int]:
        """Each of the people says a line to the bot, all at once. Returns the update ids by line."""
        said = [self.line(person_id) for person_id in people]
        ids = self._stub.inboxes[token].put(*(update for _, update in said))
        return {line: update_id for (line, _), update_id in zip(said, ids, strict=True)}

    def mention(self, token: str, group: int, person_id: int, username: str) -> dict[int, int]:
        """Somebody says a line in a group to the bot. Returns as `say`."""
        line = self._new_line()
        (update_id,) = self._stub.inboxes[token].put(mention(group, person_id, line, username))
        return {line: update_id}

    async def all_covered(self) -> None:
        """Raises TimeoutError when a line is never answered."""
        if self._open:
            async with asyncio.timeout(PATIENCE):
                await self._all_covered.wait()

    def _new_line(self) -> int:
        number = self._stub.new_message_id()
        self._open.add(number)
        self._all_covered.clear()
        return number

    def _heard(self, call: Call) -> None:
        if call.method != "sendMessage":
            return
        found = _REPLY.search(str(call.params["text"]))
        if found is None:
            raise RuntimeError(f"the platform said something of its own: {call.params['text']}")
        held = self._stub.prompts[int(found.group(1))]
        self.replies.append(Covered(chat_id=int(str(call.params["chat_id"])), at=call.at, newest_line=max(held)))
        for line in held & self._open:
            self.covered_at[line] = call.at
        self._open -= held
        if not self._open:
            self._all_covered.set()


def chats_out_of_order(replies: Sequence[Covered]) -> int:
    """Chats in which a reply came after one that had already answered a later line."""
    newest: dict[int, int] = {}
    wrong: set[int] = set()
    for reply in replies:
        if reply.newest_line < newest.get(reply.chat_id, 0):
            wrong.add(reply.chat_id)
        newest[reply.chat_id] = max(reply.newest_line, newest.get(reply.chat_id, 0))
    return len(wrong)
