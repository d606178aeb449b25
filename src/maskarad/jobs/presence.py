"""This process says every few seconds that it lives, and tidies away those that have ceased to.

Its row is what its leases hang on (`db/polling.py`). A process that was silent for too long finds its row gone, begins
anew under another id, and so holds nothing of what others may have taken meanwhile.
"""

import asyncio
import os
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from maskarad.clock import steady
from maskarad.db import Connection, processes
from maskarad.db.engine import Database
from maskarad.errors import DatabaseUnavailable

log = structlog.get_logger()

INTERVAL = 2.0

PRESUMED_DEAD = 15.0
"""Seconds of silence after which a process is taken for dead."""

SURE = 12.0
"""Seconds for which a process may believe that the others think it alive: less, for they read the time elsewhere."""


def place_of_this() -> str:
    """This machine, this boot of it, and the process numbers that are told apart in it (a container has its own)."""
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{os.uname().nodename} {boot} {Path('/proc/self/ns/pid').readlink()}"
    return ""


class Presence:
    """`polls`: it takes its share of the bots that are polled. `id` is None until the first `beat`, and another one
    whenever the process begins anew."""

    def __init__(
        self,
        database: Database,
        *,
        role: str,
        polls: bool,
        clock: Callable[[], float],
        uptime: Callable[[], float] = steady,
        place: str | None = None,
        keys: Callable[[], Sequence[str]] = tuple,
        report: Callable[[], str | None] = lambda: None,
    ) -> None:
        """`clock` gives Unix seconds, the same to all processes; `uptime` goes on while this one is stopped. `keys` are
        the fingerprints of the secret keys that this process has, the one it seals with first; `report` tells how it
        is doing."""
        self.id: str | None = None
        self.polls = polls
        self._database = database
        self._role = role
        self._clock = clock
        self._uptime = uptime
        self._place = place_of_this() if place is None else place
        self._keys = keys
        self._report = report
        self._sure_until = 0.0
        self._beating = asyncio.Lock()

    @property
    def is_sure(self) -> bool:
        """Nobody can have taken it for dead yet."""
        return self.id is not None and self._uptime() < self._sure_until

    async def beat(self) -> None:
        """Raises DatabaseUnavailable."""
        async with self._beating:
            began, now = self._uptime(), self._clock()
            if self.id is None or not await self._database.write(lambda connection: self._say(connection, now)):
                await self._join(now)
            self._sure_until = began + SURE

    def _say(self, connection: Connection, now: float) -> bool:
        known = self.id is not None and processes.seen(
            connection, self.id, now=now, keys=" ".join(self._keys()), report=self._report()
        )
        processes.bury(connection, before=now - PRESUMED_DEAD, now=now)
        return known

    async def _join(self, now: float) -> None:
        earlier, new = self.id, uuid.uuid4().hex
        process = processes.Process(
            id=new,
            role=self._role,
            polls=self.polls,
            place=self._place,
            pid=os.getpid(),
            started_at=now,
            seen_at=now,
            keys=" ".join(self._keys()),
        )

        def join(connection: Connection) -> None:
            processes.bury(connection, before=now - PRESUMED_DEAD, now=now)
            self._bury_neighbours(connection, now)
            processes.join(connection, process)

        await self._database.write(join)
        self.id = new
        if earlier is not None:
            log.warning("process_was_taken_for_dead", meanwhile="others may do what it did; it begins anew")

    def _bury_neighbours(self, connection: Connection, now: float) -> None:
        """Whoever starts anew after a crash on the same machine need not wait until it is taken for dead."""
        for each in processes.neighbours(connection, self._place) if self._place else ():
            if not _runs(each.pid):
                processes.lose(connection, each, now=now)

    async def end(self) -> None:
        """The process ends, and what it holds is free. Without the database others find it out by its silence."""
        if self.id is None:
            return
        leaving, self.id = self.id, None
        with suppress(DatabaseUnavailable):
            await self._database.write(lambda connection: processes.leave(connection, leaving))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
