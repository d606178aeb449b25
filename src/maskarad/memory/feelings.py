"""How much of each emotion a text shows: words of the lexicons, changed by the words around them, and signs."""

from collections import defaultdict
from collections.abc import Mapping
from functools import cache

from maskarad.memory.analysis import Emotion
from maskarad.memory.lexicon import Lexicon, entries, load
from maskarad.memory.morphology import dictionary_form
from maskarad.memory.reading import Reading, sign_feelings

Scores = defaultdict[Emotion, float]
Feeling = tuple[tuple[Emotion, float], ...]

_STRENGTHS = {"strong": 3.0, "plain": 2.0, "mild": 0.7}
_LANGUAGES = ("uk", "ru", "en")

_AROUND = frozenset({"strengthen", "weaken", "contrast", "elsewhere", "negation"})
_NEGATED_WORDS = 3
"""How far a "not" reaches, within its clause."""
_STRENGTHENED_WORDS = 2
_JOINED_NOT = "не"
_FEWEST_PREFIXED = 7
"""Letters of a word whose beginning may be a prefix."""
_FIRST_WORDS = 3
"""Where praise stands that may be meant the other way."""
_MOST_OF_A_SIGN = 3
_SAID = 0.5
"""So many points of a feeling in words, and signs strengthen it. Otherwise they may be mere ornament."""
_MOST_OF_ORNAMENT = 1.3
_FEWEST_SHOUTED = 3


def feelings(reading: Reading, language: str) -> Scores:
    """Points of each emotion, none below zero; some two points are one plain word."""
    walk = _Walk(reading, language)
    scores = walk.scores()
    _add_signs(scores, reading)
    _add_marks(scores, reading)
    if _is_ironic(reading, walk.roles):
        scores[Emotion.ANGER] += 1.4 + 0.9 * scores[Emotion.JOY]
        scores[Emotion.JOY] *= 0.1
    if "report" in walk.roles:
        for emotion in scores:
            scores[emotion] *= 0.3
    return scores


class _Walk:
    """Over the words once, with what the words before have said of the next ones."""

    def __init__(self, reading: Reading, language: str) -> None:
        self._reading = reading
        self._language = language
        self._felt = _felt_words(language)
        self._words = self._without_stretches()
        self._scores: Scores = defaultdict(float)
        self._negated_until = -1
        self._forbids = False
        self._factor = 1.0
        self._factor_until = -1
        self._elsewhere = False
        self.roles: set[str] = set()
        """Those that words of the text have played; `praise` only in front."""

    def scores(self) -> Scores:
        place = 0
        while place < len(self._words):
            if place in self._reading.breaks:
                self._begin_clause()
            place += self._step(place)
        return self._scores

    def _begin_clause(self) -> None:
        self._negated_until = self._factor_until = -1
        self._elsewhere = False

    def _step(self, place: int) -> int:
        """Returns how many words it has dealt with."""
        feeling, taken = self._felt.at(self._words, place)
        roles, roles_taken = _roles().at(self._words, place)
        if feeling is None and roles is None:
            feeling = self._by_form(place)
        if feeling is not None and taken >= roles_taken:
            self._feel(feeling, place)
        for role in roles or ():
            if roles_taken >= taken or role not in _AROUND:
                self._play(role, place, roles_taken)
        return max(taken, roles_taken) if roles is None or _AROUND.intersection(roles) else taken

    def _by_form(self, place: int) -> Feeling | None:
        """What the word itself does not tell, its dictionary form may, or what a prefix stands before."""
        word = self._words[place]
        form = dictionary_form(word, self._language)
        feeling = self._felt.find(form) if form != word else None
        if feeling is None and len(word) >= _FEWEST_PREFIXED and word.startswith(_prefixes()):
            rests = (word[len(prefix) :] for prefix in _prefixes() if word.startswith(prefix))
            feeling = next((found for rest in rests if (found := self._felt.find(rest))), None)
            if feeling is not None and word.startswith(_JOINED_NOT):
                self._negated_until = max(self._negated_until, place)
        return feeling

    def _feel(self, feeling: Feeling, place: int) -> None:
        factor = self._factor if place <= self._factor_until else 1.0
        factor *= 1.3 if place in self._reading.shouted else 1.0
        factor *= 1.3 if place in self._reading.stretched else 1.0
        for emotion, weight in feeling:
            self._add(emotion, weight * factor, negated=place <= self._negated_until)
        self._factor_until = -1

    def _add(self, emotion: Emotion, points: float, *, negated: bool) -> None:
        if not negated:
            self._scores[emotion] += points * (0.3 if self._elsewhere and emotion is Emotion.JOY else 1.0)
        elif emotion is Emotion.JOY:
            self._scores[Emotion.SADNESS] += 0.7 * points
        elif emotion is not Emotion.SURPRISE and not self._forbids:
            self._scores[Emotion.JOY] += 0.15 * points

    def _play(self, role: str, place: int, taken: int) -> None:
        if role not in _AROUND:
            if role != "praise" or place < _FIRST_WORDS:
                self.roles.add(role)
            return
        begins = place == 0 or place in self._reading.breaks
        place += taken - 1
        if role == "negation":
            self._negated_until = place + _NEGATED_WORDS
            # "Don't cry" is said to somebody who does.
            self._forbids = begins
        elif role == "elsewhere":
            self._elsewhere = True
        elif role == "contrast":
            for emotion in self._scores:
                self._scores[emotion] *= 0.5
            self._begin_clause()
        else:
            self._factor = 1.3 if role == "strengthen" else 0.6
            self._factor_until = place + _STRENGTHENED_WORDS

    def _without_stretches(self) -> list[str]:
        shortened = list(self._reading.words)
        for place, doubled in self._reading.stretched.items():
            if self._felt.find(shortened[place]) is None and self._felt.find(doubled) is not None:
                shortened[place] = doubled
        return shortened


def _add_signs(scores: Scores, reading: Reading) -> None:
    for emotion, points in _shown_by_signs(reading).items():
        is_meant = not reading.words or scores[emotion] >= _SAID
        scores[emotion] += points if is_meant else min(points / 2, _MOST_OF_ORNAMENT)


def _shown_by_signs(reading: Reading) -> Scores:
    shown: Scores = defaultdict(float)
    known = sign_feelings()
    for sign, count in reading.signs.items():
        more = 0.3 * (min(count, _MOST_OF_A_SIGN) - 1)
        for kind, strength in known.get(sign, ()):
            if kind != "irony":
                shown[Emotion(kind)] += _STRENGTHS[strength] * (1 + more)
    if reading.smiles:
        shown[Emotion.JOY] += 0.7 if reading.smiles == 1 else 1.5
    if reading.frowns:
        shown[Emotion.SADNESS] += 2.0
    return shown


def _add_marks(scores: Scores, reading: Reading) -> None:
    if reading.mixed_marks:
        scores[Emotion.SURPRISE] += 2.0
    elif reading.questions > 1 and not reading.exclamations:
        scores[Emotion.SURPRISE] += 0.7
    shouted = len(reading.shouted) >= max(_FEWEST_SHOUTED, len(reading.words) // 2)
    if shouted and reading.exclamations and scores[Emotion.JOY] < 2:
        scores[Emotion.ANGER] += 2.0
    if reading.exclamations:
        for emotion in scores:
            scores[emotion] *= 1 + 0.1 * min(reading.exclamations, 3)


def _is_ironic(reading: Reading, roles: set[str]) -> bool:
    """By a mark (🙃, "yeah right"), or by praise in front of what went wrong."""
    known = sign_feelings()
    if "irony" in roles or any(kind == "irony" for sign in reading.signs for kind, _ in known.get(sign, ())):
        return True
    cheerful = reading.smiles > 1 or reading.signs
    return "praise" in roles and "trouble" in roles and not cheerful


@cache
def _prefixes() -> tuple[str, ...]:
    return tuple(load("endings")["prefixes"]["slavic"].split())


@cache
def _files() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    return {language: load(language) for language in _LANGUAGES}


@cache
def _felt_words(language: str) -> Lexicon[Feeling]:
    """Of all three languages, for people mix them; what two of them have counts as in this one."""
    found: dict[str, Feeling] = {}
    for each in sorted(_LANGUAGES, key=lambda other: other == language):
        own: dict[str, dict[Emotion, float]] = {}
        for emotion in Emotion:
            for strength, listed in _files()[each][emotion].items():
                for entry in entries(listed):
                    weights = own.setdefault(entry, {})
                    weights[emotion] = max(weights.get(emotion, 0.0), _STRENGTHS[strength])
        found |= {entry: _as_feeling(weights) for entry, weights in own.items()}
    return Lexicon(found.items())


def _as_feeling(weights: Mapping[Emotion, float]) -> Feeling:
    """What is listed as neutral shows nothing, and keeps shorter entries from being found in it."""
    return () if Emotion.NEUTRAL in weights else tuple(weights.items())


@cache
def _roles() -> Lexicon[tuple[str, ...]]:
    """What words do to their neighbours (`_AROUND`), and what they say of the whole text."""
    found: dict[str, tuple[str, ...]] = {}
    for role in (*sorted(_AROUND), "report", "irony", "praise", "trouble"):
        for entry in dict.fromkeys(entry for file in _files().values() for entry in entries(file["words"][role])):
            found[entry] = (*found.get(entry, ()), role)
    return Lexicon(found.items())
