"""Slots: stretches of time in which a periodic job is run once, by whichever process comes first."""

from typing import Any

from sqlalchemy import Connection, Double, bindparam, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from maskarad.db.tables import job_slots

_VALUES: dict[str, Any] = {name: bindparam(name) for name in ("job", "slot", "taken_at")}
_TAKE = {
    "sqlite": sqlite.insert(job_slots).values(_VALUES).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(job_slots).values(_VALUES).on_conflict_do_nothing(),
}
_LAST = select(func.max(job_slots.c.taken_at)).where(
    job_slots.c.job == bindparam("job"), job_slots.c.taken_at <= bindparam("now", type_=Double)
)
_FORGET = delete(job_slots).where(job_slots.c.taken_at < bindparam("before"))


def take(connection: Connection, job: str, slot: int, *, now: float) -> bool:
    """False: another process has it."""
    values = {"job": job, "slot": slot, "taken_at": now}
    return connection.execute(_TAKE[connection.dialect.name], values).rowcount == 1


def last(connection: Connection, job: str, *, now: float) -> float | None:
    """When one was taken, until now."""
    taken_at: float | None = connection.execute(_LAST, {"job": job, "now": now}).scalar_one()
    return taken_at


def forget(connection: Connection, *, before: float) -> int:
    """Returns how many were forgotten."""
    return connection.execute(_FORGET, {"before": before}).rowcount
