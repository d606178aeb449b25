"""A hint that a text is unwanted advertising: what it promises, and how it looks."""

from functools import cache

from maskarad.memory.lexicon import Lexicon, entries, load
from maskarad.memory.reading import Reading

_A_PROMISE = 0.25
_A_LINK = 0.2
_A_MENTION = 0.1
_MANY_SIGNS = 5
_MANY_MENTIONS = 3


def spam_in(reading: Reading) -> float:
    """0 to 1; a link alone says little, several promises and a link say nearly all."""
    promises = sum(_lexicon().at(reading.words, place)[0] is not None for place in range(len(reading.words)))
    points = _A_PROMISE * promises + _A_LINK * min(reading.links, 3)
    points += (
        _A_MENTION * min(reading.mentions, _MANY_MENTIONS) if promises or reading.mentions >= _MANY_MENTIONS else 0
    )
    points += 0.1 if reading.signs.total() >= _MANY_SIGNS else 0
    points += 0.1 if len(reading.shouted) >= max(3, len(reading.words) // 3) else 0
    return min(1.0, points)


@cache
def _lexicon() -> Lexicon[bool]:
    return Lexicon((entry, True) for entry in entries(load("spam")["entries"]))
