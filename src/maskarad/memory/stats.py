"""What is remembered of a chat in numbers: a day in a row, a person in a row, however much is said.

Lines are gathered in a `Tally`; what it learned is merged into the rows that are there (`db/statistics.py`). Merging is
exact for all that is counted, so it does not matter how many lines are learned at once; of topics and emoji only the
frequent ones are kept.
"""

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

import msgspec

from maskarad.memory.analysis import Analysis
from maskarad.values import ChatType, Value

SECONDS_A_DAY = 86_400
HOURS = 24
MOST_DAY_TOPICS, MOST_TOPICS, MOST_EMOJI, MOST_LANGUAGES = 12, 8, 10, 4
TREATMENT_KEPT = 0.9
"""How much of a person's treatment is left after one more line to the persona: about the last ten make it up."""

_EMOJI = re.compile("[\u2600-\u27bf\u2b50\u2b55\U0001f300-\U0001f3fa\U0001f400-\U0001faff]")
_NO_HOURS = (0,) * HOURS

N = TypeVar("N", int, float)


class DayOfChat(Value, frozen=True):
    """A UTC day of a link. `hours` counts all lines; the rest but `own` is of people's lines only: `analysed` is the
    weight of those that were analysed, `valence` their weighted sum."""

    hours: tuple[int, ...] = _NO_HOURS
    own: int = 0
    analysed: float = 0.0
    valence: float = 0.0
    emotions: dict[str, float] = msgspec.field(default_factory=dict)
    topics: dict[str, float] = msgspec.field(default_factory=dict)

    @property
    def lines(self) -> int:
        return sum(self.hours)


class Pattern(Value, frozen=True):
    """How somebody writes in a link. `hours` are UTC, `letters` and `valence` sums; `analysed` is the weight of the
    analysed lines, which `valence`, `topics` and `languages` are of."""

    hours: tuple[int, ...] = _NO_HOURS
    letters: int = 0
    emoji: dict[str, int] = msgspec.field(default_factory=dict)
    topics: dict[str, float] = msgspec.field(default_factory=dict)
    valence: float = 0.0
    analysed: float = 0.0
    languages: dict[str, float] = msgspec.field(default_factory=dict)


class Acquaintance(Value, frozen=True):
    """One person in one link. `treatment` is how they speak to the persona, -1 to 1, of late more than long ago."""

    name: str
    messages: int
    first_at: float
    last_at: float
    treatment: float = 0.0
    treatment_kept: float = 1.0
    """How much of what the treatment was before it leaves; of a stored one it says nothing."""
    pattern: Pattern = Pattern()


class Learned(Value, frozen=True):
    """What a number of a link's lines add to its statistics: days by number since 1970, people by Telegram's id."""

    days: dict[int, DayOfChat] = msgspec.field(default_factory=dict)
    people: dict[int, Acquaintance] = msgspec.field(default_factory=dict)


class TopPerson(Value, frozen=True):
    user_id: int
    name: str
    messages: int


class ChatStats(Value, frozen=True):
    """A link in numbers; `messages` counts the persona's `own_messages` too. Times are None where nobody wrote yet."""

    title: str
    chat_type: ChatType
    messages: int
    own_messages: int
    people: int
    first_message_at: float | None
    last_message_at: float | None
    top_people: tuple[TopPerson, ...]
    """At most ten, those who wrote most first."""


class GlobalStats(Value, frozen=True):
    """The whole platform in numbers."""

    chats: int
    messages: int
    own_messages: int
    users: int
    personas: int
    bots: int


class Tally:
    """Lines of one link, to be given in the order they were said."""

    def __init__(self) -> None:
        self._days: dict[int, _Day] = {}
        self._people: dict[int, _Person] = {}

    def add_own(self, at: float) -> None:
        """A line of the persona's."""
        day = self._day(at)
        day.hours[_hour(at)] += 1
        day.own += 1

    def add_passed_on(self, at: float) -> None:
        """Somebody's line in words that are not their own: it tells of the chat's hours, and nothing of them."""
        self._day(at).hours[_hour(at)] += 1

    def add(
        self,
        user_id: int,
        name: str,
        text: str,
        at: float,
        *,
        analysis: Analysis | None = None,
        weight: float = 1.0,
        to_persona: bool = False,
    ) -> None:
        """A person's line. One of a sample stands for `weight` lines; those not in it come without an analysis."""
        day, hour = self._day(at), _hour(at)
        day.hours[hour] += 1
        person = self._people.get(user_id)
        if person is None:
            person = self._people[user_id] = _Person(at)
        person.add(name, text, at, hour)
        if analysis is not None:
            day.feel(analysis, weight)
            person.feel(analysis, weight)
            if to_persona:
                person.treat(analysis.valence)

    def learned(self) -> Learned:
        return Learned(
            days={number: day.value() for number, day in self._days.items()},
            people={user_id: person.value() for user_id, person in self._people.items()},
        )

    def _day(self, at: float) -> "_Day":
        number = day_of(at)
        day = self._days.get(number)
        if day is None:
            day = self._days[number] = _Day()
        return day


class _Day:
    __slots__ = ("analysed", "emotions", "hours", "own", "topics", "valence")

    def __init__(self) -> None:
        self.hours = [0] * HOURS
        self.own = 0
        self.analysed = self.valence = 0.0
        self.emotions: dict[str, float] = {}
        self.topics: dict[str, float] = {}

    def feel(self, analysis: Analysis, weight: float) -> None:
        self.analysed += weight
        self.valence += weight * analysis.valence
        emotion = analysis.emotion.value
        self.emotions[emotion] = self.emotions.get(emotion, 0.0) + weight
        for topic in analysis.topics:
            self.topics[topic] = self.topics.get(topic, 0.0) + weight

    def value(self) -> DayOfChat:
        return DayOfChat(
            hours=tuple(self.hours),
            own=self.own,
            analysed=self.analysed,
            valence=self.valence,
            emotions=self.emotions,
            topics=_frequent(self.topics, MOST_DAY_TOPICS),
        )


class _Person:
    __slots__ = (
        *("analysed", "emoji", "first_at", "hours", "languages", "last_at", "letters", "messages", "name", "topics"),
        *("treatment", "treatment_kept", "valence"),
    )

    def __init__(self, at: float) -> None:
        self.name = ""
        self.messages = self.letters = 0
        self.first_at = self.last_at = at
        self.treatment, self.treatment_kept = 0.0, 1.0
        self.hours = [0] * HOURS
        self.analysed = self.valence = 0.0
        self.emoji: dict[str, int] = {}
        self.topics: dict[str, float] = {}
        self.languages: dict[str, float] = {}

    def add(self, name: str, text: str, at: float, hour: int) -> None:
        self.name = name
        self.messages += 1
        self.letters += len(text)
        self.hours[hour] += 1
        self.first_at, self.last_at = min(self.first_at, at), max(self.last_at, at)
        if not text.isascii():
            for emoji in _EMOJI.findall(text):
                self.emoji[emoji] = self.emoji.get(emoji, 0) + 1

    def feel(self, analysis: Analysis, weight: float) -> None:
        self.analysed += weight
        self.valence += weight * analysis.valence
        for topic in analysis.topics:
            self.topics[topic] = self.topics.get(topic, 0.0) + weight
        if analysis.language:
            self.languages[analysis.language] = self.languages.get(analysis.language, 0.0) + weight

    def treat(self, valence: float) -> None:
        self.treatment = TREATMENT_KEPT * self.treatment + (1.0 - TREATMENT_KEPT) * valence
        self.treatment_kept *= TREATMENT_KEPT

    def value(self) -> Acquaintance:
        return Acquaintance(
            name=self.name,
            messages=self.messages,
            first_at=self.first_at,
            last_at=self.last_at,
            treatment=self.treatment,
            treatment_kept=self.treatment_kept,
            pattern=Pattern(
                hours=tuple(self.hours),
                letters=self.letters,
                emoji=_frequent(self.emoji, MOST_EMOJI),
                topics=_frequent(self.topics, MOST_TOPICS),
                valence=self.valence,
                analysed=self.analysed,
                languages=_frequent(self.languages, MOST_LANGUAGES),
            ),
        )


def day_of(at: float) -> int:
    """The UTC day of a moment, counted from 1970."""
    return int(at // SECONDS_A_DAY)


def _hour(at: float) -> int:
    return int(at % SECONDS_A_DAY // 3600)


def merged_day(earlier: DayOfChat, later: DayOfChat) -> DayOfChat:
    return DayOfChat(
        hours=_sums(earlier.hours, later.hours),
        own=earlier.own + later.own,
        analysed=earlier.analysed + later.analysed,
        valence=earlier.valence + later.valence,
        emotions=added(earlier.emotions, later.emotions),
        topics=_frequent(added(earlier.topics, later.topics), MOST_DAY_TOPICS),
    )


def merged_pattern(earlier: Pattern, later: Pattern) -> Pattern:
    return Pattern(
        hours=_sums(earlier.hours, later.hours),
        letters=earlier.letters + later.letters,
        emoji=_frequent(added(earlier.emoji, later.emoji), MOST_EMOJI),
        topics=_frequent(added(earlier.topics, later.topics), MOST_TOPICS),
        valence=earlier.valence + later.valence,
        analysed=earlier.analysed + later.analysed,
        languages=_frequent(added(earlier.languages, later.languages), MOST_LANGUAGES),
    )


def merged_acquaintance(earlier: Acquaintance, later: Acquaintance) -> Acquaintance:
    """`later` was learned later; its lines may well be older (an import), then the name stays."""
    newest = max(later, earlier, key=lambda each: each.last_at)
    return Acquaintance(
        name=newest.name,
        messages=earlier.messages + later.messages,
        first_at=min(earlier.first_at, later.first_at),
        last_at=newest.last_at,
        treatment=earlier.treatment * later.treatment_kept + later.treatment,
        treatment_kept=earlier.treatment_kept * later.treatment_kept,
        pattern=merged_pattern(earlier.pattern, later.pattern),
    )


def merged(earlier: Learned, later: Learned) -> Learned:
    days, people = dict(earlier.days), dict(earlier.people)
    for number, day in later.days.items():
        days[number] = merged_day(days[number], day) if number in days else day
    for user_id, person in later.people.items():
        people[user_id] = merged_acquaintance(people[user_id], person) if user_id in people else person
    return Learned(days=days, people=people)


def added(one: Mapping[str, N], other: Mapping[str, N]) -> dict[str, N]:
    sums = dict(one)
    for name, value in other.items():
        sums[name] = sums[name] + value if name in sums else value
    return sums


def most_frequent(counts: Mapping[str, N], most: int) -> list[tuple[str, N]]:
    """The greatest first; equal ones by name, so that the same numbers always read the same."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]


def _frequent(counts: dict[str, N], most: int) -> dict[str, N]:
    return counts if len(counts) <= most else dict(most_frequent(counts, most))


def _sums(one: Iterable[int], other: Iterable[int]) -> tuple[int, ...]:
    return tuple(a + b for a, b in zip(one, other, strict=True))
