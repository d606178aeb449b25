"""Slots: stretches of time in which a periodic job is run once, by whichever process comes first."""

from typing import Any

from sqlalchemy import Connection, bindparam, delete
from sqlalchemy.dialects import postgresql, sqlite

from maskarad.db.tables import job_slots

_VALUES: dict[str, Any] = {name: bindparam(name) for name in ("job", "slot", "taken_at")}
_TAKE = {
    "sqlite": sqlite.insert(job_slots).values(_VALUES).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(job_slots).values(_VALUES).on_conflict_do_nothing(),
}
_FORGET = delete(job_slots).where(job_slots.c.taken_at < bindparam("before"))


def take(connection: Connection, job: str, slot: int, *, now: float) -> bool:
    """False: another process has it."""
    values = {"job": job, "slot": slot, "taken_at": now}
    return connection.execute(_TAKE[connection.dialect.name], values).rowcount == 1


def forget(connection: Connection, *, before: float) -> int:
    """Returns how many were forgotten."""
    return connection.execute(_FORGET, {"before": before}).rowcount
