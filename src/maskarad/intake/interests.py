"""What a persona would like to talk about, compiled once a version from its owner's words about it."""

import re
from collections.abc import Callable, Iterable
from functools import cached_property

from maskarad.intake.features import Features
from maskarad.intake.names import Names, forms
from maskarad.memory.analysis import Analysis
from maskarad.memory.language import is_common
from maskarad.memory.words import stem, words
from maskarad.values import Persona, PersonaDraft

LIKED, RELATED = 1.0, 0.5
"""A word of what the persona likes, and one that merely belongs to its life."""

FEWEST_RELATED = 2
"""One word of somebody's life is in half of what people say."""

FEWEST_LETTERS = 3
SHORT = 4
"""Words so short have no stem that would tell them from others: they are known by all their forms."""

MOST_WORDS = 150
MOST_PIECES = 20
_BEGINNING = 3
_PIECES = re.compile(r"[.,;:!?\n]+")

Analyse = Callable[[str], Analysis]


class Interests:
    def __init__(self, content: PersonaDraft, analyse: Analyse) -> None:
        character = content.character
        self._of_form: dict[str, tuple[str, float]] = {}
        self._of_stem: dict[str, tuple[str, float]] = {}
        self._learn(character.likes, LIKED)
        self._learn("\n".join((content.description, character.goals, character.biography)), RELATED)
        self._beginnings = frozenset(known[:_BEGINNING] for known in (*self._of_form, *self._of_stem))
        self._topics = frozenset(_topics(character.likes, analyse))

    def _learn(self, text: str, value: float) -> None:
        telling = (word for word in words(text) if len(word) >= FEWEST_LETTERS and not is_common(word))
        for word in list(dict.fromkeys(telling))[:MOST_WORDS]:
            for form in forms(word) if len(word) <= SHORT else ():
                self._of_form.setdefault(form, (word, value))
            if len(word) > SHORT:
                self._of_stem.setdefault(stem(word), (word, value))

    def mentioned_in(self, text: str) -> Features:
        """`interest:…` with the persona's own word for it: one that it likes, or else the first of those that belong to
        its life, where there are two."""
        related: list[str] = []
        for word in words(text):
            if word[:_BEGINNING] in self._beginnings:
                known = self._of_form.get(word) or self._of_stem.get(stem(word))
                if known is not None and known[1] == LIKED:
                    return {f"interest:{known[0]}": LIKED}
                if known is not None and known[0] not in related:
                    related.append(known[0])
        return {f"interest:{related[0]}": RELATED} if len(related) >= FEWEST_RELATED else {}

    def touched_by(self, analysis: Analysis) -> Features:
        """`topic:…` with the first of the text's topics that the persona likes."""
        return next(({f"topic:{topic}": 1.0} for topic in analysis.topics if topic in self._topics), {})


class Ear:
    """What a persona listens for."""

    def __init__(self, persona: Persona, analyse: Analyse) -> None:
        self.names = Names(persona.name)
        self._content = persona.content
        self._analyse = analyse

    @cached_property
    def interests(self) -> Interests:
        """Compiled when they are first asked for, which takes tens of milliseconds: many personas only hear their
        names. To be asked for outside of a transaction."""
        return Interests(self._content, self._analyse)


def _topics(text: str, analyse: Analyse) -> Iterable[str]:
    """A text has three topics at most, so what is liked is looked at piece by piece."""
    for piece in filter(str.strip, _PIECES.split(text)[:MOST_PIECES]):
        yield from analyse(piece).topics
