"""Who works on this database. What a process holds hangs on its row and goes with it: one `DELETE` frees it all, and a
process whose row is gone knows that it holds nothing any more."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from maskarad.db import alerts
from maskarad.db.prepared import named_values
from maskarad.db.tables import processes
from maskarad.values import Queue, Role, Value

WORKER = "worker"
"""How the roles begin that nothing comes into."""


INTAKE = "intake"
DUTIES = (INTAKE, *Queue)
"""What the platform needs done: that updates come in, and each queue."""


MISSED_AGAIN = 300.0
"""Seconds after which another death at the same place is another event."""


class Process(Value, frozen=True):
    """`role` is as `as_text` makes it. `place` names where `pid` means something, the host's name first, empty where
    that is unknown; times are Unix seconds."""

    id: str
    role: str
    polls: bool
    place: str
    pid: int
    started_at: float
    seen_at: float
    keys: str | None = None

    @property
    def duties(self) -> Sequence[str]:
        return self.role.partition(" ")[2].split(",")

    @property
    def host(self) -> str:
        """The machine's name, empty where it is unknown."""
        return self.place.partition(" ")[0]

    @property
    def key_fingerprints(self) -> Sequence[str]:
        """Of the secret keys that it has, the one it seals with first; none of code that did not tell."""
        return (self.keys or "").split()


_COLUMNS = tuple(processes.c[name] for name in Process.__struct_fields__)
_IS_IT = processes.c.id == bindparam("b_id")
_JOIN = insert(processes).values(named_values(processes) | {"id": bindparam("id")})
_SEEN = (
    update(processes)
    .where(_IS_IT)
    .values(seen_at=bindparam("b_now"), keys=bindparam("b_keys"), report=bindparam("b_report"))
)
_POLLS_NO_MORE = update(processes).where(_IS_IT).values(polls=False)
# One that somebody else is just changing says that it lives, or is being deleted already: nobody waits for it.
_SILENT = select(processes.c.id).where(processes.c.seen_at < bindparam("before")).with_for_update(skip_locked=True)
_BURY = delete(processes).where(processes.c.id.in_(_SILENT)).returning(*_COLUMNS)
_LEAVE = delete(processes).where(_IS_IT)
_NEIGHBOURS = select(*_COLUMNS).where(processes.c.place == bindparam("place"))
_EVERYONE = select(*_COLUMNS).order_by(processes.c.started_at, processes.c.id)
_REPORTS = _EVERYONE.add_columns(processes.c.report)


def as_text(role: Role) -> str:
    """Its name and what it does: `worker turns,delivery`."""
    duties = [*([INTAKE] if role.receives else []), *(each for each in Queue if each in role.queues)]
    return f"{role.name} {','.join(duties)}"


def join(connection: Connection, process: Process) -> None:
    connection.execute(_JOIN, {name: getattr(process, name) for name in Process.__struct_fields__} | {"report": None})


def seen(connection: Connection, process_id: str, *, now: float, keys: str = "", report: str | None = None) -> bool:
    """The process lives, and this is how it is doing. False: it was taken for dead, and what it held may be others' by
    now."""
    values = {"b_id": process_id, "b_now": now, "b_keys": keys, "b_report": report}
    return connection.execute(_SEEN, values).rowcount == 1


def polls_no_more(connection: Connection, process_id: str) -> None:
    connection.execute(_POLLS_NO_MORE, {"b_id": process_id})


def bury(connection: Connection, *, before: float, now: float) -> int:
    """Delete those that were last seen before; returns how many. Operators hear of those that nobody follows."""
    dead = [Process(*row) for row in connection.execute(_BURY, {"before": before})]
    for each in dead:
        _miss(connection, each, now=now)
    return len(dead)


def lose(connection: Connection, process: Process, *, now: float) -> None:
    """As `bury`, of one that is known to be dead."""
    leave(connection, process.id)
    _miss(connection, process, now=now)


def _miss(connection: Connection, dead: Process, *, now: float) -> None:
    """Of those that do the same at one place the last one stands for all: one that crashes again and again is one
    alert."""
    facts: alerts.Facts = {"role": dead.role, "host": dead.host, "pid": dead.pid, "seen_at": dead.seen_at}
    subject = f"{dead.role} {dead.host}"
    alerts.see(connection, alerts.GONE, subject, facts, now=now, stale=now - MISSED_AGAIN)


def leave(connection: Connection, process_id: str) -> None:
    connection.execute(_LEAVE, {"b_id": process_id})


def neighbours(connection: Connection, place: str) -> Sequence[Process]:
    """Those whose `pid` means something to whoever is at that place."""
    return [Process(*row) for row in connection.execute(_NEIGHBOURS, {"place": place})]


def receives_otherwise(connection: Connection, *, polls: bool) -> bool:
    """Whether one lives that updates come into by the other way: by webhook where this one polls, or the reverse."""
    return any(each.polls != polls for each in everyone(connection) if not each.role.startswith(WORKER))


def everyone(connection: Connection) -> Sequence[Process]:
    """The longest at work first."""
    return [Process(*row) for row in connection.execute(_EVERYONE)]


def reports(connection: Connection) -> Sequence[tuple[Process, str | None]]:
    """The same, each with how it is doing, as it last said."""
    rows = connection.execute(_REPORTS).all()
    return [(Process(*row[:-1]), row[-1]) for row in rows]
