"""A hint that a text is unwanted advertising: it baits with something, and says what to do to get it."""

from collections import Counter
from functools import cache

from maskarad.memory.lexicon import Lexicon, entries, load
from maskarad.memory.reading import Reading

_KINDS = {"bait": 0.4, "lure": 0.15, "recruit": 0.25, "call": 0.2, "period": 0.0, "currency": 0.0}
_MOST_OF_A_KIND = 3
_A_SUM, _A_REGULAR_SUM = 0.1, 0.35
_A_LINK, _A_MENTION = 0.2, 0.1
_MOST_LINKS, _MOST_MENTIONS = 2, 3
_NOISE = 0.1
_MANY_SIGNS = 5

_ONE_SIDED = 0.5
"""Most that a text gets which only baits, or only calls: it can be anybody's."""
_MUCH_BAIT = 0.7
_HARMLESS = 0.4
"""Most that a text gets in which nothing is said that people do not say to friends."""
_MUCH_CALLING = 0.4


def spam_in(reading: Reading) -> float:
    """0 to 1. It takes bait and a call to do something, or a lot of bait; a link or a "free" alone says little."""
    found = _found_in(reading)
    bait = _points(found, "bait", "lure", "recruit") + _of_money(reading, found)
    call = _points(found, "call") + _A_LINK * min(reading.links, _MOST_LINKS)
    if bait or reading.mentions >= _MOST_MENTIONS:
        call += _A_MENTION * min(reading.mentions, _MOST_MENTIONS)
    noise = _NOISE * (reading.signs.total() >= _MANY_SIGNS) + _NOISE * _is_loud(reading)
    points = bait + call + noise
    if bait < _MUCH_BAIT and not (bait and call):
        return min(_ONE_SIDED, points)
    boasts = found["lure"] and _has_sum(reading, found) and call >= _MUCH_CALLING
    is_offer = found["bait"] or found["recruit"] or _is_regular(reading, found) or boasts
    return min(1.0 if is_offer else _HARMLESS, points)


def _found_in(reading: Reading) -> Counter[str]:
    found: Counter[str] = Counter()
    lexicon = _lexicon()
    place = 0
    while place < len(reading.words):
        kinds, taken = lexicon.at(reading.words, place)
        found.update(kinds or ())
        place += taken if kinds else 1
    return found


def _points(found: Counter[str], *kinds: str) -> float:
    return sum(_KINDS[kind] * min(found[kind], _MOST_OF_A_KIND) for kind in kinds)


def _of_money(reading: Reading, found: Counter[str]) -> float:
    if _is_regular(reading, found):
        return _A_REGULAR_SUM
    return _A_SUM if _has_sum(reading, found) else 0.0


def _has_sum(reading: Reading, found: Counter[str]) -> bool:
    return bool(reading.sums or found["currency"])


def _is_regular(reading: Reading, found: Counter[str]) -> bool:
    """A sum that comes every day, or week."""
    return _has_sum(reading, found) and found["period"] > 0


def _is_loud(reading: Reading) -> bool:
    return len(reading.shouted) >= max(3, len(reading.words) // 3)


@cache
def _lexicon() -> Lexicon[tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for kind, listed in load("spam").items():
        for entry in dict.fromkeys(entries(listed)):
            found[entry] = (*found.get(entry, ()), kind)
    return Lexicon(found.items())
