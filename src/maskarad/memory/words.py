"""Words of a text and their stems, by rules."""

import re
from functools import cache

from maskarad.memory.lexicon import load

_APOSTROPHES = str.maketrans("’ʼ‘`´", "'''''")
_WORD = re.compile(r"[^\W_]+(?:['’ʼ‘`´-][^\W_]+)*")

_FEWEST_LEFT = 3
"""Letters that a stem keeps."""

_LONGEST_ENDING = 6
_REFLEXIVE = ("ся", "сь")
_NO_ENDINGS = ("ay", "ey", "oy", "uy", "ss")
_LATIN = re.compile("[a-z]")


def words(text: str) -> list[str]:
    """Lower-case words and numbers in their order; every apostrophe becomes `'`, hyphenated words stay one."""
    return [small(word) for word in _WORD.findall(text)]


def small(word: str) -> str:
    """One word in the form that `words` gives."""
    return word.lower() if word.isalnum() else word.translate(_APOSTROPHES).lower()


def stem(word: str, language: str = "") -> str:
    """The beginning that the forms of a word mostly share, never less than three letters of it; so it can be searched
    for as a prefix. Without a language the alphabet decides."""
    if language == "en" or (not language and _LATIN.search(word)):
        return _without_ending(word, _endings("english"))
    if word.endswith(_REFLEXIVE) and len(word) > _FEWEST_LEFT + 2:
        word = word[:-2]
    return _without_ending(word, _endings("slavic"))


@cache
def _endings(alphabet: str) -> frozenset[str]:
    return frozenset(load("endings")["stem"][alphabet].split())


def _without_ending(word: str, endings: frozenset[str]) -> str:
    for size in range(min(_LONGEST_ENDING, len(word) - _FEWEST_LEFT), 0, -1):
        if word[-size:] in endings and not word.endswith(_NO_ENDINGS):
            return word[:-size]
    return word
