"""What live lines teach: a link's days, and how its people write. It happens in the background, a little at a time, and
is exact: each line is learned once, whatever dies in between, and what was erased is not learned afterwards."""

from collections.abc import Callable
from functools import partial

from maskarad.db import learning
from maskarad.db.engine import Database
from maskarad.db.learning import Lesson
from maskarad.memory.analyzer import Analyzer
from maskarad.memory.stats import Learned, Tally

LINES_AT_ONCE = 200
ENOUGH = 50
"""Messages that are learned even while people go on talking."""

QUIET = 120.0
"""Seconds without a message after which whatever is there is learned."""

LINKS_A_ROUND, LINES_A_ROUND = 20, 2_000


class Learning:
    """`clock` gives Unix seconds."""

    def __init__(self, database: Database, analyzer: Analyzer, *, clock: Callable[[], float]) -> None:
        self._database = database
        self._analyzer = analyzer
        self._clock = clock

    async def learn(self, link_id: int, *, most: int | None = None) -> int:
        """Learn what the link has, at most about `most` lines; returns how many. Raises DatabaseUnavailable."""
        count = 0
        while most is None or count < most:
            lesson = await self._database.read(partial(learning.lesson, link_id=link_id, most=LINES_AT_ONCE))
            if lesson is None:
                break
            learned = await self._learned(lesson)
            if not await self._database.write(partial(learning.keep, taken=lesson, learned=learned)):
                break
            count += len(lesson.lines)
            if lesson.is_all:
                break
        return count

    async def round(self) -> int:
        """Learn in the links that are due, a bounded number of lines. Raises DatabaseUnavailable."""
        quiet_since = self._clock() - QUIET
        due = await self._database.read(
            partial(learning.due, enough=ENOUGH, quiet_since=quiet_since, most=LINKS_A_ROUND)
        )
        count = 0
        for link_id in due:
            if count >= LINES_A_ROUND:
                break
            count += await self.learn(link_id, most=LINES_A_ROUND - count)
        return count

    async def _learned(self, lesson: Lesson) -> Learned:
        heard = [line for line in lesson.lines if not (line.from_persona or line.is_forgotten or line.is_forwarded)]
        analyses = iter(await self._analyzer.analyze_many([line.text for line in heard]))
        tally = Tally()
        for line in lesson.lines:
            if line.is_forgotten:
                continue
            if line.from_persona:
                tally.add_own(line.said_at)
                continue
            if line.is_forwarded:
                tally.add_passed_on(line.said_at)
                continue
            tally.add(
                line.user_id,
                line.name,
                line.text,
                line.said_at,
                analysis=next(analyses),
                to_persona=lesson.in_private or line.addressed,
            )
        return tally.learned()
