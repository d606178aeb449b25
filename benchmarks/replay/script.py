"""The lines of a chat to be, before they have a place and a number in it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from benchmarks.replay.people import PEOPLE, Person

ZONE = ZoneInfo("Europe/Kyiv")
FIRST_DAY = datetime(2026, 3, 2, tzinfo=ZONE)
"""A Monday."""

Kind = Literal["text", "photo", "voice", "sticker"]
_AWAKE = (0.25, 0.12, 0.05, 0.02, 0.02, 0.06, 0.3, 0.7, 1.0, 1.0, 0.9, 0.9, 1.0, 0.9, 0.8, 0.8, 0.8, 0.9, 1.1, 1.3, 1.5)
SHARE_OF_HOUR = (*_AWAKE, 1.5, 1.1, 0.6)
"""How likely a scene begins in each hour of the day."""


class Line(msgspec.Struct, eq=False):
    """One message; `person` None: the persona itself. `at` is Unix seconds; `edited_after` seconds later it was given
    its last words."""

    at: float
    person: Person | None
    text: str
    kind: Kind = "text"
    reply_to: "Line | None" = None
    forwarded_from: str | None = None
    edited_after: float | None = None
    emoji: str | None = None


class Stage:
    """Where a scene plays: its own clock, and the people who are up at that hour."""

    def __init__(self, random: Random, begins: datetime) -> None:
        self.random = random
        self.lines: list[Line] = []
        self._at = begins.timestamp()
        self.hour = begins.hour

    def say(self, person: Person | None, text: str, *, after: float | None = None, **more: object) -> Line:
        """`after` seconds; None: as long as people take."""
        self._at += self._pause() if after is None else after
        line = Line(at=round(self._at, 1), person=person, text=text, **more)  # type: ignore[arg-type]
        self.lines.append(line)
        return line

    def people(self, most: int, *, first: Person | None = None) -> list[Person]:
        """At least two, those whose hour it is before the others."""
        chosen = [] if first is None else [first]
        left = [person for person in PEOPLE if person not in chosen]
        while left and len(chosen) < max(most, 2):
            weights = [self._readiness(person) for person in left]
            chosen.append(left.pop(self.random.choices(range(len(left)), weights)[0]))
        return chosen

    def other(self, people: list[Person], than: Person | None) -> Person:
        """Whoever speaks next, the talkative more often."""
        left = [person for person in people if person is not than]
        return self.random.choices(left, [person.talkative for person in left])[0]

    def happens(self, share: float) -> bool:
        return self.random.random() < share

    def _readiness(self, person: Person) -> float:
        return person.talkative * (1.0 if self.hour in person.hours else 0.08)

    def _pause(self) -> float:
        return min(self.random.lognormvariate(3.2, 0.9), 400.0)


def beginnings(random: Random, day: int) -> Iterator[datetime]:
    """Moments of a day at which something may begin, without end."""
    midnight = FIRST_DAY + timedelta(days=day)
    while True:
        hour = random.choices(range(24), SHARE_OF_HOUR)[0]
        yield midnight.replace(hour=hour, minute=random.randrange(60), second=random.randrange(60))
