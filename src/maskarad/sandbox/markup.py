"""A bot's text to plain text and entities, by parse mode or by explicit entities."""

from typing import Any

from maskarad.sandbox.markup_html import parse_html
from maskarad.sandbox.markup_markdown import parse_markdown, parse_markdown_v2
from maskarad.sandbox.refusal import bad_request
from maskarad.sandbox.text import Entity, merged_entities, trimmed, utf16_length

_KINDS = frozenset(
    [
        "mention",
        "hashtag",
        "cashtag",
        "bot_command",
        "url",
        "email",
        "phone_number",
        "bold",
        "italic",
        "underline",
        "strikethrough",
        "spoiler",
        "blockquote",
        "expandable_blockquote",
        "code",
        "pre",
        "text_link",
        "text_mention",
        "custom_emoji",
    ]
)


def formatted(text: str, parse_mode: str | None, entities: Any) -> tuple[str, list[Entity]]:
    """What Telegram stores for a bot's text: trimmed, with given and found entities. May be empty."""
    text = text.encode("utf-8", "ignore").decode()
    mode = (parse_mode or "").lower()
    if mode == "html":
        plain, given = parse_html(text)
    elif mode == "markdownv2":
        plain, given = parse_markdown_v2(text)
    elif mode == "markdown":
        plain, given = parse_markdown(text)
    elif mode:
        raise bad_request("unsupported parse_mode")
    else:
        plain, given = text, checked_entities(entities, utf16_length(text))
    plain, given = trimmed(plain, given)
    return plain, merged_entities(plain, given)


def checked_entities(entities: Any, length: int) -> list[Entity]:
    """Entities as given by a caller; those out of the text are dropped, as Telegram does."""
    if entities is None:
        return []
    if not isinstance(entities, list):
        raise bad_request("can't parse entities: expected an Array")
    kept = [_checked(entity) for entity in entities]
    return [each for each in kept if each["offset"] >= 0 and 0 < each["length"] <= length - each["offset"]]


def _checked(entity: Any) -> Entity:
    if not isinstance(entity, dict):
        raise bad_request("can't parse MessageEntity: expected an Object")
    offset, length, kind = entity.get("offset"), entity.get("length"), entity.get("type")
    if not isinstance(offset, int) or not isinstance(length, int):
        raise bad_request("can't parse MessageEntity: can't find field \"offset\"")
    if kind not in _KINDS:
        raise bad_request("can't parse MessageEntity: unsupported type specified")
    return dict(entity)
