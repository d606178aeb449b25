"""Entries of the data files in `lexicons/`, found by word, by stem and by words in a row."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

V = TypeVar("V")

FOLDER = Path(__file__).parent / "lexicons"

SHORTEST_STEM = 3


def load(name: str) -> Mapping[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def entries(listed: str) -> list[str]:
    """The entries of a list with commas."""
    return [entry for part in listed.split(",") if (entry := " ".join(part.split()))]


class Lexicon(Generic[V]):
    """An entry is `word`, `stem*` or several of these with spaces between; letters are small, ё is written е."""

    def __init__(self, values: Iterable[tuple[str, V]]) -> None:
        """Of the same entry twice the later counts. Raises ValueError for an entry that could never be found."""
        self._words: dict[str, _Begun[V]] = {}
        self._stems: dict[str, _Begun[V]] = {}
        for entry, value in values:
            first, *rest = _checked(entry).split(" ")
            known, form = (self._stems, first[:-1]) if first.endswith("*") else (self._words, first)
            begun = known.setdefault(form, _Begun())
            if rest:
                begun.rows[tuple(rest)] = value
            else:
                begun.value = value
        self._lengths: dict[str, list[int]] = {}
        for stem in sorted(self._stems, key=len, reverse=True):
            lengths = self._lengths.setdefault(stem[:SHORTEST_STEM], [])
            if len(stem) not in lengths:
                lengths.append(len(stem))

    def find(self, word: str) -> V | None:
        """The whole word counts first, then the longest stem."""
        return next((begun.value for begun in self._begun(word) if begun.value is not None), None)

    def at(self, words: Sequence[str], place: int) -> tuple[V | None, int]:
        """What begins at this word, and how many words it takes: the longest row of words, else the word itself."""
        found, taken = None, 0
        for begun in self._begun(words[place]):
            if found is None and begun.value is not None:
                found, taken = begun.value, 1
            for rest, value in begun.rows.items():
                if len(rest) >= taken and _follows(words, place + 1, rest):
                    found, taken = value, len(rest) + 1
        return found, max(taken, 1)

    def _begun(self, word: str) -> "list[_Begun[V]]":
        found = []
        whole = self._words.get(word)
        if whole is not None:
            found.append(whole)
        for length in self._lengths.get(word[:SHORTEST_STEM], ()):
            begun = self._stems.get(word[:length])
            if begun is not None and length <= len(word):
                found.append(begun)
        return found


class _Begun(Generic[V]):
    """All that begins with one word or stem."""

    __slots__ = ("rows", "value")

    def __init__(self) -> None:
        self.value: V | None = None
        self.rows: dict[tuple[str, ...], V] = {}


def _follows(words: Sequence[str], place: int, rest: tuple[str, ...]) -> bool:
    if place + len(rest) > len(words):
        return False
    for number, form in enumerate(rest, place):
        if form[-1] == "*":
            if not words[number].startswith(form[:-1]):
                return False
        elif words[number] != form:
            return False
    return True


def _checked(entry: str) -> str:
    if entry != entry.lower() or "ё" in entry:
        raise ValueError(f"an entry is in small letters without ё: {entry}")
    for form in entry.split(" "):
        if "*" in form[:-1] or (form.endswith("*") and len(form) <= SHORTEST_STEM):
            raise ValueError(f"a star stands at the end of a stem of {SHORTEST_STEM} letters at least: {entry}")
    return entry
