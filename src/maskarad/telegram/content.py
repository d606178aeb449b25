"""What a Telegram message says: its words, or a word for its media, and whom it names."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from maskarad.errors import MalformedUpdate
from maskarad.telegram import clean
from maskarad.telegram.objects import Medium, Message, MessageEntity
from maskarad.values import Document

ENTITIES_READ = 256
"""Of more entities than this in one message the rest is ignored; Telegram itself gives at most 100."""

MEDIA = (
    # An animation comes with a document, a venue with a location: the more telling word stands first.
    ("animation", "gif"),
    ("photo", "photo"),
    ("video", "video"),
    ("video_note", "video message"),
    ("voice", "voice"),
    ("audio", "audio"),
    ("sticker", "sticker"),
    ("document", "document"),
    ("venue", "place"),
    ("location", "location"),
    ("contact", "contact"),
    ("poll", "poll"),
    ("dice", "dice"),
    ("story", "story"),
    ("game", "game"),
    ("paid_media", "paid media"),
    ("checklist", "checklist"),
)
"""Fields of a Message and our words for them."""

FILE_ID_CHARACTERS = 256
"""Telegram does not say how long a file id may be; those it gives have about 80."""


class Command(NamedTuple):
    name: str | None = None
    bot: str | None = None


class Content(NamedTuple):
    text: str
    has_text: bool
    mentions: frozenset[str]
    mentioned_ids: frozenset[int]
    command: Command


def read_content(message: Message) -> Content | None:
    """None for a message that says nothing to anyone: somebody joined, a title changed, only control characters."""
    written = message.text if message.text is not None else message.caption
    entities = (message.entities if message.text is not None else message.caption_entities)[:ENTITIES_READ]
    words = clean.text(written) if written is not None else ""
    if not words:
        medium = _medium(message)
        return Content(medium, False, frozenset(), frozenset(), Command()) if medium else None
    named = list(_named(str(written), entities)) if entities else []
    return Content(
        text=words,
        has_text=True,
        mentions=frozenset(
            clean.line(part.removeprefix("@")).lower() for entity, part in named if entity.type == "mention"
        ),
        mentioned_ids=frozenset(clean.identifier(entity.user.id) for entity in entities if entity.user is not None),
        command=_command(named) if message.text is not None else Command(),
    )


def read_document(message: Message) -> Document | None:
    """The file of a message; a GIF, which comes with a document for older programs, is none."""
    file = message.document
    if file is None or file.file_id is None or message.animation is not None:
        return None
    size = file.file_size
    return Document(
        file_id=clean.line(file.file_id, FILE_ID_CHARACTERS),
        name=clean.optional_line(file.file_name) or "",
        size=clean.identifier(size) if size is not None and size >= 0 else None,
    )


def _named(written: str, entities: Sequence[MessageEntity]) -> Iterator[tuple[MessageEntity, str]]:
    """Mentions and commands with the part of the text they mark. Offsets count UTF-16 units of the text as it came,
    which may hold broken surrogates."""
    units = written.encode("utf-16-le", "surrogatepass")
    for entity in entities:
        if entity.type in ("mention", "bot_command"):
            start, length = clean.identifier(entity.offset), clean.identifier(entity.length)
            if start < 0 or length < 0:
                raise MalformedUpdate("an entity lies outside its text")
            yield entity, units[2 * start : 2 * (start + length)].decode("utf-16-le", "replace")


def _command(named: list[tuple[MessageEntity, str]]) -> Command:
    """A command counts only at the very start; `/mood@my_bot happy` is for @my_bot alone."""
    if not named or named[0][0].type != "bot_command" or named[0][0].offset != 0:
        return Command()
    marked = clean.line(named[0][1])
    name, _, bot = marked.removeprefix("/").lower().partition("@")
    return Command(name or None, bot or None)


def _medium(message: Message) -> str | None:
    for field, word in MEDIA:
        medium: Medium | tuple[Medium, ...] | None = getattr(message, field)
        if medium:
            return f"[{word}{_detail(field, medium)}]"
    return None


def _detail(field: str, medium: Medium | tuple[Medium, ...]) -> str:
    if isinstance(medium, tuple):
        return ""
    if field in ("sticker", "dice"):
        emoji = clean.optional_line(medium.emoji, 16)
        return f" {emoji}" if emoji else ""
    if field == "document":
        name = clean.optional_line(medium.file_name)
        return f": {name}" if name else ""
    return ""
