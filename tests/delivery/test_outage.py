"""What was sent is written down, however long the database is away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import Engine

from maskarad.db.engine import PATIENCE, Query, T
from maskarad.delivery.deliver import Delivery
from maskarad.errors import DatabaseUnavailable
from maskarad.values import Claim, ClaimedLink, Part, PartKind, Piece, Progress
from tests.support.bots import a_bot
from tests.support.people import ALICE
from tests.support.rows import GROUP, NOW

FASTER = 200


class HastyLoop(asyncio.SelectorEventLoop):
    """Its clock runs much faster than it waits: what is patient for minutes is so for part of a second."""

    def time(self) -> float:
        return super().time() * FASTER


class Away:
    """A database that is away until `back`, and counts how often it was asked."""

    def __init__(self) -> None:
        self.engines: Sequence[Engine] = ()
        self.back_at = asyncio.get_running_loop().time() + 2 * PATIENCE
        self.tries = 0

    async def read(self, query: Query[T]) -> T:
        raise AssertionError("there is nothing to read")

    async def write(self, query: Query[T]) -> T:
        self.tries += 1
        if asyncio.get_running_loop().time() < self.back_at:
            raise DatabaseUnavailable("away")
        return Progress(parts=0)  # type: ignore[return-value]

    async def close(self) -> None: ...


class Messenger:
    def __init__(self) -> None:
        self.sent: list[str] = []

    async def send_text(
        self,
        bot_id: int,
        chat_id: int,
        content: Piece,
        *,
        reply_to: int | None = None,
        silent: bool = False,
        before: Callable[[], Awaitable[None]] | None = None,
    ) -> int:
        self.sent.append(content.text)
        return 1

    async def react(self, bot_id: int, chat_id: int, message_id: int, emoji: str | None) -> bool:
        raise AssertionError("nobody reacts")


@asynccontextmanager
async def typing(_bot_id: int, _chat_id: int) -> AsyncIterator[None]:
    yield


async def deliver() -> tuple[Progress, list[str], list[None], int]:
    database, messenger, doubts = Away(), Messenger(), list[None]()

    async def make_sure(_claim: Claim) -> None: ...

    delivery = Delivery(
        database,
        messenger,
        pause_before=lambda _text: 0.0,
        typing=typing,
        moved=lambda _bot_id, _old, _new: None,
        make_sure=make_sure,
        is_served=lambda _bot_id: True,
        doubt=lambda: doubts.append(None),
        clock=lambda: NOW,
    )
    bot = a_bot(owner_id=ALICE.id, telegram_id=5, username="bot", name="Bot", sees_all_group_messages=False)
    link = ClaimedLink(
        claim=Claim(link_id=1, token="a"), bot_id=1, chat=GROUP, asked=1, parts=1, failures=0, tries=0, history=()
    )
    part = Part(id=1, kind=PartKind.TEXT, text="hi")
    progress = await delivery.deliver(bot, link, Progress(parts=1, added=(part,)))
    return progress, messenger.sent, doubts, database.tries


def test_a_part_that_was_sent_is_marked_after_the_longest_outage() -> None:
    with asyncio.Runner(loop_factory=HastyLoop) as runner:
        progress, sent, doubts, tries = runner.run(deliver())
    assert (progress.parts, sent, len(doubts)) == (0, ["hi"], 1)
    assert tries > 2
