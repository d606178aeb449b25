"""Telegram's two Markdown parse modes."""

import re
from typing import NamedTuple

from maskarad.sandbox.markup_html import complaint
from maskarad.sandbox.text import Entity, utf16_length

_MARKS = {
    "*": "bold", "_": "italic", "__": "underline", "~": "strikethrough", "||": "spoiler", "`": "code",
    "```": "pre", "[": "text_link",
}  # fmt: skip
_NAMES = {
    "bold": "Bold", "italic": "Italic", "underline": "Underline", "strikethrough": "Strikethrough",
    "spoiler": "Spoiler", "code": "Code", "pre": "Pre", "text_link": "TextUrl", "blockquote": "BlockQuote",
}  # fmt: skip
_RESERVED = frozenset("_*[]()~`>#+-=|{}.!")
_LANGUAGE = re.compile(r"[^\s`]*(?=\n)")


class _Open(NamedTuple):
    kind: str
    start: int
    at: int
    """Where the mark stands in the source."""
    language: str = ""


class _Reader:
    """One pass over the source; what is read becomes `plain`, `units` counts it in UTF-16."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.units = 0
        self.plain: list[str] = []
        self.stack: list[_Open] = []
        self.entities: list[Entity] = []

    def bytes_before(self, at: int) -> int:
        return len(self.source[:at].encode("utf-8", "surrogatepass"))

    def keep(self, text: str) -> None:
        self.plain.append(text)
        self.units += utf16_length(text)

    def close(self, **more: str) -> None:
        opened = self.stack.pop()
        length = self.units - opened.start
        if length > 0:
            extra = {name: value for name, value in more.items() if value}
            self.entities.append({"offset": opened.start, "length": length, "type": opened.kind, **extra})

    def result(self) -> tuple[str, list[Entity]]:
        return "".join(self.plain), sorted(self.entities, key=lambda each: (each["offset"], -each["length"]))


def parse_markdown_v2(source: str) -> tuple[str, list[Entity]]:
    """Plain text and entities. Raises `Refused` in Telegram's words."""
    reader = _Reader(source)
    while reader.at < len(source):
        character = source[reader.at]
        if character == "\\" and reader.at + 1 < len(source) and ord(source[reader.at + 1]) < 127:
            reader.keep(source[reader.at + 1])
            reader.at += 2
        elif _inside_code(reader) and character != "`":
            reader.keep(character)
            reader.at += 1
        elif character in _RESERVED:
            _mark(reader)
        else:
            _end_quote(reader, character)
            reader.keep(character)
            reader.at += 1
    if reader.stack and reader.stack[-1].kind == "blockquote":
        reader.close()
    if reader.stack:
        opened = reader.stack[-1]
        at = reader.bytes_before(opened.at)
        raise complaint(f"Can't find end of {_NAMES[opened.kind]} entity at byte offset {at}")
    return reader.result()


def _inside_code(reader: _Reader) -> bool:
    return bool(reader.stack) and reader.stack[-1].kind in ("code", "pre")


def _end_quote(reader: _Reader, character: str) -> None:
    follows = reader.source[reader.at + 1 : reader.at + 2]
    if character == "\n" and follows != ">" and reader.stack and reader.stack[-1].kind == "blockquote":
        reader.close()


def _mark(reader: _Reader) -> None:
    source, at = reader.source, reader.at
    if source[at] == ">" and (at == 0 or source[at - 1] == "\n"):
        _quote(reader)
        return
    if source[at] == "]" and reader.stack and reader.stack[-1].kind == "text_link":
        _end_link(reader)
        return
    if source.startswith("![", at):
        reader.at += 1
        return
    mark = next((each for each in ("```", "||", "__") if source.startswith(each, at)), source[at])
    if mark not in _MARKS or (mark == "```" and _inside(reader, "code")):
        reason = f"Character '{source[at]}' is reserved and must be escaped with the preceding '\\'"
        raise complaint(reason)
    _toggle(reader, mark)


def _inside(reader: _Reader, kind: str) -> bool:
    return bool(reader.stack) and reader.stack[-1].kind == kind


def _toggle(reader: _Reader, mark: str) -> None:
    kind = _MARKS[mark]
    if _inside(reader, "pre") and mark == "`":
        reader.keep("`")
        reader.at += 1
        return
    reader_at = reader.at
    reader.at += len(mark)
    if _inside(reader, kind) and kind != "text_link":
        reader.close(language=reader.stack[-1].language)
        return
    language = ""
    if kind == "pre":
        found = _LANGUAGE.match(reader.source, reader.at)
        if found:
            language = found.group()
            reader.at = found.end() + 1
    reader.stack.append(_Open(kind, reader.units, reader_at, language))


def _quote(reader: _Reader) -> None:
    if not _inside(reader, "blockquote"):
        reader.stack.append(_Open("blockquote", reader.units, reader.at))
    reader.at += 1


def _end_link(reader: _Reader) -> None:
    source, opened = reader.source, reader.stack[-1]
    label = source[opened.at + 1 : reader.at]
    reader.at += 1
    url = label
    if source.startswith("(", reader.at):
        end = re.compile(r"(?:\\.|[^\\)])*").match(source, reader.at + 1)
        stop = end.end() if end else reader.at + 1
        if stop >= len(source):
            at = reader.bytes_before(reader.at)
            raise complaint(f"Can't find end of a URL at byte offset {at}")
        url = re.sub(r"\\(.)", r"\1", source[reader.at + 1 : stop])
        reader.at = stop + 1
    _close_link(reader, url)


def _close_link(reader: _Reader, url: str) -> None:
    user = re.fullmatch(r"tg://user\?id=(\d{1,19})", url)
    if user:
        opened = reader.stack.pop()
        place = {"offset": opened.start, "length": reader.units - opened.start}
        reader.entities.append({**place, "type": "text_mention", "user_id": int(user[1])})
    elif "." in url or "://" in url:
        reader.close(url=url if "://" in url else f"http://{url}/")
    else:
        reader.stack.pop()


_LEGACY = {"*": "bold", "_": "italic", "`": "code", "```": "pre"}


def parse_markdown(source: str) -> tuple[str, list[Entity]]:
    """The legacy mode: no nesting, a backslash escapes only the four marks."""
    reader = _Reader(source)
    while reader.at < len(source):
        character = source[reader.at]
        if character == "\\" and source[reader.at + 1 : reader.at + 2] in ("_", "*", "`", "["):
            reader.keep(source[reader.at + 1])
            reader.at += 2
        elif character in "_*`[":
            _legacy_entity(reader)
        else:
            reader.keep(character)
            reader.at += 1
    return reader.result()


def _legacy_entity(reader: _Reader) -> None:
    source, at = reader.source, reader.at
    mark = "```" if source.startswith("```", at) else source[at]
    closing = "]" if mark == "[" else mark
    end = source.find(closing, at + len(mark))
    if end < 0:
        offset = reader.bytes_before(at)
        raise complaint(f"Can't find end of the entity starting at byte offset {offset}")
    reader.stack.append(_Open(_LEGACY.get(mark, "text_link"), reader.units, at))
    reader.keep(source[at + len(mark) : end])
    reader.at = end + len(closing)
    if mark != "[":
        reader.close()
        return
    link = re.compile(r"\(([^)]*)\)").match(source, reader.at)
    reader.at = link.end() if link else reader.at
    _close_link(reader, link[1] if link else "")
