"""Telegram's HTML parse mode: its few tags, its four named entities, its words of complaint."""

import re
from typing import NamedTuple

from maskarad.sandbox.refusal import bad_request
from maskarad.sandbox.text import Entity, utf16_length

_SIMPLE = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "tg-spoiler": "spoiler",
    "code": "code", "pre": "pre",
}  # fmt: skip
_KNOWN = frozenset({*_SIMPLE, "a", "span", "tg-emoji", "blockquote"})
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_TOKEN = re.compile(r"<(?P<close>/?)(?P<tag>[^\s<>/]*)(?P<rest>[^<>]*)(?P<end>>?)|&(?P<ref>#?\w{1,10});?|[^<&]+|[<&]")
_ATTRIBUTE = re.compile(r"([^\s=]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"']+)))?")
_REFERENCE = re.compile(r"&(#?\w{1,10});?")


class _Place(NamedTuple):
    """A place in the source; counted in UTF-8 bytes, and only when a complaint needs it."""

    source: str
    at: int

    def __str__(self) -> str:
        return str(len(self.source[: self.at].encode("utf-8", "surrogatepass")))


class _Open(NamedTuple):
    tag: str
    start: int
    """UTF-16 offset in the plain text."""
    attributes: dict[str, str]


def complaint(reason: str) -> Exception:
    return bad_request(f"can't parse entities: {reason}")


def parse_html(source: str) -> tuple[str, list[Entity]]:
    """Plain text and entities. Raises `Refused` in Telegram's words, offsets in UTF-8 bytes of the source."""
    plain: list[str] = []
    units = 0
    stack: list[_Open] = []
    entities: list[Entity] = []
    for match in _TOKEN.finditer(source):
        if match["tag"] is None:
            text = _dereferenced(match.group()) if match["ref"] else match.group()
            plain.append(text)
            units += utf16_length(text)
            continue
        at = _Place(source, match.start())
        if match["close"]:
            opened = _close(match, stack, at)
            entity = _entity(opened, units - opened.start, plain, stack)
            if entity is not None and entity["length"] > 0:
                entities.append(entity)
        else:
            stack.append(_open(match, units, at))
    if stack:
        raise complaint(f'Can\'t find end tag corresponding to start tag "{stack[-1].tag}"')
    return "".join(plain), sorted(entities, key=lambda entity: (entity["offset"], -entity["length"]))


def _open(match: re.Match[str], units: int, at: _Place) -> _Open:
    tag = match["tag"].lower()
    if not match["end"]:
        raise complaint(f"Unclosed start tag at byte offset {at}")
    if tag not in _KNOWN:
        raise complaint(f'Unsupported start tag "{tag}" at byte offset {at}')
    found = _ATTRIBUTE.findall(match["rest"].rstrip("/ "))
    attributes = {name.lower(): _dereferenced(double or single or bare) for name, double, single, bare in found}
    if tag == "span" and attributes.get("class") != "tg-spoiler":
        raise complaint(f'Tag "span" must have class "tg-spoiler" at byte offset {at}')
    return _Open(tag, units, attributes)


def _close(match: re.Match[str], stack: list[_Open], at: _Place) -> _Open:
    if not match["end"]:
        raise complaint(f"Unclosed end tag at byte offset {at}")
    if not stack:
        raise complaint(f"Unexpected end tag at byte offset {at}")
    tag, opened = match["tag"].lower(), stack.pop()
    if tag and tag != opened.tag:
        raise complaint(f'Unmatched end tag at byte offset {at}, expected "</{opened.tag}>", found "</{tag}>"')
    return opened


def _entity(opened: _Open, length: int, plain: list[str], stack: list[_Open]) -> Entity | None:
    place: Entity = {"offset": opened.start, "length": length}
    if opened.tag == "a":
        url = opened.attributes.get("href") or "".join(plain)[-length:]
        return _link(place, url)
    if opened.tag == "blockquote":
        return {**place, "type": "expandable_blockquote" if "expandable" in opened.attributes else "blockquote"}
    if opened.tag == "span":
        return {**place, "type": "spoiler"}
    if opened.tag == "tg-emoji":
        return {**place, "type": "custom_emoji", "custom_emoji_id": opened.attributes.get("emoji-id", "")}
    if opened.tag == "code" and stack and stack[-1].tag == "pre" and stack[-1].start == opened.start:
        _name_language(opened, stack)
        return None
    entity = {**place, "type": _SIMPLE[opened.tag]}
    if opened.tag == "pre" and opened.attributes.get("language"):
        entity["language"] = opened.attributes["language"]
    return entity


def _name_language(opened: _Open, stack: list[_Open]) -> None:
    """`<pre><code class="language-x">` is one entity with a language, carried by the outer tag."""
    language = opened.attributes.get("class", "").removeprefix("language-")
    if language:
        stack[-1].attributes["language"] = language


def _link(place: Entity, url: str) -> Entity | None:
    user = re.fullmatch(r"tg://user\?id=(\d{1,19})", url)
    if user:
        return {**place, "type": "text_mention", "user_id": int(user[1])}
    if "." not in url and "://" not in url:
        return None
    return {**place, "type": "text_link", "url": url if "://" in url else f"http://{url}/"}


def _dereferenced(text: str) -> str:
    return _REFERENCE.sub(_character, text)


def _character(match: re.Match[str]) -> str:
    name = match[1]
    if not name.startswith("#"):
        return _NAMED.get(name, match[0])
    digits, base = (name[2:], 16) if name[1:2] in ("x", "X") else (name[1:], 10)
    try:
        code = int(digits, base)
    except ValueError:
        return match[0]
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else match[0]
