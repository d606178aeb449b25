"""The local analyser: what a text shows, found without network and model, remembered in memory and in a table."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache, partial
from threading import Lock

import msgspec

from maskarad.db import analyses
from maskarad.db.engine import Database
from maskarad.errors import DatabaseUnavailable
from maskarad.memory.analysis import Analysis, Emotion, text_hash
from maskarad.memory.feelings import Scores, feelings
from maskarad.memory.language import language_of
from maskarad.memory.lexicon import load
from maskarad.memory.reading import Reading, read
from maskarad.memory.spam import spam_in
from maskarad.memory.subjects import subjects_of

_FEWEST_POINTS = 1.2
"""Less of every emotion is neutral; a plain word has 2."""
_ORDER = (Emotion.FEAR, Emotion.DISGUST, Emotion.ANGER, Emotion.SADNESS, Emotion.JOY, Emotion.SURPRISE)
"""Of equally strong emotions the first counts: surprise goes along with any other."""
_BAD = (Emotion.SADNESS, Emotion.ANGER, Emotion.FEAR, Emotion.DISGUST)
_DOUBT = 1.5
_LONGEST_UNMARKED_QUESTION = 8

_AT_A_STRETCH = 0.002
"""Seconds of analysing after which the event loop gets its turn."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Analysis).decode


def analyze(text: str) -> Analysis:
    """Any text; only its first 600 characters are looked at. The first call reads the lexicons (some 50 ms)."""
    reading = read(text)
    language = language_of(reading.plain)
    scores = feelings(reading, language)
    emotion, confidence = _strongest(scores)
    topics, keywords = subjects_of(reading, language)
    return Analysis(
        emotion=emotion,
        confidence=confidence,
        valence=_valence(scores),
        topics=topics,
        keywords=keywords,
        language=language,
        question=_is_question(reading),
        spam=spam_in(reading),
    )


def _strongest(scores: Scores) -> tuple[Emotion, float]:
    first, second = sorted(_ORDER, key=lambda emotion: -scores[emotion])[:2]
    points = scores[first]
    if points < _FEWEST_POINTS:
        return Emotion.NEUTRAL, 1 - points / (2 * _FEWEST_POINTS)
    return first, points / (points + scores[second] + _DOUBT)


def _valence(scores: Scores) -> float:
    bad = sum(scores[emotion] for emotion in _BAD)
    return (scores[Emotion.JOY] - bad) / (sum(scores.values()) + _DOUBT)


def _is_question(reading: Reading) -> bool:
    if reading.questions:
        return True
    begins = bool(reading.words) and reading.words[0] in _asking() and not reading.breaks - {len(reading.words)}
    return begins and len(reading.words) <= _LONGEST_UNMARKED_QUESTION and not reading.exclamations


@cache
def _asking() -> frozenset[str]:
    return frozenset(load("languages")["asking"].split())


class Analyzer:
    """`analyze` with two memories: `most` analyses here (the longest unused goes first), and a table that all processes
    share. Texts are kept nowhere, only their hashes. What the table is to learn waits for `flush`, `most_queued` at
    the most. `now` and `forget` may be called from any thread, the rest from the event loop's."""

    def __init__(
        self, database: Database, *, clock: Callable[[], float], most: int = 2_000, most_queued: int = 10_000
    ) -> None:
        """`clock` gives Unix seconds."""
        self._database = database
        self._clock = clock
        self._most = most
        self._most_queued = most_queued
        self._known: OrderedDict[str, Analysis] = OrderedDict()
        self._queued: OrderedDict[str, Analysis] = OrderedDict()
        self._writing: Mapping[str, Analysis] = {}
        self._withdrawn: set[str] = set()
        self._flushing = asyncio.Lock()
        self._memory = Lock()

    def now(self, text: str) -> Analysis:
        """At once, without the table."""
        key = text_hash(text)
        known = self._recall(key)
        return known if known is not None else self._computed(key, text)

    async def analyze(self, text: str) -> Analysis:
        """As `now`, but what another process has found out is read instead. Goes on without the table while the
        database is away."""
        with suppress(DatabaseUnavailable):
            known = await self.get_cached_analysis(text)
            if known is not None:
                return known
        return self._computed(text_hash(text), text)

    async def analyze_many(self, texts: Sequence[str]) -> list[Analysis]:
        """In the order of the texts, with one read for all that are not in memory."""
        keys = [text_hash(text) for text in texts]
        found = {key: known for key in keys if (known := self._recall(key)) is not None}
        with suppress(DatabaseUnavailable):
            found |= await self._read([key for key in dict.fromkeys(keys) if key not in found])
        loop = asyncio.get_running_loop()
        pause_at = loop.time() + _AT_A_STRETCH
        for key, text in zip(keys, texts, strict=True):
            if key not in found:
                found[key] = self._computed(key, text)
            if loop.time() >= pause_at:
                await asyncio.sleep(0)
                pause_at = loop.time() + _AT_A_STRETCH
        return [found[key] for key in keys]

    async def get_cached_analysis(self, text: str) -> Analysis | None:
        """From memory, else from the table. Raises DatabaseUnavailable."""
        key = text_hash(text)
        known = self._recall(key)
        return known if known is not None else (await self._read([key])).get(key)

    async def cache_analysis(self, text: str, analysis: Analysis) -> None:
        """In memory and, when this returns, in the table; the first analysis of a text stays there. Raises
        DatabaseUnavailable."""
        self._keep(text_hash(text), analysis, to_write=True)
        await self.flush()

    async def flush(self) -> None:
        """Write what waits, in one transaction. Raises DatabaseUnavailable; then it waits on."""
        async with self._flushing:
            await self._write_queued()
            with self._memory:
                withdrawn = list(self._withdrawn)
            if withdrawn:
                await self._database.write(partial(analyses.erase, hashes=withdrawn, now=self._clock()))
                with self._memory:
                    self._withdrawn.difference_update(withdrawn)

    def forget(self, texts: Iterable[str]) -> None:
        """Drop them here; the table's rows are for `analyses.erase`. One that is being written right now is erased
        after."""
        keys = [text_hash(text) for text in texts]
        with self._memory:
            for key in keys:
                self._known.pop(key, None)
                self._queued.pop(key, None)
                if key in self._writing:
                    self._withdrawn.add(key)

    def _computed(self, key: str, text: str) -> Analysis:
        analysis = analyze(text)
        self._keep(key, analysis, to_write=True)
        return analysis

    async def _write_queued(self) -> None:
        with self._memory:
            self._writing, self._queued = self._queued, OrderedDict()
        if not self._writing:
            return
        rows = [(key, _encode(analysis).decode()) for key, analysis in self._writing.items()]
        written = False
        try:
            await self._database.write(partial(analyses.put, analyses=rows, now=self._clock()))
            written = True
        finally:
            with self._memory:
                if not written:
                    self._queue_again()
                self._writing = {}

    def _queue_again(self) -> None:
        """What was not written waits again, in front of what came meanwhile."""
        kept = {key: analysis for key, analysis in self._writing.items() if key not in self._withdrawn}
        self._queued = OrderedDict(kept | self._queued)
        _bound(self._queued, self._most_queued)

    async def _read(self, keys: list[str]) -> dict[str, Analysis]:
        if not keys:
            return {}
        rows = await self._database.read(partial(analyses.get, hashes=keys))
        found: dict[str, Analysis] = {}
        for key, encoded in rows.items():
            # What does not fit was written by another version of the code.
            with suppress(msgspec.MsgspecError):
                found[key] = _decode(encoded)
                self._keep(key, found[key], to_write=False)
        return found

    def _recall(self, key: str) -> Analysis | None:
        with self._memory:
            known = self._known.get(key)
            if known is not None:
                self._known.move_to_end(key)
            return known

    def _keep(self, key: str, analysis: Analysis, *, to_write: bool) -> None:
        with self._memory:
            self._known[key] = analysis
            self._known.move_to_end(key)
            _bound(self._known, self._most)
            if to_write:
                self._queued[key] = analysis
                _bound(self._queued, self._most_queued)


def _bound(kept: OrderedDict[str, Analysis], most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)
