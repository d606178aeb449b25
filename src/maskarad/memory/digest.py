"""What a persona is told of a chat that it did not see: who is who, what is talked about, how people here speak.

Told in English, like everything a model is told; people's own words stand in it as JSON strings.
"""

import json
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from itertools import islice, pairwise
from typing import NamedTuple

from maskarad.memory.analysis import Analysis
from maskarad.memory.stats import HOURS, Tally, added, most_frequent
from maskarad.memory.words import words

SAMPLE = 2_000
"""Lines that are analysed, evenly spread; about as many as a chat of a month."""
MOST_PEOPLE = 20_000
"""Whose lines are counted one by one. Beyond it those who wrote least so far are forgotten."""
SHOWN_PEOPLE, SHOWN_TOPICS, SHOWN_WORDS, SHOWN_PHRASES, SHOWN_EMOJI = 8, 6, 12, 6, 8
NAME_LETTERS, WORD_LETTERS = 32, 24
OFTEN = 3
"""A word or phrase that was seen less often in the sample is chance."""
HOURS_SHOWN = 6

_LANGUAGES = {"uk": "Ukrainian", "ru": "Russian", "en": "English"}


class Sampled(NamedTuple):
    sender_id: int
    text: str
    analysis: Analysis


class _Person:
    __slots__ = ("hours", "messages", "name")

    def __init__(self) -> None:
        self.name = ""
        self.messages = 0
        self.hours = [0] * HOURS


class Survey:
    """Takes a chat's lines one after another."""

    def __init__(self) -> None:
        self._people: dict[int, _Person] = {}
        self._sample: list[Sampled] = []
        self._tally = Tally()
        self._forgotten = 0
        self.messages = 0
        self.first_at: float | None = None
        self.last_at: float | None = None

    @property
    def people(self) -> int:
        return len(self._people) + self._forgotten

    def add(self, sender_id: int, name: str, at: float) -> None:
        """A person's line."""
        self.messages += 1
        self.first_at = at if self.first_at is None else min(self.first_at, at)
        self.last_at = at if self.last_at is None else max(self.last_at, at)
        person = self._people.get(sender_id)
        if person is None:
            if len(self._people) >= MOST_PEOPLE:
                self._forget_the_quiet()
            person = self._people[sender_id] = _Person()
        person.name = name
        person.messages += 1
        person.hours[int(at % 86_400 // 3_600)] += 1

    def add_sampled(self, sampled: Sampled, name: str, at: float) -> None:
        """A line of the even sample, which `add` has been told too."""
        self._sample.append(sampled)
        self._tally.add(sampled.sender_id, name, sampled.text, at, analysis=sampled.analysis)

    def digest(self, zone: tzinfo) -> str:
        """At most 1,500 characters. `zone` is the chat's, for the hours."""
        return "\n".join(self._lines(zone))

    def _forget_the_quiet(self) -> None:
        kept = sorted(self._people.items(), key=lambda item: item[1].messages, reverse=True)[: MOST_PEOPLE // 2]
        self._forgotten += len(self._people) - len(kept)
        self._people = dict(kept)

    def _lines(self, zone: tzinfo) -> Iterator[str]:
        if self.first_at is None or self.last_at is None:
            return
        first, last = (datetime.fromtimestamp(at, zone).date().isoformat() for at in (self.first_at, self.last_at))
        messages, people = _number(self.messages, "message", "messages"), _number(self.people, "person", "people")
        yield f"Before you could read here: {messages} of {people}, {first} to {last}."
        yield f"Who writes most: {'; '.join(self._who_is_who(zone))}."
        if self._sample:
            yield from self._topics()
            yield f"How people here speak: {'; '.join(self._manner())}."

    def _who_is_who(self, zone: tzinfo) -> Iterator[str]:
        offset = datetime.fromtimestamp(self.last_at or 0, zone).utcoffset()
        shift = round(offset.total_seconds() / 3_600) if offset else 0
        suffix = " UTC" if zone is UTC else ""
        busiest = sorted(self._people.values(), key=lambda person: -person.messages)
        for person in busiest[:SHOWN_PEOPLE]:
            start = (_busiest(person.hours) + shift) % HOURS
            name = _quoted(person.name[:NAME_LETTERS])
            share = _percent(person.messages, self.messages)
            yield f"{name} {share}, mostly {start}-{(start + HOURS_SHOWN) % HOURS} h{suffix}"

    def _topics(self) -> Iterator[str]:
        days = self._tally.learned().days.values()
        topics: dict[str, float] = {}
        for day in days:
            topics = added(topics, day.topics)
        shown = [
            f"{topic} {_percent(count, len(self._sample))}" for topic, count in most_frequent(topics, SHOWN_TOPICS)
        ]
        if shown:
            yield f"What is talked about: {', '.join(shown)}."
        keywords = _often(word for each in self._sample for word in set(each.analysis.keywords))
        if keywords:
            yield f"Words that come up: {', '.join(map(_quoted, islice(keywords, SHOWN_WORDS)))}."

    def _manner(self) -> Iterator[str]:
        languages: dict[str, float] = {}
        emoji: dict[str, int] = {}
        for person in self._tally.learned().people.values():
            languages = added(languages, person.pattern.languages)
            emoji = added(emoji, person.pattern.emoji)
        told = sum(languages.values())
        if told:
            yield ", ".join(
                f"{_LANGUAGES.get(language, language)} {_percent(count, told)}"
                for language, count in most_frequent(languages, 3)
            )
        letters = round(statistics.median(len(each.text) for each in self._sample))
        yield f"usually {_number(letters, 'letter', 'letters')} a message"
        liked = [each for each, count in most_frequent(emoji, SHOWN_EMOJI) if count >= OFTEN]
        if liked:
            yield f"emoji {' '.join(liked)}"
        phrases = self._phrases()
        if phrases:
            yield f"often {', '.join(map(_quoted, phrases[:SHOWN_PHRASES]))}"

    def _phrases(self) -> list[str]:
        """Pairs of words that several people say."""
        said_by: dict[str, set[int]] = {}
        counts: Counter[str] = Counter()
        for each in self._sample:
            pairs = {
                f"{one} {other}" for one, other in pairwise(words(each.text)) if len(one) + len(other) <= WORD_LETTERS
            }
            counts.update(pairs)
            for pair in pairs:
                said_by.setdefault(pair, set()).add(each.sender_id)
        several = min(2, len(self._people))
        return [pair for pair, count in most_frequent(counts, 200) if count >= OFTEN and len(said_by[pair]) >= several]


def _often(found: Iterable[str]) -> list[str]:
    counts = Counter(word for word in found if len(word) <= WORD_LETTERS)
    return [word for word, count in most_frequent(counts, SHOWN_WORDS) if count >= OFTEN]


def _busiest(hours: Sequence[int]) -> int:
    """The hour from which most is said within `HOURS_SHOWN`."""
    return max(range(HOURS), key=lambda start: sum(hours[(start + hour) % HOURS] for hour in range(HOURS_SHOWN)))


def _number(count: int, one: str, other: str) -> str:
    return f"{count} {one if count == 1 else other}"


def _percent(part: float, whole: float) -> str:
    return f"{round(100 * part / whole)} %"


def _quoted(written: str) -> str:
    return json.dumps(written, ensure_ascii=False)
