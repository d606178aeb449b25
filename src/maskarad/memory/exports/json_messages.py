"""Messages as `result.json` has them."""

import functools
import re
from datetime import UTC, datetime
from typing import Any

import msgspec

from maskarad.memory.exports import texts
from maskarad.memory.exports.values import ExportedMessage
from maskarad.telegram import clean
from maskarad.telegram.content import MEDIA

LARGEST_ID = 2**40
"""Telegram's message ids have 31 bits."""
LATEST = 2**33
"""Unix seconds."""

_WORDS = dict(MEDIA)
_MEDIA_TYPES = {
    "animation": "animation",
    "sticker": "sticker",
    "video_file": "video",
    "video_message": "video_note",
    "voice_message": "voice",
    "audio_file": "audio",
}
_FIELDS = (
    ("photo", "photo"),
    ("place_name", "venue"),
    ("location_information", "location"),
    ("contact_information", "contact"),
    ("poll", "poll"),
    ("game_title", "game"),
    ("todo_list", "checklist"),
    ("paid_stars_amount", "paid_media"),
    ("file", "document"),
)
_PEER = re.compile(r"(user|chat|channel)(\d{1,16})")
_OLD_GROUP, _OLD_CHANNEL = 1, 2
"""Upper halves of the numbers that stood for senders before 2021."""


class Odd(ValueError):
    """The message is not as Telegram Desktop writes it."""


class _Part(msgspec.Struct):
    type: str
    text: str
    href: str | None = None
    language: str | None = None
    user_id: int | str | None = None


class _Message(msgspec.Struct, rename={"sender": "from", "sender_id": "from_id"}):
    id: int
    type: str
    text: str | list[str | _Part] = ""
    date_unixtime: str | None = None
    date: str | None = None
    edited_unixtime: str | None = None
    edited: str | None = None
    sender: str | None = None
    sender_id: str | int | None = None
    forwarded_from: str | None = None
    reply_to_message_id: int | None = None
    reply_to_peer_id: str | None = None
    media_type: str | None = None
    sticker_emoji: str | None = None
    file: str | None = None
    file_name: str | None = None
    photo: str | None = None
    place_name: str | None = None
    location_information: Any = None
    contact_information: Any = None
    poll: Any = None
    game_title: str | None = None
    todo_list: Any = None
    paid_stars_amount: Any = None


def read_message(data: object) -> ExportedMessage | None:
    """None for what says nothing: somebody joined, or a kind of message that Telegram Desktop could not export. Raises
    Odd."""
    try:
        message = msgspec.convert(data, _Message)
    except msgspec.ValidationError as error:
        raise Odd(str(error)) from None
    if message.type != "message":
        return None
    text, html = _text(message.text)
    media = _medium(message)
    if not text:
        if media is None:
            return None
        text = f"[{_WORDS[media]}{_detail(message, media)}]"
    sender_name = texts.name(message.sender)
    return ExportedMessage(
        id=_message_id(message.id),
        sent_at=_moment(message.date_unixtime, message.date),
        edited_at=_edited(message),
        sender_id=texts.id_of_name(sender_name) if message.sender_id is None else peer_id(message.sender_id),
        sender_name=sender_name,
        text=text,
        html=html,
        reply_to=_reply_to(message),
        forwarded_from=_forwarded_from(message),
        media=media,
    )


def _text(written: str | list[str | _Part]) -> tuple[str, str | None]:
    if isinstance(written, str):
        return clean.text(written), None
    return texts.formatted(
        (part, None) if isinstance(part, str) else (part.text, texts.marked_up(part.text, *_markup(part)))
        for part in written
    )


def _markup(part: _Part) -> tuple[str, str]:
    if part.type == "mention_name":
        return "text_link", f"tg://user?id={part.user_id}"
    return part.type, part.href or part.language or ""


def _medium(message: _Message) -> str | None:
    if message.media_type is not None:
        return _MEDIA_TYPES.get(message.media_type, "document")
    for field, medium in _FIELDS:
        if getattr(message, field) is not None:
            return medium
    return None


def _detail(message: _Message, medium: str) -> str:
    if medium == "sticker":
        emoji = clean.optional_line(message.sticker_emoji, 16)
        return f" {emoji}" if emoji else ""
    if medium == "document":
        return document_detail(message.file_name or message.file or "")
    return ""


def document_detail(path: str) -> str:
    """What the word for a document says of its name; a remark of Telegram Desktop's, in parentheses, is none."""
    file_name = "" if path.startswith("(") else clean.line(path.rpartition("/")[2])
    return f": {file_name}" if file_name else ""


def _message_id(number: int) -> int:
    if abs(number) >= LARGEST_ID:
        raise Odd("an id is not one")
    return number


def _reply_to(message: _Message) -> int | None:
    if message.reply_to_message_id is None or message.reply_to_peer_id is not None:
        return None
    return _message_id(message.reply_to_message_id)


def _forwarded_from(message: _Message) -> str | None:
    return None if message.forwarded_from is None else texts.name(message.forwarded_from)


def _edited(message: _Message) -> float | None:
    if message.edited_unixtime is None and message.edited is None:
        return None
    return _moment(message.edited_unixtime, message.edited) or None


def _moment(unixtime: str | None, local: str | None) -> float:
    """Old exports have only the local time of the computer that made them; it is taken for UTC."""
    try:
        if unixtime is not None:
            seconds = float(int(unixtime))
        else:
            seconds = datetime.fromisoformat(local or "").replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        raise Odd("a date is not one") from None
    if not 0 <= seconds < LATEST:
        raise Odd("a date is not one")
    return seconds


@functools.lru_cache(maxsize=4096)
def peer_id(written: str | int) -> int:
    """A sender in the Bot API's form: people as they are, groups below zero, channels and supergroups with -100 before
    them. Raises Odd."""
    if isinstance(written, int):
        kind, number = written >> 32, written & 0xFFFFFFFF
        if not 0 <= kind <= _OLD_CHANNEL:
            raise Odd("a sender is not one")
        return {_OLD_GROUP: -number, _OLD_CHANNEL: supergroup_id(number)}.get(kind, number)
    match = _PEER.fullmatch(written)
    if match is None or int(match[2]) >= 2**52 - 10**12:
        raise Odd("a sender is not one")
    number = int(match[2])
    return {"user": number, "chat": -number, "channel": supergroup_id(number)}[match[1]]


def supergroup_id(number: int) -> int:
    return -(10**12) - number
