"""Backups are ordered here, as errands: by an operator, or by the clock. `errand.py` carries them out. One at a time on
the whole platform, whichever process has room."""

import msgspec

from maskarad.db import Connection
from maskarad.db import errands as rows
from maskarad.db.errands import NewErrand
from maskarad.values import Value

KIND = "backup"
PLACE = "all"

NOBODY = 0
"""Who is told of a backup that the clock has ordered."""

_encode = msgspec.json.Encoder().encode


class BackupOrder(Value, frozen=True):
    """Who is told in their chat with the manager bot when it is done (`NOBODY`: no one), and in which language."""

    asker_id: int
    language: str


def order(connection: Connection, asker_id: int, language: str, now: float) -> int | None:
    """The errand's id, to be rung. None: one is under way already."""
    payload = _encode(BackupOrder(asker_id=asker_id, language=language)).decode()
    new = NewErrand(kind=KIND, place=PLACE, owner_id=asker_id, payload=payload)
    return rows.order(connection, new, most=1, now=now)
