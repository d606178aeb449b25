"""What the manager bot has carried out by whoever has room: to look into an export, and to store a chat of it.

Here they are only ordered and cancelled; `looks` and `stores` carry them out. One at a time for each person. A row is
read by whatever version of the program has room: what cannot be read any more the way it was written is another kind.
"""

from collections.abc import Collection

import msgspec

from maskarad.db import Connection
from maskarad.db import errands as rows
from maskarad.db.errands import NewErrand
from maskarad.manager.forms import ExportChat
from maskarad.values import Document, Value

LOOK = "import_look"
STORE = "import_store"
KINDS = (LOOK, STORE)

MOST_WAITING = 1_000
"""Of a kind, on the whole platform."""

_encode = msgspec.json.Encoder().encode


class Addressee(Value, frozen=True):
    """What is to be known of any of them. `number` is that of the form, `language` that of who sent the file."""

    user_id: int
    number: int
    language: str


class Looking(Addressee, frozen=True):
    """A file that may be an export."""

    document: Document


class Carrying(Addressee, frozen=True):
    """A chat of an export, and the link that shall remember it. `stored` is how many lines all imports had brought into
    the link when this was ordered."""

    document: Document
    exported: ExportChat
    bot_id: int
    link_id: int
    stored: int


read_looking = msgspec.json.Decoder(Looking).decode
read_carrying = msgspec.json.Decoder(Carrying).decode
read_addressee = msgspec.json.Decoder(Addressee).decode


def order(connection: Connection, kind: str, what: Looking | Carrying, *, now: float) -> int | None:
    """The errand's id. None: the person's last one of the kind is still under way, or too many wait."""
    person = what.user_id
    new = NewErrand(kind=kind, place=rows.of_person(person), owner_id=person, payload=_encode(what).decode())
    return rows.order(connection, new, most=MOST_WAITING, now=now)


def is_busy(connection: Connection, user_id: int, kinds: Collection[str] = KINDS) -> bool:
    return bool(rows.ordered(connection, kinds, rows.of_person(user_id)))


def cancel(connection: Connection, user_id: int, number: int, *, now: float) -> int | None:
    """The errand's id, to be rung. None: there is no such errand (any more)."""
    for each in rows.ordered(connection, KINDS, rows.of_person(user_id)):
        if read_addressee(each.payload).number == number:
            return each.id if rows.cancel(connection, each.id, now=now) else None
    return None
