"""What people want of a persona and say so: recognised by the phrases of `lexicons/wishes.toml`, whole clauses only,
so that what somebody tells of others, or quotes in a sentence of their own, is no wish."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from maskarad.memory.words import stem
from maskarad.memory.words import words as words_of
from maskarad.values import Value

LETTERS_READ = 1_000
"""Of a message: who wants something says so in fewer."""

MOST_LETTERS = 60
MOST_NAME_WORDS, MOST_TOPIC_WORDS, MOST_COURTESY_WORDS = 4, 6, 3
MOST_TOPICS = 10
"""Topics that a persona leaves alone for one person in one chat; the oldest goes first."""

_PHRASES = Path(__file__).parent / "lexicons" / "wishes.toml"
_ENDS = re.compile(r"[.,!?;:\n()…]+")
_QUOTES = "\"'«»„“”‘’` "
_STATED, _TAKEN_BACK = "stated", "taken_back"


class Wish(StrEnum):
    ADDRESS = "address"
    LANGUAGE = "language"
    LENGTH = "length"
    HUMOUR = "humour"
    LEAVE_ALONE = "leave_alone"
    REACTIONS = "reactions"
    SPONTANEITY = "spontaneity"


CHOICES: Mapping[Wish, tuple[str, ...]] = {
    Wish.LANGUAGE: ("uk", "ru", "en"),
    Wish.LENGTH: ("short", "normal", "long"),
    Wish.HUMOUR: ("more", "less", "none"),
    Wish.REACTIONS: ("off",),
    Wish.SPONTANEITY: ("off",),
}
"""Wishes with a closed set of values. They hold wherever the persona meets the person; the others are free words, and
stay in the chat they were said in."""


class Stated(Value, frozen=True):
    """`value` is one of the wish's choices, or free words as they were said."""

    wish: Wish
    value: str = ""
    taken_back: bool = False


class _Phrase(NamedTuple):
    wish: Wish
    value: str
    pattern: re.Pattern[str]
    stands_alone: bool


def stated(text: str) -> tuple[Stated, ...]:
    """The wishes that a message to the persona states, in order."""
    clauses = list(_clauses(text[:LETTERS_READ]))
    wishes = (_wish(clause, stands_alone=len(clauses) == 1) for clause in clauses)
    return tuple(wish for wish in wishes if wish is not None)


def _clauses(text: str) -> Iterator[str]:
    for clause in _ENDS.split(text.replace("’", "'").replace("ʼ", "'")):
        words = [word for word in clause.split() if not word.startswith("@")]
        if said := _without_courtesy(words):
            yield " ".join(said)


def _without_courtesy(words: list[str]) -> list[str]:
    courtesy = _words("courtesy")
    lowered = [word.casefold() for word in words]
    first, last = 0, len(words)
    while taken := _courtesy_at(lowered[first:last], courtesy):
        first += taken
    while taken := _courtesy_at(lowered[first:last], courtesy, at_end=True):
        last -= taken
    return words[first:last]


def _courtesy_at(words: list[str], courtesy: frozenset[str], *, at_end: bool = False) -> int:
    """How many words of courtesy there are at one end."""
    for count in range(min(len(words), MOST_COURTESY_WORDS), 0, -1):
        if " ".join(words[-count:] if at_end else words[:count]) in courtesy:
            return count
    return 0


def _wish(clause: str, *, stands_alone: bool) -> Stated | None:
    first, _, _ = clause.casefold().partition(" ")
    for phrase in _phrases().get(first, ()):
        found = phrase.pattern.fullmatch(clause)
        if found is None or (phrase.stands_alone and not stands_alone):
            continue
        named = found.groupdict().get("named") or ""
        if phrase.value == _TAKEN_BACK:
            return Stated(wish=phrase.wish, value=named.strip(_QUOTES), taken_back=True)
        if phrase.value != _STATED:
            return Stated(wish=phrase.wish, value=phrase.value)
        value = _value(named, MOST_NAME_WORDS if phrase.wish is Wish.ADDRESS else MOST_TOPIC_WORDS)
        return Stated(wish=phrase.wish, value=value) if value else None
    return None


def _value(named: str, most_words: int) -> str:
    value = " ".join(named.split()).strip(_QUOTES)
    words = value.casefold().split()
    if not words or len(words) > most_words or len(value) > MOST_LETTERS:
        return ""
    return "" if words[0] in _words("nothing") or value.casefold() in _words("nothing") else value


def with_topic(topics: Iterable[str], topic: str) -> list[str]:
    """The topic last, once."""
    return [*without_topic(topics, topic), topic][-MOST_TOPICS:]


def without_topic(topics: Iterable[str], topic: str) -> list[str]:
    """Without it, in whatever ending it was said: `музики` takes back `музику`."""
    gone = _stems(topic)
    return [each for each in topics if _stems(each) != gone]


def _stems(topic: str) -> list[str]:
    return [stem(word) for word in words_of(topic)] or [topic]


@cache
def _words(table: str) -> frozenset[str]:
    return frozenset(_data()[table]["words"].split("/"))


@cache
def _phrases() -> dict[str, list[_Phrase]]:
    """By the first word of the clause."""
    by_word: dict[str, list[_Phrase]] = {}
    for wish in Wish:
        for value, phrases in _data()[wish.value].items():
            for phrase in phrases:
                text = phrase.removeprefix("= ")
                compiled = _Phrase(wish, value, _compiled(text), stands_alone=text != phrase)
                for word in text.split()[0].split("/"):
                    by_word.setdefault(word, []).append(compiled)
    return by_word


def _compiled(phrase: str) -> re.Pattern[str]:
    """Each word brings the space before it, so that one which may be missing takes its space along."""
    parts = []
    for number, word in enumerate(phrase.split()):
        if word == "…":
            parts.append(r" (?P<named>.+)")
            continue
        choices = "|".join(map(re.escape, word.removesuffix("?").split("/")))
        space = "" if number == 0 else " "
        parts.append(f"(?:{space}(?:{choices})){'?' if word.endswith('?') else ''}")
    return re.compile("".join(parts), re.IGNORECASE)


@cache
def _data() -> dict[str, dict[str, Any]]:
    return tomllib.loads(_PHRASES.read_text(encoding="utf-8"))
