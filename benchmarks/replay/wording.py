"""How a person of the replay says something: a phrase of theirs, its blanks filled, written the way they write."""

import re
import tomllib
from collections import deque
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.replay.people import NAMES, PERSONA_USERNAME, Person

PHRASES = Path(__file__).parent / "phrases"
TOPICS = ("tea", "mountains", "music", "work", "cats", "football", "food", "city", "films")
_GENDERED = re.compile(r"\[([^\[\]|]*)\|([^\[\]|]*)\]")
_BLANK = re.compile(r"\{(\w+)\}")
_BY_USERNAME = {"en": 0.5}
"""How often the persona is called by its @username; elsewhere seldom."""
_SHORT = 12
"""Letters: shorter remarks are left as they are."""
_NOT_AGAIN = 60
"""So many phrases later one may be said once more."""


@cache
def phrases(language: str) -> dict[str, Any]:
    return tomllib.loads((PHRASES / f"{language}.toml").read_text(encoding="utf-8"))


class Wording:
    """Draws from `random` only, so the same seed gives the same words."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._lately: deque[str] = deque(maxlen=_NOT_AGAIN)

    def language(self, person: Person) -> str:
        return self._random.choices(list(person.languages), list(person.languages.values()))[0]

    def of_topic(self, person: Person, topic: str, kind: str) -> str:
        language = self.language(person)
        text = self._said(person, language, phrases(language)["topic"][topic][kind])
        if kind == "say" and self._random.random() < person.wordy / 2:
            text = f"{text}. {self._random.choice(phrases(language)['say']['agree'])}"
        return self._styled(person, text)

    def of_everyday(self, person: Person, kind: str, to: str = "") -> str:
        language = self.language(person)
        return self._styled(person, self._said(person, language, phrases(language)["say"][kind], to))

    def to_persona(self, person: Person, kind: str, to: str = "") -> str:
        language = self.language(person)
        return self._styled(person, self._said(person, language, phrases(language)["persona"][kind], to))

    def of_persona(self, person: Person) -> str:
        """What the persona may have answered to somebody."""
        own: list[str] = phrases(self.language(person))["persona"]["own"]
        return self._random.choice(own)

    def bare(self, person: Person, kind: str) -> str:
        """As it stands, nothing added: a news item, an advertisement, a caption."""
        language = self.language(person)
        chosen = self._random.choice(phrases(language)["say"][kind])
        return _capitalized(self._filled(chosen, person, language, ""))

    def _said(self, person: Person, language: str, among: Sequence[str], to: str = "") -> str:
        fresh = [phrase for phrase in among if phrase not in self._lately] or among
        phrase = self._random.choice(fresh)
        self._lately.append(phrase)
        text = self._filled(phrase, person, language, to)
        if len(text) >= _SHORT and self._random.random() < person.wordy / 2:
            return f"{self._random.choice(phrases(language)['say']['lead'])}, {_uncapitalized(text)}"
        return _capitalized(text)

    def _styled(self, person: Person, text: str) -> str:
        random = self._random
        text = _uncapitalized(text).rstrip(".") if random.random() < person.careless else _with_stop(text)
        if person.emoji and random.random() < person.emoji_share:
            text = f"{text.rstrip('.')} {random.choice(_signs(person.emoji))}"
        return text

    def _filled(self, phrase: str, person: Person, language: str, to: str) -> str:
        phrase = _GENDERED.sub(lambda found: found[2 if person.feminine else 1], phrase)
        called, spoken_of = NAMES[language]
        if self._random.random() < _BY_USERNAME.get(language, 0.08):
            called = f"@{PERSONA_USERNAME}"
        given: Mapping[str, str] = {"name": called, "him": spoken_of, "to": to}
        words = phrases(language)["words"]
        return _BLANK.sub(
            lambda found: given[found[1]] if found[1] in given else self._random.choice(words[found[1]]), phrase
        )


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]


def _uncapitalized(text: str) -> str:
    """Names keep their capital."""
    known = {name for names in NAMES.values() for name in names}
    first = text.split()[0].strip(",.!?")
    return text if first in known or (len(first) > 1 and first.isupper()) else text[0].lower() + text[1:]


def _with_stop(text: str) -> str:
    return text if text[-1] in ".!?…)»" or len(text) < _SHORT else f"{text}."


def _signs(emoji: str) -> list[str]:
    return re.findall(r".\ufe0f?", emoji)
