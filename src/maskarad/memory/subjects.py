"""What a text is about: topics of the lexicon, and the words that carry it."""

from collections import Counter
from functools import cache

from maskarad.memory.language import is_common
from maskarad.memory.lexicon import Lexicon, entries, load
from maskarad.memory.morphology import dictionary_form
from maskarad.memory.reading import Reading

MOST_TOPICS = 3
MOST_KEYWORDS = 5
_SHORTEST_KEYWORD = 4
_LONGEST_KEYWORD = 40
_LONG = 10
"""Letters from which on longer words tell no more."""


def subjects_of(reading: Reading, language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Topics and keywords. Topics: the most telling first, of equal ones that which comes first in the text. Keywords:
    words with a topic come first, then longer ones, then earlier ones."""
    found: Counter[str] = Counter()
    candidates: dict[str, tuple[bool, int, int]] = {}
    for place, word in enumerate(reading.words):
        form = dictionary_form(word, language)
        topics = _topics_at(reading, place, form)
        found.update(topics)
        if _SHORTEST_KEYWORD <= len(word) <= _LONGEST_KEYWORD and not word.isdecimal() and not is_common(word):
            candidates.setdefault(form, (not topics, -min(len(word), _LONG), place))
    keywords = sorted(candidates, key=candidates.__getitem__)[:MOST_KEYWORDS]
    return tuple(topic for topic, _ in found.most_common(MOST_TOPICS)), tuple(keywords)


def _topics_at(reading: Reading, place: int, form: str) -> tuple[str, ...]:
    topics, _ = _lexicon().at(reading.words, place)
    if topics is None and form != reading.words[place]:
        topics = _lexicon().find(form)
    return topics or ()


@cache
def _lexicon() -> Lexicon[tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for topic, languages in load("topics").items():
        for entry in dict.fromkeys(entry for listed in languages.values() for entry in entries(listed)):
            found[entry] = (*found.get(entry, ()), topic)
    return Lexicon(found.items())
