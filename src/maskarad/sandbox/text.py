"""Text as Telegram measures it: lengths in UTF-16 units, and the entities that clients find by themselves."""

import re
from typing import Any

Entity = dict[str, Any]

_FOUND = re.compile(
    r"(?P<url>\bhttps?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]}]|\b(?:www\.|t\.me/)[^\s<>\"']*[^\s<>\"'.,;:!?)\]}])"
    r"|(?P<email>(?<![\w.@+-])[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{2,63}){1,4}\b)"
    r"|(?P<bot_command>(?<![\w/@>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/@]))"
    r"|(?P<mention>(?<![\w@])@[A-Za-z0-9_]{4,32}(?!\w))"
    r"|(?P<hashtag>(?<![\w#])#[\w]{0,255}[^\W\d][\w]{0,255})"
)


def utf16_length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def find_entities(text: str) -> list[Entity]:
    """Commands, mentions, links, addresses and hashtags, in order of place."""
    found: list[Entity] = []
    counted, units = 0, 0
    for match in _FOUND.finditer(text):
        units += utf16_length(text[counted : match.start()])
        length = utf16_length(match.group())
        found.append({"offset": units, "length": length, "type": match.lastgroup})
        counted, units = match.end(), units + length
    return found


def merged_entities(text: str, given: list[Entity]) -> list[Entity]:
    """The author's own entities and those found in the text that overlap none of them."""
    if not given:
        return find_entities(text)
    found = [entity for entity in find_entities(text) if not any(_overlap(entity, other) for other in given)]
    return sorted(given + found, key=lambda entity: (entity["offset"], -entity["length"]))


def trimmed(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Without white space at both ends, as Telegram stores it; entities move along and are cut to what is left."""
    text = text.replace("\r\n", "\n").replace("\x00", "") if not entities else text
    lead = len(text) - len(text.lstrip())
    kept = text.strip()
    if not entities:
        return kept, []
    shift, end = utf16_length(text[:lead]), utf16_length(kept)
    cut: list[Entity] = []
    for entity in entities:
        start = max(entity["offset"] - shift, 0)
        stop = min(entity["offset"] - shift + entity["length"], end)
        if stop > start:
            cut.append({**entity, "offset": start, "length": stop - start})
    return kept, cut


def piece(text: str, entity: Entity) -> str:
    """The part of `text` an entity covers."""
    raw = text.encode("utf-16-le", "surrogatepass")
    start = entity["offset"] * 2
    return raw[start : start + entity["length"] * 2].decode("utf-16-le", "replace")


def _overlap(one: Entity, other: Entity) -> bool:
    starts, ends = (
        max(one["offset"], other["offset"]),
        (min(one["offset"] + one["length"], other["offset"] + other["length"])),
    )
    return bool(starts < ends)
