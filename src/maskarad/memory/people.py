"""What a persona knows of people: their wishes, and how they write. What is said in private stays there: `noted` is the
one place that decides what of a person counts in which chat."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from maskarad.memory.preferences import Wish
from maskarad.memory.stats import HOURS, Pattern, merged_pattern, most_frequent
from maskarad.values import Value

EVERYWHERE = 0
"""The scope of a wish that holds in every chat."""

ENOUGH_MESSAGES = 20
"""Fewer show no habits."""

BRIEF_LETTERS, LONG_LETTERS = 30, 150
CLEAR_TONE = 0.15
CLEAR_TREATMENT = 0.2

_PARTS_OF_DAY = ("at night", "in the morning", "in the afternoon", "in the evening")


class Preference(Value, frozen=True):
    """A wish that somebody stated; `scope` is the link it was stated in, or `EVERYWHERE`. Topics to leave alone are a
    JSON list in `value`."""

    wish: Wish
    value: str
    scope: int
    stated_at: float


class Familiarity(Value, frozen=True):
    """How a person writes in one link."""

    link_id: int
    messages: int
    treatment: float
    pattern: Pattern


class Known(Value, frozen=True):
    """All that one persona knows of one person, in all chats."""

    preferences: tuple[Preference, ...] = ()
    familiarities: tuple[Familiarity, ...] = ()


class Declined(Value, frozen=True):
    """Who wants no reactions of a persona, and who does not want to be written to unasked."""

    reactions: frozenset[int] = frozenset()
    spontaneity: frozenset[int] = frozenset()


class PersonNote(Value, frozen=True):
    """What a turn may know of somebody who is to be answered. Empty is: nothing stated. `treatment` is how they treat
    the persona, -1 to 1; `habits` are words for the prompt."""

    user_id: int
    name: str
    address: str = ""
    language: str = ""
    length: str = ""
    humour: str = ""
    leave_alone: tuple[str, ...] = ()
    no_reactions: bool = False
    treatment: float = 0.0
    habits: str = ""

    @property
    def says_nothing(self) -> bool:
        stated = self.address or self.language or self.length or self.humour or self.leave_alone or self.no_reactions
        return not (stated or self.habits)


def noted(
    known: Known, user_id: int, name: str, *, link_id: int, in_private: bool, time_zone: str | None, now: float
) -> PersonNote:
    """In a private chat all that is known of its person; in a group what is from there, and wishes that hold
    everywhere."""
    wishes = [each for each in known.preferences if in_private or each.scope in (EVERYWHERE, link_id)]
    where = [each for each in known.familiarities if in_private or each.link_id == link_id]
    values = _values(wishes, link_id)
    return PersonNote(
        user_id=user_id,
        name=name,
        address=values.get(Wish.ADDRESS, ""),
        language=values.get(Wish.LANGUAGE, ""),
        length=values.get(Wish.LENGTH, ""),
        humour=values.get(Wish.HUMOUR, ""),
        leave_alone=_topics(wishes),
        no_reactions=Wish.REACTIONS in values,
        treatment=treatment_of(where),
        habits=habits(where, time_zone=time_zone, now=now),
    )


def _values(wishes: Iterable[Preference], link_id: int) -> dict[Wish, str]:
    """What was said in this very chat counts most, then what was said last."""
    order = sorted(wishes, key=lambda each: (each.scope == link_id, each.stated_at))
    return {each.wish: each.value for each in order}


def _topics(wishes: Iterable[Preference]) -> tuple[str, ...]:
    lists = (topics_in(each.value) for each in wishes if each.wish is Wish.LEAVE_ALONE)
    return tuple(dict.fromkeys(topic for topics in lists for topic in topics))


def topics_in(value: str) -> list[str]:
    """Of a stored `leave_alone`."""
    return msgspec.json.decode(value, type=list[str])


def treatment_of(familiarities: Sequence[Familiarity]) -> float:
    messages = sum(each.messages for each in familiarities)
    if not messages:
        return 0.0
    return sum(each.treatment * each.messages for each in familiarities) / messages


def pattern_of(familiarities: Iterable[Familiarity]) -> Pattern:
    whole = Pattern()
    for each in familiarities:
        whole = merged_pattern(whole, each.pattern)
    return whole


def habits(familiarities: Sequence[Familiarity], *, time_zone: str | None, now: float) -> str:
    """Half a sentence in English, empty where there is nothing to tell yet."""
    messages = sum(each.messages for each in familiarities)
    if messages < ENOUGH_MESSAGES:
        return ""
    return ", ".join(_habits(pattern_of(familiarities), messages, treatment_of(familiarities), time_zone, now))


def _habits(pattern: Pattern, messages: int, treatment: float, time_zone: str | None, now: float) -> Iterable[str]:
    letters = pattern.letters / messages
    if letters < BRIEF_LETTERS:
        yield "writes short messages"
    elif letters > LONG_LETTERS:
        yield "writes long messages"
    if time_zone is not None and (part := part_of_day(pattern.hours, time_zone, now)) is not None:
        yield f"mostly {_PARTS_OF_DAY[part]}"
    if topics := [name for name, _ in most_frequent(pattern.topics, 3)]:
        yield f"often about {', '.join(topics)}"
    if emoji := [each for each, _ in most_frequent(pattern.emoji, 3)]:
        yield f"likes {' '.join(emoji)}"
    if pattern.analysed and abs(tone := pattern.valence / pattern.analysed) >= CLEAR_TONE:
        yield "usually in good spirits" if tone > 0 else "often in low spirits"
    if abs(treatment) >= CLEAR_TREATMENT:
        yield "is kind to you" if treatment > 0 else "is unkind to you"


def part_of_day(hours: Sequence[int], time_zone: str, now: float) -> int | None:
    """Which quarter of the day (0 is the night) most messages come in, when one of them has more than half of all.
    `hours` are UTC, `time_zone` an IANA name; None too for a zone that is not known."""
    try:
        offset = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(time_zone)).utcoffset()
    except (ZoneInfoNotFoundError, ValueError, OverflowError):
        return None
    shift = round(offset.total_seconds() / 3600) if offset is not None else 0
    quarters = [0, 0, 0, 0]
    for hour, count in enumerate(hours):
        quarters[(hour + shift) % HOURS // 6] += count
    most = max(range(4), key=quarters.__getitem__)
    return most if 2 * quarters[most] > sum(quarters) else None
