"""The analyser's two memories: this process's and the table."""

import asyncio
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from maskarad.db import analyses
from maskarad.db.engine import Database
from maskarad.errors import DatabaseUnavailable
from maskarad.memory.analysis import Analysis, Emotion, text_hash
from maskarad.memory.analyzer import Analyzer, analyze
from tests.support.clock import FakeClock
from tests.support.databases import CountStatements, OpenDatabase

TEXT = "Сьогодні чудовий день"
MARKED = Analysis(
    emotion=Emotion.FEAR,
    confidence=0.5,
    valence=0.0,
    topics=("music",),
    keywords=("день",),
    language="uk",
    question=False,
    spam=0.0,
)
"""Not what would be found in the text: whoever gives this has read it."""


@pytest.fixture
def analyzer(database: Database, clock: FakeClock) -> Analyzer:
    return Analyzer(database, clock=clock)


async def test_what_one_process_found_another_reads(
    analyzer: Analyzer, open_again: OpenDatabase, clock: FakeClock
) -> None:
    await analyzer.cache_analysis(TEXT, MARKED)
    other = Analyzer(open_again(), clock=clock)
    assert await other.get_cached_analysis(TEXT) == MARKED
    assert await other.analyze(TEXT) == MARKED
    assert other.now(TEXT) == MARKED


async def test_what_nobody_found_is_found_and_kept(
    analyzer: Analyzer, open_again: OpenDatabase, clock: FakeClock
) -> None:
    assert await analyzer.get_cached_analysis(TEXT) is None
    assert await analyzer.analyze(TEXT) == analyze(TEXT)
    await analyzer.flush()
    assert await Analyzer(open_again(), clock=clock).get_cached_analysis(TEXT) == analyze(TEXT)


async def test_memory_asks_the_database_nothing(
    analyzer: Analyzer, database: Database, statements: CountStatements
) -> None:
    await analyzer.analyze(TEXT)
    with statements(database) as seen:
        analyzer.now(TEXT)
        await analyzer.analyze(TEXT)
        await analyzer.analyze_many([TEXT, TEXT])
    assert seen.count == 0


async def test_now_asks_the_database_nothing_and_its_finding_waits_for_the_flush(
    analyzer: Analyzer, database: Database, statements: CountStatements
) -> None:
    with statements(database) as seen:
        analyzer.now(TEXT)
        analyzer.now("інший текст")
    assert seen.count == 0
    hashes = [text_hash(TEXT), text_hash("інший текст")]
    assert await database.read(partial(analyses.get, hashes=hashes)) == {}
    await analyzer.flush()
    assert set(await database.read(partial(analyses.get, hashes=hashes))) == set(hashes)


async def test_many_texts_take_one_read(analyzer: Analyzer, database: Database, statements: CountStatements) -> None:
    await analyzer.cache_analysis("b", MARKED)
    analyzer.forget(["b"])
    texts = ["a", "b", "c", "a"]
    with statements(database) as seen:
        found = await analyzer.analyze_many(texts)
    assert seen.count == 1
    assert found == [analyze("a"), MARKED, analyze("c"), analyze("a")]


async def test_the_loop_goes_on_while_many_are_analysed(analyzer: Analyzer) -> None:
    analyze(TEXT)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    going_on = asyncio.create_task(others())
    await analyzer.analyze_many([f"{number} {TEXT * 20}" for number in range(200)])
    going_on.cancel()
    assert turns >= 5


async def test_memory_is_bounded(database: Database, clock: FakeClock, statements: CountStatements) -> None:
    analyzer = Analyzer(database, clock=clock, most=2)
    for text in ("a", "b", "a", "c"):
        analyzer.now(text)
    with statements(database) as seen:
        await analyzer.analyze("a")
        await analyzer.analyze("c")
    assert seen.count == 0
    with statements(database) as seen:
        await analyzer.analyze("b")
    assert seen.count == 1


async def test_what_waits_is_bounded(database: Database, clock: FakeClock) -> None:
    analyzer = Analyzer(database, clock=clock, most_queued=2)
    for text in ("a", "b", "c"):
        analyzer.now(text)
    await analyzer.flush()
    hashes = [text_hash(text) for text in ("a", "b", "c")]
    assert set(await database.read(partial(analyses.get, hashes=hashes))) == set(hashes[1:])


async def test_what_is_forgotten_is_not_written(analyzer: Analyzer, database: Database) -> None:
    analyzer.now(TEXT)
    analyzer.now("other")
    analyzer.forget([TEXT])
    await analyzer.flush()
    hashes = [text_hash(TEXT), text_hash("other")]
    assert set(await database.read(partial(analyses.get, hashes=hashes))) == {hashes[1]}


async def test_what_is_forgotten_while_it_is_written_goes_again(analyzer: Analyzer, database: Database) -> None:
    analyzer.now(TEXT)
    flushing = asyncio.create_task(analyzer.flush())
    await asyncio.sleep(0)
    analyzer.forget([TEXT])
    await flushing
    assert await database.read(partial(analyses.get, hashes=[text_hash(TEXT)])) == {}


async def test_what_was_erased_comes_back_through_no_other_process(
    analyzer: Analyzer, database: Database, open_again: OpenDatabase, clock: FakeClock
) -> None:
    elsewhere = Analyzer(open_again(), clock=clock)
    elsewhere.now(TEXT)
    await database.write(partial(analyses.erase, hashes=[text_hash(TEXT)], now=clock()))
    await elsewhere.flush()
    assert await analyzer.get_cached_analysis(TEXT) is None


async def test_a_row_of_another_version_is_as_good_as_none(analyzer: Analyzer, database: Database) -> None:
    await database.write(partial(analyses.put, analyses=[(text_hash(TEXT), '{"feeling":"odd"}')], now=1.0))
    assert await analyzer.analyze(TEXT) == analyze(TEXT)


class Away:
    """A database that does not answer until it is back."""

    engines = ()

    def __init__(self, database: Database) -> None:
        self.database = database
        self.away = True

    async def read(self, query: object) -> object:
        if self.away:
            raise DatabaseUnavailable("away")
        return await self.database.read(query)  # type: ignore[arg-type]

    async def write(self, query: object) -> object:
        if self.away:
            raise DatabaseUnavailable("away")
        return await self.database.write(query)  # type: ignore[arg-type]

    async def close(self) -> None: ...


async def test_without_a_database_texts_are_analysed_and_wait(database: Database, clock: FakeClock) -> None:
    away = Away(database)
    analyzer = Analyzer(away, clock=clock)  # type: ignore[arg-type]
    assert await analyzer.analyze(TEXT) == analyze(TEXT)
    assert await analyzer.analyze_many(["other"]) == [analyze("other")]
    with pytest.raises(DatabaseUnavailable):
        await analyzer.flush()
    away.away = False
    await analyzer.flush()
    hashes = [text_hash(TEXT), text_hash("other")]
    assert set(await database.read(partial(analyses.get, hashes=hashes))) == set(hashes)


async def test_two_hundred_tasks_at_once(analyzer: Analyzer, database: Database) -> None:
    texts = [f"text {number % 20}" for number in range(200)]
    found = await asyncio.gather(*map(analyzer.analyze, texts))
    await asyncio.gather(*(analyzer.flush() for _ in range(5)))
    assert found == [analyze(text) for text in texts]
    hashes = {text_hash(text) for text in texts}
    assert set(await database.read(partial(analyses.get, hashes=hashes))) == hashes


@pytest.fixture
def restless_threads() -> Iterator[None]:
    """Threads take turns as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("restless_threads")
def test_threads_may_ask_at_once(clock: FakeClock) -> None:
    analyzer = Analyzer(None, clock=clock, most=2)  # type: ignore[arg-type]
    texts = ["a", "b", "c", "d"]
    expected = {text: analyze(text) for text in texts}

    def ask(shift: int) -> bool:
        seldom = texts[shift]
        order = [text for _ in range(3000) for text in ("a", "b", seldom)]
        found = [analyzer.now(text) == expected[text] for text in order]
        analyzer.forget(order)
        return all(found)

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(ask, range(4)))
