import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskarad.analytics.card import glyphs
from maskarad.analytics.glyphs import drawable


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("Оксана Ґедзь", "Оксана Ґедзь"),
        ("محمد", "محمد"),
        ("שרה", "שרה"),
        ("🔥 Ann 🔥", "Ann"),
        ("👨‍👩‍👧", ""),
        ("❤️☀️", ""),
        ("王小明", ""),
        ("\u202egnp.exe", "gnp.exe"),
        ("  a\u00a0\n b ", "a b"),
        ("Z" + "\u0337" * 50, "Z\u0337\u0337"),
        ("...", ""),
        ("R2-D2", "R2-D2"),
        ("\ud800x", "x"),
    ],
)
def test_names_are_drawn_as_far_as_the_font_can(name: str, drawn: str) -> None:
    assert drawable(name, glyphs()) == unicodedata.normalize("NFC", drawn)


@given(st.text())
def test_nothing_is_left_that_has_no_glyph(name: str) -> None:
    assert {ord(sign) for sign in drawable(name, glyphs())} <= glyphs()
