"""One message as a page of an export shows it."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from html import unescape

from maskarad.memory.exports import texts
from maskarad.memory.exports.json_messages import LARGEST_ID, document_detail
from maskarad.memory.exports.values import ExportedMessage
from maskarad.telegram import clean
from maskarad.telegram.content import MEDIA

DEEPEST = 40
"""Tags within each other; Telegram Desktop's messages have some ten."""
MOST_CHARACTERS = 4 * clean.TEXT_CHARACTERS
"""Of one message's words that are looked at; no more than a quarter is kept, but space is taken off first."""

_WORDS = dict(MEDIA)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,15})([^<>]{0,4096})>([^<]*)")
"""A tag and the words behind it."""
_ATTRIBUTE = re.compile(r'\b(class|id|title|href)\s{0,9}=\s{0,9}"([^"]*)"')
_ID = re.compile(r'^[^<>"]*" id="message(-?\d{1,15})"')
_TITLE = re.compile(r'<div class="text bold">([^<]*)</div>')
_DATE = re.compile(r"(\d\d)\.(\d\d)\.(\d{4}) (\d\d):(\d\d):(\d\d)(?: UTC([+-]\d\d):(\d\d))?")
_REPLY = re.compile(r"#go_to_message(-?\d{1,15})$")
_VIA = re.compile(r" via @\w+$")
_TOLD = frozenset({"text", "markup", "name", "forwarded_name", "media_title", "media_status"})
"""What words of a message are kept, by what they are."""
_VOID = frozenset({"br", "img", "meta", "link", "hr", "input"})
_MARKUP = {
    "strong": "bold",
    "em": "italic",
    "u": "underline",
    "s": "strikethrough",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}
_MEDIA_CLASSES = (
    ("media_voice_message", "voice"),
    ("media_audio_file", "audio"),
    ("media_photo", "photo"),
    ("media_video", "video"),
    ("media_contact", "contact"),
    ("media_live_location", "location"),
    ("media_location", "location"),
    ("media_venue", "venue"),
    ("media_game", "game"),
    ("media_file", "document"),
    ("media_poll", "poll"),
    ("sticker_wrap", "sticker"),
    ("animated_wrap", "animation"),
    ("video_file_wrap", "video"),
    ("photo_wrap", "photo"),
)
_MEDIA_TITLES = {"Sticker": "sticker", "Animation": "animation", "Video message": "video_note"}
"""Media that share their picture with another kind."""


class Odd(ValueError):
    """The message is not as Telegram Desktop writes it."""


class Writer:
    """Who wrote the message before: one that follows closely shows no name."""

    def __init__(self) -> None:
        self.name = ""
        self.forwarded_from: str | None = None


class _Seen:
    """What was found in a message so far."""

    def __init__(self) -> None:
        self.date = ""
        self.name: list[str] = []
        self.forwarded = False
        self.forwarded_name: list[str] = []
        self.reply_to: int | None = None
        self.media: str | None = None
        self.media_title: list[str] = []
        self.media_status: list[str] = []
        self.text: list[tuple[str, str | None]] = []
        self.characters = 0


def is_service(block: str) -> bool:
    return block.startswith("service")


def page_title(head: str) -> str:
    found = _TITLE.search(head)
    return clean.line(unescape(found[1])) if found else ""


def read_message(block: str, writer: Writer) -> ExportedMessage | None:
    """`block` goes from within the class of the message's `<div>` to the next message. None for one that says nothing.
    Raises Odd."""
    found = _ID.match(block)
    if found is None:
        raise Odd("it has no id")
    seen = _look(block)
    if seen.name:
        writer.name, writer.forwarded_from = texts.name(_VIA.sub("", "".join(seen.name).strip())), None
    if not writer.name:
        raise Odd("it has no sender")
    if seen.forwarded_name:
        writer.forwarded_from = texts.name(_VIA.sub("", "".join(seen.forwarded_name).strip()))
    sent_at = _moment(seen.date)
    text, html = texts.formatted(_trimmed(seen.text))
    title = "".join(seen.media_title).strip()
    media = _MEDIA_TITLES.get(title, seen.media)
    if not text:
        if media is None:
            return None
        text = f"[{_WORDS[media]}{_detail(media, title, seen.media_status)}]"
    return ExportedMessage(
        id=_number(found[1]),
        sent_at=sent_at,
        sender_id=texts.id_of_name(writer.name),
        sender_name=writer.name,
        text=text,
        html=html,
        reply_to=seen.reply_to,
        forwarded_from=writer.forwarded_from if seen.forwarded else None,
        media=media,
    )


def _look(block: str) -> _Seen:
    seen = _Seen()
    open_tags: list[tuple[str, str]] = [("div", "message")]
    markup: list[tuple[str, str]] = []
    for slash, tag, inside, words in _TAG.findall(block, block.find(">") + 1):
        if slash:
            _close(open_tags, markup, tag)
            if not open_tags:
                break
        elif tag == "br":
            _words("\n", seen, open_tags, markup)
        else:
            attributes = dict(_ATTRIBUTE.findall(inside)) if inside else {}
            role = _open(tag, attributes, seen, open_tags[-1][1])
            if tag not in _VOID:
                if len(open_tags) > DEEPEST:
                    raise Odd("its tags are nested too deep")
                open_tags.append((tag, role))
                if role == "markup":
                    markup.append(_markup_of(tag, attributes))
        if words and open_tags[-1][1] in _TOLD:
            _words(words, seen, open_tags, markup)
    return seen


def _close(open_tags: list[tuple[str, str]], markup: list[tuple[str, str]], tag: str) -> None:
    """Up to the tag that is closed; one that was never opened closes nothing."""
    if open_tags[-1][0] != tag and not any(name == tag for name, _ in open_tags):
        return
    while open_tags:
        name, role = open_tags.pop()
        if role == "markup":
            markup.pop()
        if name == tag:
            return


def _open(tag: str, attributes: Mapping[str, str], seen: _Seen, around: str) -> str:
    """What the words within this tag are."""
    classes = attributes.get("class", "")
    if around in ("text", "markup"):
        return "markup"
    if around == "reply" and tag == "a":
        if link := _REPLY.search(unescape(attributes.get("href", ""))):
            seen.reply_to = _number(link[1])
        return "other"
    if "media_wrap" in classes or around == "media":
        return _open_media(classes, seen)
    if classes.startswith("pull_right date"):
        seen.date = seen.date or attributes.get("title", "")
        return "other"
    if classes == "forwarded body":
        seen.forwarded = True
        return "forwarded"
    if classes == "from_name":
        return "forwarded_name" if around == "forwarded" else "name"
    if classes.startswith("reply_to"):
        return "reply"
    if classes == "body":
        return "message"
    return "text" if classes == "text" else "other"


def _open_media(classes: str, seen: _Seen) -> str:
    for name, kind in _MEDIA_CLASSES:
        if name in classes and seen.media is None:
            seen.media = kind
    if classes.startswith("title"):
        return "media_title"
    return "media_status" if classes.startswith("status") else "media"


def _markup_of(tag: str, attributes: Mapping[str, str]) -> tuple[str, str]:
    if tag == "a":
        return "text_link", unescape(attributes.get("href", ""))
    if tag == "span" and "spoiler" in attributes.get("class", ""):
        return "spoiler", ""
    return _MARKUP.get(tag, ""), ""


def _words(written: str, seen: _Seen, open_tags: list[tuple[str, str]], markup: list[tuple[str, str]]) -> None:
    role = open_tags[-1][1]
    if role in ("text", "markup"):
        # What is cut off later is not marked up first: a link's address stands with each of its pieces.
        if seen.characters > MOST_CHARACTERS:
            return
        words = unescape(written)
        seen.characters += len(words)
        kind, argument = next(((kind, argument) for kind, argument in reversed(markup) if kind), ("", ""))
        shows_itself = kind == "text_link" and argument.rstrip("/") == words.rstrip("/")
        seen.text.append((words, None if shows_itself else texts.marked_up(words, kind, argument)))
    elif role == "name":
        seen.name.append(unescape(written))
    elif role == "forwarded_name":
        seen.forwarded_name.append(unescape(written))
    elif role == "media_title":
        seen.media_title.append(unescape(written))
    elif role == "media_status":
        seen.media_status.append(unescape(written))


def _trimmed(parts: list[tuple[str, str | None]]) -> list[tuple[str, str | None]]:
    """Without the line breaks that the page has for its own layout: one before the first words, one behind the last."""
    if parts and parts[0][1] is None:
        parts[0] = (parts[0][0].removeprefix("\n"), None)
    if parts and parts[-1][1] is None:
        parts[-1] = (parts[-1][0].rstrip(), None)
    return parts


def _detail(media: str, title: str, status: Iterable[str]) -> str:
    if media == "sticker":
        emoji = clean.line("".join(status).partition(",")[0], 16)
        return f" {emoji}" if emoji and not emoji[0].isdigit() else ""
    return document_detail(title) if media == "document" and title != "File" else ""


def _number(written: str) -> int:
    number = int(written)
    if abs(number) >= LARGEST_ID:
        raise Odd("an id is not one")
    return number


def _moment(written: str) -> float:
    """Old exports have only the local time of the computer that made them; it is taken for UTC."""
    match = _DATE.fullmatch(written)
    if match is None:
        raise Odd("its date is not one")
    day, month, year, hour, minute, second = (int(part) for part in match.groups()[:6])
    try:
        zone = UTC if match[7] is None else _zone(match[7], match[8])
        return max(0.0, datetime(year, month, day, hour, minute, second, tzinfo=zone).timestamp())
    except (ValueError, OverflowError):
        raise Odd("its date is not one") from None


def _zone(hours: str, minutes: str) -> timezone:
    sign = -1 if hours.startswith("-") else 1
    return timezone(timedelta(hours=int(hours), minutes=sign * int(minutes)))
