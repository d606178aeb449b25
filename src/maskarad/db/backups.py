"""Backups that were made, as rows: what is told of them, and when the next is due. The files are what counts."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Double, bindparam, delete, inspect, select, update
from sqlalchemy.dialects import postgresql, sqlite

from maskarad.db.prepared import named_values
from maskarad.db.tables import backups
from maskarad.values import Value

AHEAD = 3_600.0
"""Seconds by which clocks may differ. What was made later than that from now was made by a clock that was wrong, and is
not the last one for ever."""


class Backup(Value, frozen=True):
    """`made_at` is Unix seconds: the database is as it was then."""

    file: str
    made_at: float
    bytes: int
    reason: str
    verified_at: float | None = None


_VALUES: dict[str, Any] = named_values(backups)
_REMEMBER = {
    "sqlite": sqlite.insert(backups).values(_VALUES).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(backups).values(_VALUES).on_conflict_do_nothing(),
}
_FORGET_OTHERS = delete(backups).where(backups.c.file.not_in(bindparam("files", expanding=True)))
_VERIFIED = update(backups).where(backups.c.file == bindparam("b_file")).values(verified_at=bindparam("b_now"))
_LATEST = (
    select(*(backups.c[name] for name in Backup.__struct_fields__))
    .where(backups.c.made_at <= bindparam("until", type_=Double))
    .order_by(backups.c.made_at.desc())
    .limit(1)
)
_LATEST_OF = _LATEST.where(backups.c.reason == bindparam("reason"))


def are_kept(connection: Connection) -> bool:
    """Whether the schema has rows of backups."""
    return bool(inspect(connection).has_table(backups.name))


def remember(connection: Connection, made: Sequence[Backup]) -> None:
    """What is known already stays as it is."""
    for each in made:
        values = {name: getattr(each, name) for name in Backup.__struct_fields__}
        connection.execute(_REMEMBER[connection.dialect.name], values)


def forget_others(connection: Connection, files: Collection[str]) -> None:
    """All but these: the others are not there any more."""
    connection.execute(_FORGET_OTHERS, {"files": list(files)})


def verified(connection: Connection, file: str, *, now: float) -> None:
    connection.execute(_VERIFIED, {"b_file": file, "b_now": now})


def latest(connection: Connection, reason: str | None = None, *, now: float) -> Backup | None:
    """The last one; with a `reason` the last that was made for it. None: there is none that the database knows of."""
    until = {"until": now + AHEAD}
    row = connection.execute(
        *((_LATEST, until) if reason is None else (_LATEST_OF, until | {"reason": reason}))
    ).first()
    return None if row is None else Backup(*row)
