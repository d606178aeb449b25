"""Which of the three languages is a text in? By letters that only one of them has, then by its commonest words."""

import re
from collections.abc import Sequence
from functools import cache

from maskarad.memory.lexicon import load

_RUSSIAN_LETTERS = frozenset("ыэёъ")
_UKRAINIAN_LETTERS = frozenset("іїєґ")
_CYRILLIC = re.compile("[а-яёєіїґ]")
_LATIN = re.compile("[a-z]")
_FOREIGN_LETTERS = re.compile("[^\\W\\d_a-zа-яёєіїґ]")
_LONG_ENOUGH_TO_SHOW = 5
"""A text of so many words without one common English word is not English."""


def language_of(words: Sequence[str]) -> str:
    """`uk`, `ru`, `en`, or nothing. Of a mixed text the language of most words; words are in small letters."""
    cyrillic = [word for word in words if _CYRILLIC.search(word)]
    latin = [word for word in words if _LATIN.search(word)]
    if len(cyrillic) >= len(latin):
        return _ukrainian_or_russian(cyrillic)
    return _english_or_none(latin)


@cache
def common_words(language: str) -> frozenset[str]:
    """Those that carry no subject."""
    return frozenset(load("languages")[language].split())


@cache
def _endings(language: str) -> tuple[str, ...]:
    return tuple(load("endings")["language"][language].split())


def is_common(word: str) -> bool:
    return word in _all_common_words()


@cache
def _all_common_words() -> frozenset[str]:
    return common_words("uk") | common_words("ru") | common_words("en")


def _ukrainian_or_russian(words: Sequence[str]) -> str:
    ukrainian = sum(_weight(word, _UKRAINIAN_LETTERS, common_words("uk")) for word in words)
    russian = sum(_weight(word, _RUSSIAN_LETTERS, common_words("ru")) for word in words)
    if ukrainian == russian:
        ukrainian = sum(word.endswith(_endings("uk")) for word in words)
        russian = sum(word.endswith(_endings("ru")) for word in words)
    if ukrainian == russian or any(_FOREIGN_LETTERS.search(word) for word in words):
        return ""
    return "uk" if ukrainian > russian else "ru"


def _weight(word: str, letters: frozenset[str], common: frozenset[str]) -> int:
    return 3 * (not letters.isdisjoint(word)) + 2 * (word in common)


def _english_or_none(words: Sequence[str]) -> str:
    known = any(word in common_words("en") for word in words)
    foreign = any(_FOREIGN_LETTERS.search(word) for word in words)
    if foreign or (not known and len(words) >= _LONG_ENOUGH_TO_SHOW):
        return "en" if known and not foreign else ""
    return "en"
