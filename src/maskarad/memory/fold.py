"""Folding, in the background: what has left the prompt's window is made findable and goes into the link's summary.

A step takes the oldest lines of one link under a lease, makes their words and their summary outside any transaction,
and writes both with the cursor in one. A crash at any point leaves the link as it was.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Protocol

import structlog

from maskarad.db import Connection, summaries
from maskarad.db.engine import Database
from maskarad.db.summaries import BEFORE_ALL, Folded, FoldedLine, StoredSummary, Unfolded
from maskarad.errors import ModelError, PurseEmpty
from maskarad.memory.analysis import Analysis
from maskarad.memory.summarising import digest_of, read_summary, request_for, with_digest
from maskarad.memory.terms import stems_of, term
from maskarad.purse.purses import Purses
from maskarad.values import Bot, Completion, CompletionRequest, HistoryLine, Persona, Purpose

log = structlog.get_logger()

LEASE = 150.0
"""Seconds after which a link that a dead process was folding is free for others; a call to the model takes less."""

STEP = 200
"""Lines in one transaction: some 10 ms of SQLite, in which nobody else writes."""

PAUSE = 0.05
"""Seconds between two steps, so that a long import leaves the processor to those who wait for an answer."""

LINKS_AT_ONCE = 50
FOLDED_AT_ONCE = 4
"""Links that wait for the model at the same time: a slow answer holds up no other link."""

LOOK_AGAIN = 1.0
"""Seconds after which, while the model thinks, those are looked for that have become due."""

SAMPLE = 60
"""Of the lines of a step so many are analysed for a digest."""

LINES_AT_A_STRETCH = 20
"""Lines taken to pieces before the event loop gets its turn."""


class Model(Protocol):
    async def complete(self, request: CompletionRequest) -> Completion:
        """Raises ModelError when every key and model has failed."""


class Folder:
    """`find_bot` gives a bot that is served here, `persona` its persona. Where a purse is empty, or the model fails, a
    digest made here stands in for its summary. `tokens` bounds what the model is given."""

    def __init__(
        self,
        database: Database,
        model: Model,
        paying: Purses,
        *,
        find_bot: Callable[[int], Bot | None],
        persona: Callable[[int], Awaitable[Persona]],
        analyze: Callable[[str], Analysis],
        tokens: int,
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._model = model
        self._paying = paying
        self._find_bot = find_bot
        self._persona = persona
        self._analyze = analyze
        self._tokens = tokens
        self._clock = clock

    async def fold_due(self) -> None:
        """Fold every link that is due, a few at once, step by step in turns, so that a long history holds up no short
        one. Raises DatabaseUnavailable."""
        after = BEFORE_ALL
        steps = _Steps()
        try:
            while True:
                now = self._clock()
                due = await self._database.read(partial(summaries.due, after=after, now=now, most=LINKS_AT_ONCE))
                for link_id in due:
                    await steps.start(self._step(link_id))
                    await asyncio.sleep(PAUSE)
                if not due and after == BEFORE_ALL and await steps.are_done():
                    return
                after = due[-1] if len(due) == LINKS_AT_ONCE else BEFORE_ALL
        finally:
            await steps.end()

    async def fold(self, link_id: int, *, said_before: float | None = None) -> None:
        """Fold a link down to its newest lines, if it is due; with `said_before`, all lines older than that time, even
        if they are few. Raises DatabaseUnavailable."""
        is_more = True
        while is_more:
            is_more = await self._step(link_id, said_before)
            await asyncio.sleep(PAUSE)

    async def _step(self, link_id: int, said_before: float | None = None) -> bool:
        """Whether there is more to fold."""
        now = self._clock()
        folding = await self._database.write(
            lambda connection: summaries.claim(connection, link_id, now=now, lease=LEASE, if_due=said_before is None)
        )
        if folding is None:
            return False
        unfolded = await self._database.read(
            lambda connection: summaries.read(connection, folding, most=STEP, said_before=said_before)
        )
        folded = Folded(
            to_order=unfolded.lines[-1].line.message_order if unfolded.lines else folding.folded_order,
            is_all=unfolded.is_all,
            words=await self._words(link_id, unfolded.lines),
            summary=await self._summary(folding.bot_id, unfolded),
        )
        return await self._store(folding, folded)

    async def _store(self, folding: summaries.Folding, folded: Folded) -> bool:
        def store(connection: Connection) -> bool:
            return summaries.store(connection, folding, folded, now=self._clock())

        if await self._database.write(store):
            log.debug("folded", link_id=folding.link_id, lines=len(folded.words))
            return not folded.is_all
        await self._database.write(lambda connection: summaries.give_back(connection, folding))
        return False

    async def _words(self, link_id: int, lines: Sequence[FoldedLine]) -> tuple[tuple[int, str], ...]:
        found: list[tuple[int, str]] = []
        for number, each in enumerate(lines):
            if number % LINES_AT_A_STRETCH == LINES_AT_A_STRETCH - 1:
                await asyncio.sleep(0)
            if stems := stems_of(each.line.text):
                found.append((each.id, " ".join(term(link_id, stem) for stem in stems)))
        return tuple(found)

    async def _summary(self, bot_id: int, unfolded: Unfolded) -> StoredSummary | None:
        """Of the lines that were said here; imported ones have their digest. The model is asked only for the last of
        many steps."""
        earlier = unfolded.summary
        done = earlier.to_order if earlier else BEFORE_ALL
        lines = [each.line for each in unfolded.lines if not each.imported and each.line.message_order > done]
        if not lines:
            return None
        text = await self._ask(bot_id, earlier.text if earlier else "", lines) if unfolded.is_all else None
        if text is None:
            text = with_digest(earlier.text if earlier else "", await self._digest(lines))
        return StoredSummary(
            text=text,
            from_order=earlier.from_order if earlier else lines[0].message_order,
            to_order=lines[-1].message_order,
        )

    async def _ask(self, bot_id: int, earlier: str, lines: Sequence[HistoryLine]) -> str | None:
        bot = self._find_bot(bot_id)
        if bot is None:
            return None
        persona = await self._persona(bot.persona_id)
        request = request_for(persona, earlier, lines, tokens=self._tokens)
        try:
            reserved = await self._paying.reserve(bot, Purpose.SUMMARY, request, user_id=0)
        except PurseEmpty:
            return None
        try:
            completion = await self._model.complete(request)
        except ModelError as error:
            log.warning("summary_failed", bot_id=bot.id, reason=error.reason)
            await self._paying.pay(self._paying.bill_failure(reserved, error))
            return None
        await self._paying.pay(self._paying.bill(reserved, completion))
        text = read_summary(completion.text)
        if text is None:
            log.warning("summary_failed", bot_id=bot.id, reason="nonsense")
        return text

    async def _digest(self, lines: Sequence[HistoryLine]) -> str:
        analyses: list[Analysis] = []
        for line in lines[:: 1 + len(lines) // SAMPLE]:
            analyses.append(self._analyze(line.text))
            await asyncio.sleep(0)
        return digest_of(lines, analyses)


class _Steps:
    """Steps under way, `FOLDED_AT_ONCE` at most. What one of them raises comes out where the next is waited for."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[bool]] = set()

    async def start(self, step: Coroutine[Any, Any, bool]) -> None:
        self._under_way.add(asyncio.create_task(step))
        while len(self._under_way) >= FOLDED_AT_ONCE:
            await self._wait(None)

    async def are_done(self) -> bool:
        """False: there were some; what they have left to do may be due."""
        if not self._under_way:
            return True
        await self._wait(LOOK_AGAIN)
        return False

    async def end(self) -> None:
        for step in self._under_way:
            step.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _wait(self, timeout: float | None) -> None:
        done, self._under_way = await asyncio.wait(
            self._under_way, timeout=timeout, return_when=asyncio.FIRST_COMPLETED
        )
        for step in done:
            step.result()
