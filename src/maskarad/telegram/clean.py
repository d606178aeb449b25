"""Checks and cleaning of what strangers write: what comes out is safe to store, to log and to put into a prompt."""

import re

from maskarad.errors import MalformedUpdate

TEXT_CHARACTERS = 8_192
"""Twice Telegram's own limit of a message."""

NAME_CHARACTERS = 128

_ID_LIMIT = 2**52
"""Telegram promises that its ids have at most 52 significant bits."""

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters but newline and tab, and halves of surrogate pairs. Marks of writing direction and the joiners
inside emoji are text and stay."""


def identifier(value: object) -> int:
    if type(value) is not int or abs(value) >= _ID_LIMIT:
        raise MalformedUpdate("an id is not one")
    return value


def text(value: object, limit: int = TEXT_CHARACTERS) -> str:
    """Without control characters and surrounding space, at most `limit` characters."""
    if not isinstance(value, str):
        raise MalformedUpdate("a text is not one")
    return _CONTROL.sub("", value).strip()[:limit]


def line(value: object, limit: int = NAME_CHARACTERS) -> str:
    """A text of one line: names and titles."""
    if not isinstance(value, str):
        raise MalformedUpdate("a name is not one")
    return " ".join(_CONTROL.sub(" ", value[: 4 * limit]).split())[:limit]


def optional_line(value: object, limit: int = NAME_CHARACTERS) -> str | None:
    return None if value is None else line(value, limit) or None
