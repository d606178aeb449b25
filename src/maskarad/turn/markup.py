"""A part of a reply as Telegram messages: Markdown rendered as Telegram HTML, long texts split where it hurts least."""

import re
import unicodedata
from collections.abc import Sequence
from html import escape

from maskarad.turn.loose_json import whole_characters
from maskarad.turn.markdown import Span, flatten
from maskarad.values import Piece

TELEGRAM_LIMIT = 4096
"""A message's length in UTF-16 units after its markup is read (Bot API, `sendMessage`)."""

_BREAKS = (
    re.compile(r"\n[^\S\n]*\n"),
    re.compile(r"\n"),
    re.compile(r"[.!?…][\"'»”)\]]*(?=\s)"),
    re.compile(r"\s"),
)
"""Borders to split at, the best first."""
_LEAST_SHARE = 1 / 3
"""A better kind of border is taken only when it leaves at least this share of a full message before it."""
_GLUED = "\u200d\ufe0e\ufe0f\u20e3"
_LONGEST_CLUSTER = 16
_SPACE = re.compile(r"[^\S\n]*\n\s*\n|[^\S\n]*\n|\s+")


def to_pieces(markdown: str, limit: int = TELEGRAM_LIMIT) -> tuple[Piece, ...]:
    """Messages of at most `limit` UTF-16 units, none of them empty; a text of nothing but space gives none.

    Tags are closed at the end of a piece and opened again in the next. `limit` is at least 2, the size of an emoji.
    """
    text, spans = flatten(whole_characters(markdown))
    pieces: list[Piece] = []
    start = 0
    while start < len(text):
        end = _end_of_piece(text, start, limit)
        stripped = len(text[start:end].rstrip())
        if stripped:
            pieces.append(_piece(text, start, start + stripped, spans))
        space = _SPACE.match(text, end)
        start = space.end() if space else end
    return tuple(pieces)


def _end_of_piece(text: str, start: int, limit: int) -> int:
    window = _longest_prefix(text[start : start + limit], limit)
    if start + len(window) == len(text):
        return len(text)
    # A border may also stand right behind the window.
    seen = text[start : start + len(window) + 1]
    fallback = 0
    for border in _BREAKS:
        found = 0
        for match in border.finditer(seen):
            cut = match.end() if match[0][0] in ".!?…" else match.start()
            if cut <= len(window):
                found = cut
        if found >= len(window) * _LEAST_SHARE:
            return start + found
        fallback = max(fallback, found)
    return start + (fallback or _whole_cluster(text, start, len(window)))


def _longest_prefix(text: str, limit: int) -> str:
    """As much as fits into `limit` UTF-16 units without splitting a surrogate pair."""
    if text.isascii():
        return text
    units = text.encode("utf-16-le")
    return text if len(units) <= 2 * limit else units[: 2 * limit].decode("utf-16-le", "ignore")


def _whole_cluster(text: str, start: int, length: int) -> int:
    """A cut without any border, moved back so that accents and joined emoji stay with what they belong to."""
    for cut in range(length, max(length - _LONGEST_CLUSTER, 0), -1):
        after, before = text[start + cut], text[start + cut - 1]
        if not (unicodedata.combining(after) or after in _GLUED or before == "\u200d" or "🏻" <= after <= "🏿"):
            return cut
    return length


def _piece(text: str, start: int, end: int, spans: Sequence[Span]) -> Piece:
    inside = [span for span in spans if span.start < end and span.end > start]
    return Piece(text=text[start:end], html=_html(text, start, end, inside) if inside else None)


def _html(text: str, start: int, end: int, spans: Sequence[Span]) -> str:
    html: list[str] = []
    opened: list[Span] = []
    written = start

    def write(until: int) -> None:
        nonlocal written
        if until > written:
            html.append(escape(text[written:until], quote=False))
            written = until

    for span in spans:
        while opened and opened[-1].end <= span.start:
            write(opened[-1].end)
            html.append(_closing(opened.pop()))
        write(span.start)
        html.append(_opening(span))
        opened.append(span)
    while opened:
        write(min(opened[-1].end, end))
        html.append(_closing(opened.pop()))
    write(end)
    return "".join(html)


def _opening(span: Span) -> str:
    if span.tag == "a":
        return f'<a href="{escape(span.argument)}">'
    if span.tag == "pre" and span.argument:
        return f'<pre><code class="language-{escape(span.argument)}">'
    return f"<{span.tag}>"


def _closing(span: Span) -> str:
    return "</code></pre>" if span.tag == "pre" and span.argument else f"</{span.tag}>"
