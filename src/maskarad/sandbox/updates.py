"""Per-bot update queues: what is kept, for whom, in which order, until when.

An update stays until its bot confirms it, by a later `offset` or by answering the webhook with 2xx, and at most 24
hours. `allowed_updates` holds for updates that happen after it was given.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from maskarad.sandbox.refusal import Refused, conflict
from maskarad.sandbox.ring import Bell
from maskarad.sandbox.world import Body, Bot, Update

KEPT_SECONDS = 24 * 3600
KEPT_UPDATES = 100_000
REMEMBERED_UPDATES = 1_000
MAX_POLL_SECONDS = 50

UPDATE_KINDS = frozenset(
    [
        "message",
        "edited_message",
        "channel_post",
        "edited_channel_post",
        "business_connection",
        "business_message",
        "edited_business_message",
        "deleted_business_messages",
        "guest_message",
        "message_reaction",
        "message_reaction_count",
        "inline_query",
        "chosen_inline_result",
        "callback_query",
        "shipping_query",
        "pre_checkout_query",
        "purchased_paid_media",
        "poll",
        "poll_answer",
        "my_chat_member",
        "chat_member",
        "chat_join_request",
        "chat_boost",
        "removed_chat_boost",
        "managed_bot",
    ]
)
SENT_ONLY_WHEN_ASKED = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


class Mailbox:
    """The running side of one bot's queue. `again` holds updates to be delivered once more whatever was confirmed."""

    def __init__(self, bot: Bot, clock: Callable[[], float]) -> None:
        self.bot = bot
        self.again: deque[Update] = deque(maxlen=REMEMBERED_UPDATES)
        self.bell = Bell()
        self._past: deque[Update] = deque(bot.pending[-REMEMBERED_UPDATES:], maxlen=REMEMBERED_UPDATES)
        self._clock = clock
        self._poll: asyncio.Future[Refused] | None = None

    def wants(self, kind: str) -> bool:
        allowed = self.bot.allowed_updates
        return kind in allowed if allowed else kind not in SENT_ONLY_WHEN_ASKED

    def put(self, kind: str, lane: int, content: Body) -> None:
        """Queues an update if the bot asked for its kind."""
        if self.wants(kind):
            self.put_raw({kind: content}, lane)

    def put_raw(self, body: Body, lane: int = 0) -> Update:
        """Queues an update as it is. One with an `update_id` of its own is delivered whatever was confirmed."""
        own_id = body.get("update_id")
        if isinstance(own_id, int):
            update = Update(own_id, self._clock(), lane, body)
            self.again.append(update)
        else:
            self.bot.last_update_id += 1
            update = Update(
                self.bot.last_update_id, self._clock(), lane, {**body, "update_id": self.bot.last_update_id}
            )
            self.bot.pending.append(update)
            if len(self.bot.pending) > KEPT_UPDATES:
                del self.bot.pending[: KEPT_UPDATES // 10]
        self._past.append(update)
        self.bell.ring()
        return update

    def redeliver(self, update_id: int | None) -> Update | None:
        """Delivers a past update again, the last one when no id is given; None when it is not remembered."""
        past = reversed(self._past)
        found = next((each for each in past if update_id is None or each.id == update_id), None)
        if found is not None:
            self.again.append(found)
            self.bell.ring()
        return found

    def confirm(self, offset: int) -> None:
        """Forgets updates before `offset`; a negative one keeps that many of the last."""
        pending = self.bot.pending
        if offset < 0:
            del pending[: max(len(pending) + offset, 0)]
            return
        done = next((place for place, update in enumerate(pending) if update.id >= offset), len(pending))
        del pending[:done]

    def forget_old(self) -> None:
        horizon = self._clock() - KEPT_SECONDS
        if self.bot.pending and self.bot.pending[0].at < horizon:
            self.bot.pending[:] = [update for update in self.bot.pending if update.at >= horizon]

    def take(self, limit: int) -> list[Body]:
        """What the next answer holds. Nothing is confirmed by being taken."""
        self.forget_old()
        repeated = [self.again.popleft() for _ in range(min(limit, len(self.again)))]
        return [update.body for update in (*repeated, *self.bot.pending[: limit - len(repeated)])]

    async def poll(self, limit: int, seconds: float) -> list[Body]:
        """A getUpdates call: answers at once when there is something. A newer poll ends this one with 409."""
        self.end_poll(
            conflict("terminated by other getUpdates request; make sure that only one bot instance is running")
        )
        ended: asyncio.Future[Refused] = asyncio.get_running_loop().create_future()
        self._poll = ended
        deadline = asyncio.get_running_loop().time() + min(seconds, MAX_POLL_SECONDS)
        ended.add_done_callback(lambda _: self.bell.ring())
        try:
            while not ended.done():
                if found := self.take(limit):
                    return found
                if not await self.bell.wait(deadline - asyncio.get_running_loop().time()):
                    return []
            raise ended.result()
        finally:
            if self._poll is ended:
                self._poll = None

    def end_poll(self, reason: Refused) -> None:
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(reason)


def lane_of(body: Any) -> int:
    """The chat of a raw update, for ordering; 0 when it has none that makes sense."""
    if not isinstance(body, dict):
        return 0
    inner = next((value for name, value in body.items() if name != "update_id"), None)
    chat = inner.get("chat") if isinstance(inner, dict) else None
    lane = chat.get("id") if isinstance(chat, dict) else None
    return lane if isinstance(lane, int) else 0
