"""Does a text call a persona by its name, in the cases of Ukrainian and Russian too? By rules, without a dictionary.

Forms are made from the name's ending, Ukrainian and Russian ones together: people mix the languages, and a form that
one of them lacks is a word in neither. A form that is another common word (`ані`, `поле`) counts only when it is
written with a capital letter, within a sentence or set off as an address. A name is also heard in the other alphabet,
as `transliteration.py` spells it, and there a name that is itself a common word (`сам`, `did`) has to be so marked too.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import count, takewhile

from maskarad.intake.address import calls_another, is_spoken_of, may_call
from maskarad.intake.transliteration import in_other_alphabet, is_spelt_like_a_word

_HARD_A = ("а", "и", "ы", "і", "е", "у", "о", "ою", "ой", "ею", "ей", "ої", "ій")
_SOFT_YA = ("я", "і", "и", "е", "ю", "ею", "ей", "ь")
_VOWEL_YA = ("я", "ї", "и", "е", "є", "ю", "єю", "ею", "ей")
_HARD = ("", "а", "у", "ові", "ом", "е", "і")
_HUSHING = (*_HARD, "еві", "ем")
_SOFT = ("ь", "я", "ю", "еві", "ем", "е", "і", "и", "ью")
_SOFT_R = ("", "я", "ю", "еві", "ем", *_HARD)
_Y = ("й", "я", "ю", "єві", "єм", "ем", "е", "є", "ї", "и")
_ADJECTIVE = ("ого", "его", "ому", "ему", "им", "ым", "ім")
_ADJECTIVE_AYA = ("ая", "ой", "ую", "ою")

_VOWELS = "аеєиіїоуюяыэ"
_SPEAKING_OF = "а я и ы і ї ові еві єві ом ем єм ою ой ею ей єю ої ій ью ую"
_OBLIQUE = frozenset((*_SPEAKING_OF.split(), *_ADJECTIVE))
"""Endings by which nobody is called, where they are not the name's own; of names in -а also -у, their accusative."""
_FLEETING = re.compile(rf"(?<=[^{_VOWELS}])[ео](?=[кцл]ь?$)")
_CLOSED_I = re.compile(rf"і(?=[^{_VOWELS}йь]ь?$)")
_IRREGULAR = {"лев": "льв", "пес": "пс", "любов": "любв", "любовь": "любв"}

_COMMON = (
    "ані поле полі полю марка марку петь кость кості кости дань ради раде раду радо радою мило милу мили миле милой "
    "милою лізу лізе лизу свету свете лени тому тома яру яро ярі люби любо вали жени вари кати мити"
)
_ALSO_WORDS = frozenset(_COMMON.split())
"""Common words of uk and ru that are also a form of some name."""
_NEVER = frozenset(("львові",))
"""Forms that are far more often another name: the city, not the lion."""

_CALLED = (
    "the a an mr mrs ms miss dr sir lady lord captain uncle aunt doctor professor пан пані панна пане дядя дядько "
    "тітка тетя тьотя дід баба бабуся дедушка бабушка доктор професор профессор капітан капитан господин госпожа "
    "містер мистер місіс сер князь княгиня король королева царь цар святий святой"
)
_TITLES = frozenset(_CALLED.split())
FEWEST_LETTERS = 3
"""The first word of a longer name calls the persona by itself from this length on."""
MOST_INFLECTED = 4
"""Words and hyphenated parts of a name that are inflected, counted from its start; nobody declines more."""
MOST_FURTHER_WORDS = 4
"""Words after the first by which a persona can be called."""

_SAME = (("ё", "е"), ("’", "'"), ("ʼ", "'"), ("‘", "'"), ("`", "'"), ("\ufe0f", ""))
"""What people type one way or another."""
_HEAPED_MARKS = re.compile(r"(\W{30})\W+")
"""More accents on a letter than any language has: putting them in order takes the square of their number."""
_NO_SPACES = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_CYRILLIC = re.compile("[а-яєіїґ']+")
_EDGES = re.compile(r"^\W+|\W+$")
_BEFORE = r"(?<!\w)(?<!\w')"
_WITHIN_SENTENCE = r"(?<=[^\s.!?…] )"
_AS_ADDRESS = r"(?=\s*[,!?])"
_AFTER = r"(?![\w\u0300-\u036f\u064b-\u065f]|'(?!s\b)\w)"

Spelt = Sequence[frozenset[str]]
"""The spellings of one part of a name, each with all its forms."""


class NameMatcher:
    """Built once a name; `matches` takes about a microsecond when the name does not occur in the text.

    A longer name is recognised by its first word, titles left aside, when that has three letters; else by the whole
    name. A name of a single letter is never recognised, since it is a word in most languages.
    """

    def __init__(self, name: str, *, transliterated: bool = False) -> None:
        called = _called(_words(_lowered(name) if transliterated else _folded(name)))
        self._pattern: re.Pattern[str] | None = None
        self._capital: re.Pattern[str] | None = None
        self._leading: re.Pattern[str] | None = None
        self._hints: tuple[str, ...] = ()
        self._oblique: frozenset[str] = frozenset()
        if not called or _is_one_letter(called):
            return
        words = _spellings(called) if transliterated else [[(part,) for part in word.split("-")] for word in called]
        if not words:
            return
        parts, first = _parts(words), words[0][0]
        unsure = frozenset[str]()
        if len(parts) == len(parts[0]) == 1:
            unsure = frozenset().union(*map(_unsure_of_guess if transliterated else _unsure, first))
        self._hints = tuple(map(_common_start, parts[0][0]))
        self._oblique = frozenset().union(*map(oblique, first)) - {*first}
        self._pattern = _compiled(r"\s++".join(_word_pattern(word, unsure) for word in parts), called[0])
        if unsure:
            capital = _one_of(form.capitalize() for form in unsure)
            self._capital = _compiled(f"(?:{_WITHIN_SENTENCE}{capital}|{capital}{_AS_ADDRESS})", called[0])
        if unsure and transliterated:
            self._leading = re.compile(rf"\A\W*+{_one_of(unsure)}(?=\s*+,)")

    @property
    def is_deaf(self) -> bool:
        """Nothing is ever heard: the name has no letters to be spelt by, or too few."""
        return self._pattern is None

    def matches(self, text: str) -> bool:
        """Whether the name stands in the text as a word."""
        return self.found_in(text, _folded(text))

    def found_in(self, text: str, folded: str) -> bool:
        """As `matches`, for a text that has been folded already."""
        if self._pattern is None or not any(hint in folded for hint in self._hints):
            return False
        return self._pattern.search(folded) is not None or self._is_marked(text, folded)

    def _is_marked(self, text: str, folded: str) -> bool:
        """Whether what may be a common word stands there as a name."""
        if self._capital is not None and self._capital.search(_same(text)):
            return True
        return self._leading is not None and self._leading.match(folded) is not None and calls_another(text)

    def speaks_of(self, text: str, folded: str) -> bool:
        """Whether the name, where it is found, does not call anybody."""
        if self._pattern is None or self._is_marked(text, folded):
            return False
        return all(is_spoken_of(found, self._oblique) for found in self._pattern.finditer(folded))


def _is_one_letter(called: tuple[str, ...]) -> bool:
    return len(called) == 1 and len(called[0]) == 1 and called[0].isalpha() and not _NO_SPACES.match(called[0])


def _folded(text: str) -> str:
    return text.lower() if text.isascii() else _same(_lowered(text))


def _lowered(text: str) -> str:
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", _HEAPED_MARKS.sub(r"\1", text))
    return text.casefold()


def _same(text: str) -> str:
    for variant, plain in _SAME:
        text = text.replace(variant, plain)
    return text


def _words(name: str) -> tuple[str, ...]:
    """The name's words without decoration; a name of nothing but signs is one word as it stands."""
    words = tuple(word for part in name.split() if (word := _EDGES.sub("", part)))
    return words or tuple(name.split())


def _called(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words that must stand in a text, in their order."""
    untitled = words
    while len(untitled) > 1 and untitled[0] in _TITLES:
        untitled = untitled[1:]
    return untitled[:1] if untitled and len(untitled[0]) >= FEWEST_LETTERS else words


def _common_start(forms: Collection[str]) -> str:
    pairs = zip(min(forms), max(forms), strict=False)
    return "".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _compiled(pattern: str, first_word: str) -> re.Pattern[str]:
    if _NO_SPACES.search(first_word):
        return re.compile(pattern)
    return re.compile(f"{_BEFORE}{pattern}{_AFTER}")


def _unsure(word: str) -> frozenset[str]:
    """Forms that are common words too, never the name as it is written."""
    return forms(word) & (_ALSO_WORDS - {word})


def _unsure_of_guess(spelling: str) -> frozenset[str]:
    """As `_unsure`; all of them where the spelling is such a word."""
    known = forms(spelling)
    words = frozenset(form for form in known if form in _ALSO_WORDS or is_spelt_like_a_word(form))
    return known if spelling in words else words


def _word_pattern(parts: Sequence[Spelt], unsure: frozenset[str]) -> str:
    """Any form of a word in any spelling, without those that are common words too. Each spelling stands by itself,
    which lets the others pass it at its first letters."""
    return "-".join(f"(?:{'|'.join(_one_of(known - unsure) for known in spelt)})" for spelt in parts)


def _one_of(forms: Iterable[str]) -> str:
    return f"(?:{'|'.join(re.escape(form) for form in sorted(forms, key=len, reverse=True)) or '(?!)'})"


def _spellings(called: Sequence[str]) -> list[list[Sequence[str]]]:
    """Of each hyphenated part of each word in the other alphabet; nothing when one of them has none."""
    words = [[in_other_alphabet(part) for part in word.split("-")] for word in called]
    return words if all(map(all, words)) else []


def _parts(words: Sequence[Sequence[Sequence[str]]]) -> list[list[Spelt]]:
    """For each word its hyphenated parts, mostly one, and all forms of each of its spellings. The parts are never
    multiplied: a name of many would have more forms than there is memory for."""
    number = count()
    return [[_spelt(spellings, next(number) < MOST_INFLECTED) for spellings in word] for word in words]


def _spelt(spellings: Sequence[str], inflected: bool) -> Spelt:
    return [forms(spelling) for spelling in spellings] if inflected else [frozenset(spellings[:1])]


def forms(word: str) -> frozenset[str]:
    """All forms of a word without hyphens, itself included; the word is in small letters."""
    if len(word) < 2 or not _CYRILLIC.fullmatch(word):
        return frozenset((word,))
    return frozenset(_inflected(word)) - _NEVER | {word}


def _inflected(word: str) -> Iterator[str]:
    for stem, endings in _declensions(word):
        for ending in endings:
            yield stem + ending
    if word.endswith("г"):
        yield f"{word[:-1]}же"
    if word.endswith("ша"):
        yield word[:-1]


def oblique(word: str) -> frozenset[str]:
    """Those of a word's forms by which one is spoken of and not called; the word is in small letters."""
    found, calling = set[str](), {word}
    for stem, endings in _declensions(word) if _CYRILLIC.fullmatch(word) and len(word) > 1 else ():
        for ending in endings:
            speaks_of = ending in _OBLIQUE or (ending == "у" and word.endswith("а"))
            (found if speaks_of else calling).add(stem + ending)
    return frozenset(found - calling)


def _declensions(word: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Stems and the endings that they take."""
    stem, last = word[:-1], word[-1]
    if last == "а":
        yield stem, _HARD_A
        if stem.endswith(("г", "к", "х")):
            yield stem[:-1] + {"г": "з", "к": "ц", "х": "с"}[stem[-1]], ("і",)
    elif last == "я":
        yield stem, _VOWEL_YA if stem[-1] in f"{_VOWELS}ь'" else _SOFT_YA
        if stem.endswith("а"):
            yield stem[:-1], _ADJECTIVE_AYA
    elif last == "о":
        yield stem, ("о", *_HARD[1:])
    elif last == "й":
        yield stem, _Y
        if stem.endswith(("и", "ы")):
            yield stem[:-1], _ADJECTIVE
    elif last not in _VOWELS:
        for each in _consonant_stems(word):
            yield each, _consonant_endings(word)


def _consonant_stems(word: str) -> Iterator[str]:
    """The stem and those that a vowel has fled from (Павел, Павла) or changed in (Кіт, Кота; Ведмідь, Ведмедя)."""
    yield word.removesuffix("ь")
    if word in _IRREGULAR:
        yield _IRREGULAR[word]
    for changed in (_FLEETING.sub("", word), _CLOSED_I.sub("е" if word.endswith("ь") else "о", word)):
        if changed != word and len(changed) >= FEWEST_LETTERS:
            yield changed.removesuffix("ь")


def _consonant_endings(word: str) -> tuple[str, ...]:
    if word.endswith("ь"):
        return _SOFT
    if word.endswith("р"):
        return _SOFT_R
    if word.endswith(("ж", "ч", "ш", "щ", "ц")):
        return _HUSHING
    return (*_HARD, "и", "ью") if word.endswith("любов") else _HARD


class Names:
    """All by which a persona is called: its name, and each further word of it that is written with a capital, so that
    "Мольфар Устим" hears both "мольфаре" and "Устиме"; in its own alphabet and in the other."""

    def __init__(self, name: str) -> None:
        others = _words(name)[1:]
        proper = [word for word in others if len(word) >= FEWEST_LETTERS and word[0].isupper()]
        further = [word for word in proper if word.lower() not in _TITLES][:MOST_FURTHER_WORDS]
        called = (name, *further)
        matchers = [NameMatcher(word, transliterated=guess) for guess in (False, True) for word in called]
        self._matchers = [matcher for matcher in matchers if not matcher.is_deaf]

    def matches(self, text: str) -> bool:
        folded = _folded(text)
        return any(matcher.found_in(text, folded) for matcher in self._matchers)

    def call(self, text: str) -> bool:
        """Whether the name, which stands in the text, may be meant to call: it does not where the persona is merely
        spoken of."""
        if may_call(text):
            return True
        folded = _folded(text)
        found = [matcher for matcher in self._matchers if matcher.found_in(text, folded)]
        return not all(matcher.speaks_of(text, folded) for matcher in found)
