"""Names as a font can draw them: people are called anything."""

import unicodedata
from collections.abc import Container

MOST_MARKS = 2
"""Combining marks on one letter; more of them are somebody's art and climb out of their line."""

_PICTURES = 0x1F000
"""Where emoji begin. The font has a few of them, thin and without colour: rather none."""
_JOINERS = "\u200c\u200d"
"""Persian and Indic letters need them."""


def drawable(text: str, glyphs: Container[int]) -> str:
    """The text without what has no glyph, without pictures, and without signs that turn the direction of writing; empty
    where no letter or number is left."""
    kept: list[str] = []
    marks = 0
    for sign in unicodedata.normalize("NFC", text):
        category = unicodedata.category(sign)
        marks = marks + 1 if category == "Mn" else 0
        if marks <= MOST_MARKS and _can_stand(sign, category, glyphs):
            kept.append(" " if category == "Zs" else sign)
    plain = " ".join("".join(kept).split())
    return plain if any(sign.isalnum() for sign in plain) else ""


def _can_stand(sign: str, category: str, glyphs: Container[int]) -> bool:
    if category[0] == "C":
        return sign in _JOINERS
    return category != "So" and ord(sign) < _PICTURES and ord(sign) in glyphs
