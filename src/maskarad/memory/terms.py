"""By which words a line of the history is found again."""

from maskarad.memory.language import is_common
from maskarad.memory.words import stem, words

MOST_LETTERS = 2_000
"""Of a line that are looked at."""

MOST_STEMS = 64
SHORTEST_WORD = 3
LONGEST_STEM = 24


def stems_of(text: str) -> list[str]:
    """The stems of the words that carry something, each once, in their order: small letters and digits only."""
    found: dict[str, None] = {}
    for word in words(text[:MOST_LETTERS]):
        for part in word.replace("ё", "е").split("-"):
            if len(part) >= SHORTEST_WORD and not is_common(part):
                found["".join(filter(str.isalnum, stem(part)))[:LONGEST_STEM]] = None
    return list(found)[:MOST_STEMS]


def term(link_id: int, stem_: str) -> str:
    """A stem as the index of all links knows it: one link's words are not another's."""
    return f"l{link_id}x{stem_}"
