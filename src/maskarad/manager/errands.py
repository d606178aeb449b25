"""What the manager bot has carried out by whoever has room: to look into an export, and to store a chat of it.

Here they are only ordered and cancelled; `carrying_in` carries them out. One at a time for each person.
"""

import msgspec

from maskarad.db import Connection
from maskarad.db import errands as rows
from maskarad.db.errands import NewErrand
from maskarad.manager.forms import ExportChat
from maskarad.values import Bot, Chat, Document, Value

LOOK = "import_look"
STORE = "import_store"
KINDS = (LOOK, STORE)

MOST_WAITING = 1_000
"""Of a kind, on the whole platform."""

_encode = msgspec.json.Encoder().encode


class Looking(Value, frozen=True):
    """A file that may be an export. `number` is that of its form, `language` that of who sent it."""

    user_id: int
    number: int
    language: str
    document: Document


class Carrying(Value, frozen=True):
    """A chat of an export, and the link that shall remember it. `stored` is how many lines all imports had brought into
    the link when this was ordered."""

    user_id: int
    number: int
    language: str
    document: Document
    exported: ExportChat
    bot: Bot
    link_id: int
    chat: Chat
    stored: int


class _Numbered(Value, frozen=True):
    number: int


def order(connection: Connection, kind: str, what: Looking | Carrying, *, now: float) -> int | None:
    """The errand's id. None: the person's last one of the kind is still under way, or too many wait."""
    person = what.user_id
    new = NewErrand(kind=kind, place=str(person), owner_id=person, payload=_encode(what).decode())
    return rows.order(connection, new, most=MOST_WAITING, now=now)


def is_busy(connection: Connection, user_id: int) -> bool:
    return bool(rows.ordered(connection, KINDS, str(user_id)))


def cancel(connection: Connection, user_id: int, number: int, *, now: float) -> int | None:
    """The errand's id, to be rung. None: there is no such errand (any more)."""
    for each in rows.ordered(connection, KINDS, str(user_id)):
        if msgspec.json.decode(each.payload, type=_Numbered).number == number:
            return each.id if rows.cancel(connection, each.id, now=now) else None
    return None
