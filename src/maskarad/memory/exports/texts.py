"""Formatted text as plain words and as Telegram HTML."""

import functools
import hashlib
from collections.abc import Iterable
from html import escape

from maskarad.memory.exports.values import NAMELESS
from maskarad.telegram import clean

DELETED = "Deleted Account"
"""Telegram Desktop's name of who has none any more."""

LINKS = ("http://", "https://", "tg://")

_TAGS = {
    "bold": "b",
    "italic": "i",
    "underline": "u",
    "strikethrough": "s",
    "spoiler": "tg-spoiler",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}


def marked_up(words: str, kind: str, argument: str = "") -> str | None:
    """The words as Telegram HTML; None for a kind that shows by itself, or not at all. `argument` is a link's address
    or a code's language."""
    if not clean.text(words):
        return None
    if kind == "text_link" and argument.startswith(LINKS):
        return f'<a href="{escape(argument)}">{escape(words, quote=False)}</a>'
    if kind == "pre" and argument:
        inner = f'<code class="language-{escape(argument)}">{escape(words, quote=False)}</code>'
        return f"<pre>{inner}</pre>"
    tag = _TAGS.get(kind)
    return f"<{tag}>{escape(words, quote=False)}</{tag}>" if tag else None


def formatted(parts: Iterable[tuple[str, str | None]]) -> tuple[str, str | None]:
    """Pairs of plain words and the same marked up (None: as they are) become a clean text, and its HTML where any part
    is marked up."""
    parts = list(parts)
    plain = clean.text("".join([words for words, _ in parts]))
    if len(plain) == clean.TEXT_CHARACTERS or all(html is None for _, html in parts):
        return plain, None
    html = "".join([escape(words, quote=False) if markup is None else markup for words, markup in parts])
    return plain, clean.text(html, 4 * clean.TEXT_CHARACTERS)


def name(written: str | None) -> str:
    """What is remembered of a name of any length is no longer than what may come of it."""
    return _cleaned((written or "")[: 4 * clean.NAME_CHARACTERS])


@functools.lru_cache(maxsize=4096)
def _cleaned(written: str) -> str:
    return clean.line(written) or DELETED


@functools.lru_cache(maxsize=4096)
def id_of_name(name: str) -> int:
    """For who is known by name only: the same id for the same name, and nobody's at Telegram."""
    digest = hashlib.blake2b(name.encode(), digest_size=6).digest()
    return NAMELESS - int.from_bytes(digest, "big")
