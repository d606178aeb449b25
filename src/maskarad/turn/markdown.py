"""A model's Markdown as flat text and the spans of it that are marked up: what Telegram can show of it."""

import re
from collections.abc import Callable, Sequence
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

LONGEST = 16_384
"""Characters; a longer text is left as it stands, so that no text can hold up the process (here 0.3 s at worst)."""
DEEPEST = 40
"""Levels of lists and quotations within each other; beyond them the parser would drop text."""

_MARKED = re.compile(
    r"[*_~`\[\]|\\]|&#?\w+;|<[\w.+-]+[:@]|^[ \t]*(?:>|\#{1,6}(?:[ \t]|$)|[-+](?:[ \t]|$)|---)", re.MULTILINE
)
"""Anything that may be markup. Most lines of a chat have none."""
_LINKABLE = ("http://", "https://", "tg://")
_LANGUAGE = re.compile(r"[a-zA-Z0-9_+#.-]+")


class Span:
    """A marked-up stretch of the flat text. `tag` is Telegram's, `argument` a link's address or a code's language."""

    __slots__ = ("argument", "end", "start", "tag")

    def __init__(self, tag: str, start: int, argument: str = "") -> None:
        self.tag = tag
        self.argument = argument
        self.start = start
        self.end = start


def flatten(markdown: str) -> tuple[str, Sequence[Span]]:
    """The text as a person would read it, and its spans, outer ones first, each within or beside any other.

    Line breaks stay as they are typed. Raw HTML is text. What Telegram cannot show becomes readable text: headings
    are bold, list items begin with "• " or their number, a table's cells stand between bars, a picture is a link.
    """
    if len(markdown) > LONGEST or not _MARKED.search(markdown):
        return markdown.strip(), ()
    tokens = _PARSER.parse(markdown)
    if any(token.level >= DEEPEST - 1 for token in tokens):
        return markdown.strip(), ()
    flat = _Flat()
    flat.blocks(tokens)
    text = "".join(flat.written).rstrip()
    return (text, flat.spans) if text else (markdown.strip(), ())


def _spoiler(state: StateInline, silent: bool) -> bool:
    """`||hidden||`, as Telegram's own clients type it."""
    start = state.pos + 2
    if not state.src.startswith("||", state.pos):
        return False
    end = state.src.find("||", start, state.posMax)
    if end <= start or state.src[start].isspace() or state.src[end - 1].isspace():
        return False
    if not silent:
        whole = state.posMax
        state.push("spoiler_open", "", 1)
        state.pos, state.posMax = start, end
        state.md.inline.tokenize(state)
        state.push("spoiler_close", "", -1)
        state.posMax = whole
    state.pos = end + 2
    return True


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": DEEPEST})
    parser.enable(["strikethrough", "table"])
    # Indented lines are no code in a chat, a line under a sentence makes no heading of it, and a definition of a
    # reference would vanish.
    parser.disable(["code", "lheading", "reference"])
    parser.inline.add_terminator_char("|")
    parser.inline.ruler.before("emphasis", "spoiler", _spoiler)
    return parser


_PARSER: Final = _parser()

_INLINE_TAGS = {"strong": "b", "em": "i", "s": "s", "spoiler": "tg-spoiler"}
_BETWEEN_CELLS = " | "


class _Flat:
    """Writes tokens one after the other, and remembers what is open."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self.spans: list[Span] = []
        self._length = 0
        self._open: list[Span | None] = []
        self._links: list[str] = []
        self._numbers: list[int | None] = []
        self._gap = ""
        self._first_cell = True
        self._leaves: dict[str, Callable[[Token], None]] = {
            "text": lambda token: self._write(token.content),
            "softbreak": lambda token: self._write("\n"),
            "hardbreak": lambda token: self._write("\n"),
            "code_inline": lambda token: self._code("code", token.content, ""),
            "image": self._image,
        }

    def blocks(self, tokens: Sequence[Token]) -> None:
        for token in tokens:
            if token.type == "inline":
                self._inline(token.children or ())
            elif token.type == "fence":
                self._fence(token)
            elif token.type == "hr":
                self._write("———")
                self._gap = "\n\n"
            elif token.nesting == 1:
                self._block_opens(token)
            elif token.nesting == -1:
                self._block_closes(token)

    def _block_opens(self, token: Token) -> None:
        if token.type in ("bullet_list_open", "ordered_list_open"):
            ordered = token.type == "ordered_list_open"
            self._numbers.append(int(token.attrGet("start") or 1) if ordered else None)
            if len(self._numbers) > 1:
                self._gap = "\n"
        elif token.type == "list_item_open":
            self._item()
        elif token.type == "blockquote_open":
            self._opens("blockquote")
        elif token.type == "heading_open":
            self._opens("b")
        elif token.type == "tr_open":
            self._first_cell = True
        elif token.type in ("td_open", "th_open"):
            self._write("" if self._first_cell else _BETWEEN_CELLS)
            self._first_cell = False

    def _block_closes(self, token: Token) -> None:
        kind = token.type.removesuffix("_close")
        if kind in ("blockquote", "heading"):
            self._closes()
        elif kind in ("bullet_list", "ordered_list"):
            self._numbers.pop()
        if kind in ("list_item", "tr") or (kind in ("paragraph", "bullet_list", "ordered_list") and self._numbers):
            self._gap = "\n"
        elif kind in ("paragraph", "heading", "blockquote", "bullet_list", "ordered_list", "table"):
            self._gap = "\n\n"

    def _item(self) -> None:
        number = self._numbers[-1]
        bullet = "• "
        if number is not None:
            self._numbers[-1] = number + 1
            bullet = f"{number}. "
        self._write("  " * (len(self._numbers) - 1) + bullet)

    def _inline(self, tokens: Sequence[Token]) -> None:
        for token in tokens:
            if token.type in self._leaves:
                self._leaves[token.type](token)
            elif token.type == "link_open":
                self._link_opens(str(token.attrGet("href") or ""))
            elif token.type == "link_close":
                self._link_closes()
            elif token.nesting == 1:
                self._opens(_INLINE_TAGS[token.type.removesuffix("_open")])
            elif token.nesting == -1:
                self._closes()
            else:
                self._write(token.content)

    def _link_opens(self, address: str) -> None:
        linkable = address.lower().startswith(_LINKABLE)
        self._links.append("" if linkable else address)
        self._opens("a" if linkable else "", address)

    def _link_closes(self) -> None:
        self._closes()
        address = self._links.pop()
        if address and not "".join(self.written[-3:]).endswith(address.removeprefix("mailto:")):
            self._write(f" ({address})")

    def _image(self, token: Token) -> None:
        self._link_opens(str(token.attrGet("src") or ""))
        self._write(token.content or "🖼")
        self._link_closes()

    def _fence(self, token: Token) -> None:
        """What stands behind the opening fence is a language only when it looks like one and code follows."""
        heading, code = token.info.strip(), token.content.removesuffix("\n")
        if code and (not heading or _LANGUAGE.fullmatch(heading)):
            self._code("pre", code, heading)
        else:
            self._code("pre", "\n".join(filter(None, (heading, code))), "")
        self._gap = "\n\n"

    def _code(self, tag: str, content: str, language: str) -> None:
        self._opens(tag, language)
        self._write(content)
        self._closes()

    def _write(self, text: str) -> None:
        if text and self._gap:
            gap, self._gap = (self._gap if self.written else ""), ""
            # What has opened since the gap begins after it.
            for span in self._open:
                if span is not None and span.start == self._length:
                    span.start += len(gap)
            self.written.append(gap)
            self._length += len(gap)
        self.written.append(text)
        self._length += len(text)

    def _opens(self, tag: str, argument: str = "") -> None:
        """Telegram forbids a quotation within a quotation; the same tag twice would show nothing anyway."""
        if not tag or any(span is not None and span.tag == tag for span in self._open):
            self._open.append(None)
            return
        span = Span(tag, self._length, argument)
        self._open.append(span)
        self.spans.append(span)

    def _closes(self) -> None:
        span = self._open.pop()
        if span is not None:
            span.end = self._length
