"""A text taken apart once: words, where clauses begin, emoji, and the marks that carry a tone."""

import re
from collections import Counter
from functools import cache

from maskarad.memory.lexicon import load
from maskarad.memory.words import small
from maskarad.values import Value

LONGEST_TEXT = 600
"""Characters that are looked at, some 100 words: what somebody feels and speaks of shows in them, and no text takes
longer than a few messages do."""

_STRETCH = re.compile(r"(.)\1\1+")
_SIGN_KINDS = ("joy", "sadness", "anger", "fear", "surprise", "disgust", "irony")
_SKIN_TONES_AND_SELECTORS = dict.fromkeys((0xFE0F, *range(0x1F3FB, 0x1F400)))
_EMOJI = r"[\u2049\u203c\u2600-\u27bf\u2b50\U0001f000-\U0001faff](?:\u200d[\u2600-\u27bf\U0001f000-\U0001faff])*"


class Reading(Value, frozen=True):
    """`words` are in small letters with ё as е and stretches shortened; `breaks` are the numbers of those before which
    a comma, a full stop or a line ends something. `stretched` gives such a word with two of the letter: "cool"."""

    words: list[str]
    plain: list[str]
    breaks: frozenset[int]
    shouted: frozenset[int]
    stretched: dict[int, str]
    signs: Counter[str]
    smiles: int
    frowns: int
    exclamations: int
    questions: int
    mixed_marks: bool
    links: int
    mentions: int
    sums: int
    """Of money, written with a currency's sign."""
    ends_asking: bool


def read(text: str) -> Reading:
    text = text[:LONGEST_TEXT].translate(_SKIN_TONES_AND_SELECTORS)
    gathered = _Gathered()
    for match in _tokens().finditer(text):
        gathered.take(match.lastgroup or "", match.group())
    return gathered.reading()


class _Gathered:
    def __init__(self) -> None:
        self.words: list[str] = []
        self.plain: list[str] = []
        self.breaks: set[int] = set()
        self.shouted: set[int] = set()
        self.stretched: dict[int, str] = {}
        self.signs: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.open_brackets = 0
        self.mixed_marks = False
        self.asking = False

    def take(self, kind: str, token: str) -> None:
        if kind == "word":
            self._word(token)
        elif kind == "sign":
            self.signs[token] += 1
        elif kind in ("link", "mention", "sum"):
            self.counts[kind] += 1
        else:
            self._mark(kind, token)

    def _word(self, token: str) -> None:
        word = small(token)
        number = len(self.words)
        if len(token) > 2 and token.isupper():
            self.shouted.add(number)
        self.plain.append(word)
        if _STRETCH.search(word):
            self.stretched[number] = _STRETCH.sub(r"\1\1", word).replace("ё", "е")
            word = _STRETCH.sub(r"\1", word)
        self.words.append(word.replace("ё", "е"))
        self.asking = False

    def _mark(self, kind: str, token: str) -> None:
        if kind == "smile":
            unopened = max(0, len(token) - self.open_brackets)
            self.open_brackets = max(0, self.open_brackets - len(token))
            self.counts["smile"] += unopened
        elif kind == "frown":
            # One opens a remark; more in a row are a face.
            if len(token) == 1:
                self.open_brackets += 1
            else:
                self.counts["frown"] += len(token)
        else:
            self.breaks.add(len(self.words))
        if kind == "tone":
            self.counts["!"] += token.count("!")
            self.counts["?"] += token.count("?")
            self.mixed_marks |= "!" in token and "?" in token
            self.asking = "?" in token

    def reading(self) -> Reading:
        return Reading(
            words=self.words,
            plain=self.plain,
            breaks=frozenset(self.breaks),
            shouted=frozenset(self.shouted),
            stretched=self.stretched,
            signs=self.signs,
            smiles=self.counts["smile"],
            frowns=self.counts["frown"],
            exclamations=self.counts["!"],
            questions=self.counts["?"],
            mixed_marks=self.mixed_marks,
            links=self.counts["link"],
            mentions=self.counts["mention"],
            sums=self.counts["sum"],
            ends_asking=self.asking,
        )


@cache
def sign_feelings() -> dict[str, list[tuple[str, str]]]:
    """For each emoji and emoticon what it shows: kind (an emotion or `irony`) and strength."""
    found: dict[str, list[tuple[str, str]]] = {}
    for kind in _SIGN_KINDS:
        for strength, signs in load("emoji")[kind].items():
            for sign in signs.split():
                found.setdefault(sign, []).append((kind, strength))
    return found


@cache
def _tokens() -> re.Pattern[str]:
    emoticons = sorted(
        (sign for sign in sign_feelings() if sign[0].isalpha() or sign[0] < "\x7f"), key=len, reverse=True
    )
    faces = "|".join(map(re.escape, emoticons))
    firsts = "".join(sorted({re.escape(sign[0]) for sign in emoticons}))
    return re.compile(
        rf"(?P<link>(?:https?://|www\.|t\.me/)\S+)"
        rf"|(?P<mention>@\w+)"
        rf"|(?P<sign>{_EMOJI}|(?=[{firsts}])(?<!\w)(?:{faces})(?!\w))"
        rf"|(?P<sum>[$€£₴₽]\s?\d[\d.,]{{0,12}}|\d[\d.,]{{0,12}}\s?[$€£₴₽])"
        rf"|(?P<word>[^\W_]+(?:['’ʼ‘`´-][^\W_]+)*)"
        rf"|(?P<tone>[!?]+)|(?P<smile>\)+)|(?P<frown>\(+)|(?P<pause>[.,;:…\n—–\"«»]+)"
    )
