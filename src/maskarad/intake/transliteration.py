"""How a name is written in the other alphabet: a Latin one as Ukrainians and Russians would write it, a Cyrillic one in
the official Ukrainian romanisation and the usual Russian ones.

By rules for Slavic names, which do for most others; what English writes otherwise than it says (Jane) stays imperfect.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice, product

from maskarad.memory.language import is_common

FEWEST_LETTERS = 3
"""A shorter spelling is a word or a sign in too many texts."""
MOST_CYRILLIC, MOST_LATIN = 3, 6
"""Spellings a language. Each Cyrillic one is heard in all its cases, a Latin one as it is."""

_SPELT = (
    "мир мира мире мири миру міри мірі міру мірою рада сам том тим кіт кит боб дан ада рай рой дон вік вес мел сад кат "
    "рис рок нед луна сон лис роза лук арт стар бас тон тони бій мід тень дар пес пан ліс лес "
    "kit did dim son sad pan may art mark rock ham bit rat"
)
_SPELT_LIKE_WORDS = frozenset(_SPELT.split())
"""Words of uk, ru and en, beside the commonest, that a name of the other alphabet, or a form of it, is spelt like."""

_LATIN = re.compile("[a-z][a-z']*")
_CYRILLIC = re.compile("[а-яёєіїґ][а-яёєіїґ']*")
_APOSTROPHES = str.maketrans("’ʼ‘`", "''''")

_TO_CYRILLIC = """
shch щ щ
sch ш ш
sh ш ш
tch ч ч
ch ч ч
zgh зг зг
zh ж ж
kh х х
ph ф ф
th т т
t[sz] ц ц
(?<=j)ack$ ек ек
ck к к
qu кв кв
x кс кс
ee і и
oo у у
l(?=[bcdfghkmnpqrstvwxz]) ль ль
(?<=[aiou]e)l$ ль ль
(?<=al)ice$ іса иса
(?<=i)ce$ с с
i[iyj]a$ ія ия
ia$ ія|я ия|я
ia я|іа я|иа
iu ю|іу ю|иу
^ie є е
ie$ і и
i[iyj]$ ій ий
yi$ ий ий
ya я я
yu ю ю
ye є е
yi ї и
(?<=[bcdfghklmnprstvz])yo ьо е
yo йо йо|е
(?<=[aeiou])y й й
(?<=[aeou])i$ й й
y$ і|ій и|ий
y и и
joh(?=n) джо|йо джо|йо
ja(?!ck$) я|джа я|джа
ju ю|джу ю|джу
jo йо|джо йо|джо
je є|дже е|дже
j(?=ack$) дж дж
j дж|й дж|й
(?<=a)h$ - -
h г х|г
c(?=[eiy]) с с
c к к
w в в
q к к
^e е|є э|е
(?<=[aiou])e е э|е
(?<=[aeou])i ї|й и|й
'(?=[iy][aeu]) ' ь
(?<=[bcdfghklmnprstvz])' ь ь
' ' -
a а а
b б б
d д д
e е е
f ф ф
g г г
i і и
k к к
l л л
m м м
n н н
o о о
p п п
r р р
s с с
t т т
u у у
v в в
z з з
"""
"""What is read, what a Ukrainian and what a Russian writes for it; the first line that fits counts, `-` is nothing."""

_TO_LATIN = """
зг zgh zg
кс ks|x ks|x
др$ dr|der dr|der
дж dzh|j dzh|j
[иі]я$ iia|ia|iya iya|ia
ья ia|ya ya|ia
[иі]й$ ii|iy|y iy|y|ii
[йь]о yo|io yo|io
й i|y y|i
^я ya|ja|ia ya|ja|ia
я ia|ya ya|ia
^ю yu|ju|iu yu|ju|iu
ю iu|yu yu|iu
^є ye|ie ye|e
є ie|ye ye|e
^ї yi yi
ї i i
^е e|ye e|ye
ё yo|e yo|e
ж zh zh
х kh|h kh|h
ц ts ts
ч ch ch
ш sh sh
щ shch shch
[ьъ'] - -
а a a
б b b
в v v
г h g
ґ g g
д d d
е e e
з z z
и y i
і i i
к k k
л l l
м m m
н n n
о o o
п p p
р r r
с s s
т t t
у u u
ф f f
ы y y
э e e
"""

Options = tuple[str, ...]


class _Rules:
    def __init__(self, table: str) -> None:
        rows = [line.split(" ") for line in table.strip().splitlines()]
        self._read = re.compile("|".join(f"({pattern})" for pattern, _, _ in rows))
        self._written = [[_options(uk) for _, uk, _ in rows], [_options(ru) for _, _, ru in rows]]

    def spellings(self, word: str, most: int) -> Iterator[str]:
        """So many in each language, the likeliest first."""
        read = [found.lastindex or 0 for found in self._read.finditer(word)]
        for written in self._written:
            yield from map("".join, islice(product(*(written[number - 1] for number in read)), most))


def _options(written: str) -> Options:
    return tuple(written.replace("-", "").split("|"))


_LATIN_READ, _CYRILLIC_READ = _Rules(_TO_CYRILLIC), _Rules(_TO_LATIN)


def in_other_alphabet(word: str) -> Sequence[str]:
    """The spellings of a word in small letters, without hyphens; none where it is not of one of the two alphabets."""
    plain = word.translate(_APOSTROPHES)
    if _LATIN.fullmatch(plain):
        found = _LATIN_READ.spellings(plain, MOST_CYRILLIC)
    elif _CYRILLIC.fullmatch(plain):
        found = _CYRILLIC_READ.spellings(plain, MOST_LATIN)
    else:
        return ()
    return [spelling for spelling in dict.fromkeys(found) if len(spelling) >= FEWEST_LETTERS]


def is_spelt_like_a_word(spelling: str) -> bool:
    """Whether more is needed than a spelling in small letters to tell that a name is meant."""
    return spelling in _SPELT_LIKE_WORDS or is_common(spelling)
