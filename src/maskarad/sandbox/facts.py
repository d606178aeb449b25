"""What people told about themselves, and questions after it, in English, Ukrainian and Russian, by simple patterns."""

import re
from collections.abc import Iterable

import msgspec

from maskarad.sandbox.prompt_reading import Line

OWN_NAME = "name"


class Fact(msgspec.Struct, frozen=True):
    """`thing` is what it is about (`OWN_NAME`, or a noun as it was written), `value` what was said of it. `naming`:
    it is what the thing is called."""

    speaker: str
    thing: str
    value: str
    naming: bool = True
    whose: str = "your"
    """The possessive to answer with: the same case as it was told in."""


_WORD = r"[^\W\d_][\w'’-]*"
_VALUE = rf"(?P<value>{_WORD}(?:\s+[A-ZА-ЯІЇЄҐЁ][\w'’-]*)?)"
_PHRASE = r"(?P<value>[^\n.,!?;]{1,60})"
_THING = rf"(?P<thing>{_WORD}(?:\s+(?!(?:is|are|was|called|named|це|это)\b){_WORD})?)"

_TOLD: tuple[tuple[re.Pattern[str], bool], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), naming)
    for pattern, naming in (
        (rf"\bmy name(?:\s+is|['’]s)\s+(?-i:{_VALUE})", True),
        (rf"\b(?:call me|i am called)\s+(?-i:{_VALUE})", True),
        (rf"\b(?:мене звати|мене звуть|меня зовут)\s+(?-i:{_VALUE})", True),
        (rf"\bmy\s+{_THING}\s+(?:is\s+)?(?:called|named)\s+(?-i:{_VALUE})", True),
        (rf"\bmy\s+{_THING}['’]s name is\s+(?-i:{_VALUE})", True),
        (
            rf"\b(?P<whose>мого|мою|моє|моего|мое|моё|моих|моїх)\s+{_THING}\s+(?:звати|звуть|зовут)\s+(?-i:{_VALUE})",
            True,
        ),
        (rf"\bmy\s+{_THING}\s+is\s+{_PHRASE}", False),
        (rf"\b(?P<whose>мій|моя|моє|мой|моё|мое)\s+{_THING}\s*(?:\s[—–-]|\s+це|\s+это)\s+{_PHRASE}", False),
    )
)
_SENTENCE_ENDS = re.compile(
    r"(?<=[.!?…])\s+|\n|,\s*(?=(?:(?:and|а|і|й|и)\s+)?"
    r"(?:what|who|where|when|why|how|which|що|хто|де|коли|чому|як|який|яка|яке|что|кто|где|когда|почему|как|какой|какая|"
    r"какое)\b)",
    re.IGNORECASE,
)
"""Also where a question begins within a sentence: "my name is Ada, how are you?"."""
_ASKED: tuple[tuple[re.Pattern[str], bool], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), naming)
    for pattern, naming in (
        (r"\b(?:what(?:\s+is|['’]s)|remember|know|recall)\s+my name\b", True),
        (r"\bwho am i\b", True),
        (r"\b(?:як|как)\s+(?:мене|меня)\s+(?:звати|звуть|зовут)\b", True),
        (r"\b(?:хто я|кто я)\b", True),
        (rf"\bmy\s+{_THING}['’]s name\b", True),
        (r"\bname of my\s+(?P<thing>[\w'’-]+(?:\s+[\w'’-]+)?)", True),
        (rf"\bwhat(?:\s+is|['’]s)\s+my\s+{_THING}\s+(?:called|named)\b", True),
        (
            r"\b(?:як|как)\s+(?:звати|звуть|зовут)\s+(?:мого|мою|моє|моего|мое|моё|моих|моїх)\s+"
            rf"{_THING}",
            True,
        ),
        (rf"\b(?:what|which|who|where)(?:\s+is|['’]s)\s+my\s+{_THING}", False),
        (rf"\b(?:який|яка|яке|какой|какая|какое)\s+(?:мій|моя|моє|у мене|мой|моё|мое|у меня)\s+{_THING}", False),
    )
)


def told_facts(lines: Iterable[Line]) -> list[Fact]:
    """In the order told; a later one of the same thing overrides."""
    return [fact for line in lines for fact in _told(line)]


def _told(line: Line) -> list[Fact]:
    sentences = (each for each in _SENTENCE_ENDS.split(line.text) if not each.rstrip().endswith("?"))
    return [fact for sentence in sentences for fact in _told_in(sentence, line.speaker)]


def _told_in(sentence: str, speaker: str) -> Iterable[Fact]:
    covered: set[int] = set()
    for pattern, naming in _TOLD:
        for match in pattern.finditer(sentence):
            if match.start() not in covered:
                covered.add(match.start())
                yield _fact(speaker, match, naming)


def _fact(speaker: str, match: re.Match[str], naming: bool) -> Fact:
    groups = match.groupdict()
    whose = groups.get("whose")
    return Fact(
        speaker,
        groups.get("thing", OWN_NAME).lower(),
        groups["value"].strip(),
        naming,
        f"тв{whose.lower()[1:]}" if whose else "your",
    )


def asked_thing(text: str) -> tuple[str, bool] | None:
    """What of their own a person asks about, and whether for its name; None when the text asks nothing of the kind."""
    for pattern, naming in _ASKED:
        match = pattern.search(text)
        if match is not None:
            return match.groupdict().get("thing", OWN_NAME).lower(), naming
    return None


def recall(facts: Iterable[Fact], speaker: str, thing: str, naming: bool) -> Fact | None:
    """The latest matching fact of that speaker. Nouns are compared by their stems, so that cases do not matter."""
    own = [fact for fact in facts if fact.speaker == speaker and _same(fact.thing, thing)]
    exact = [fact for fact in own if fact.naming == naming]
    return next(reversed(exact or own), None)


def _same(one: str, other: str) -> bool:
    if OWN_NAME in (one, other):
        return one == other
    pairs = tuple(zip(one.split(), other.split(), strict=False))
    return all(first[: _stem(first)] == second[: _stem(first)] for first, second in pairs)


def _stem(word: str) -> int:
    return max(3, len(word) - 2)
