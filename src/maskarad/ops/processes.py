"""Who works on the platform's PostgreSQL, for people to read."""

from collections.abc import Sequence

from maskarad.db import Connection, moments, polling, processes, schema
from maskarad.db.processes import DUTIES, Process
from maskarad.jobs.presence import PRESUMED_DEAD
from maskarad.utc import to_minute
from maskarad.values import Value


class AtWork(Value, frozen=True):
    """`unpolled` are bots that nobody polls for, where there is anybody who polls; `now` is the database's time."""

    processes: Sequence[Process]
    unpolled: Sequence[str]
    now: float

    @property
    def silent(self) -> Sequence[Process]:
        """Those that others take for dead."""
        return [each for each in self.processes if self._silence(each) > PRESUMED_DEAD]

    @property
    def undone(self) -> Sequence[str]:
        """What none of the others does."""
        done = {duty for each in self.processes if each not in self.silent for duty in each.duties}
        return [each for each in DUTIES if each not in done]

    def __str__(self) -> str:
        told = (
            f"{each.role} ({_where(each)}, since {to_minute(each.started_at)}, seen {self._silence(each):.0f} s ago)"
            for each in self.processes
        )
        return ", ".join(told) or "none is running"

    def _silence(self, process: Process) -> float:
        return max(0.0, self.now - process.seen_at)


def at_work(connection: Connection) -> AtWork:
    """Raises SchemaOutdated."""
    schema.check(connection)
    found = processes.everyone(connection)
    unpolled: Sequence[str] = ()
    if any(each.polls for each in found):
        no_manager, usernames = polling.unpolled(connection)
        unpolled = [*(("the manager bot",) if no_manager else ()), *(f"@{each}" for each in usernames)]
    return AtWork(processes=found, unpolled=unpolled, now=moments.now(connection))


def _where(process: Process) -> str:
    host = process.place.partition(" ")[0]
    return f"{host}, pid {process.pid}" if host else f"pid {process.pid}"
