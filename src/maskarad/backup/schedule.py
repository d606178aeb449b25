"""When the next daily backup is due, and what is told of the last one."""

from collections.abc import Callable
from functools import partial

from maskarad.backup.orders import NOBODY, order
from maskarad.db import Connection, backups, slots
from maskarad.db.backups import Backup
from maskarad.db.engine import Database
from maskarad.settings import LANGUAGES

DAY, HOUR = 86_400.0, 3_600.0

PAUSE = 1_800.0
"""Seconds from an order to the next, whichever process orders, where the first has come to nothing."""


JOB = "daily_backup"
"""Its slots are orders."""


class Schedule:
    """`hour` is of UTC; -1: nothing is ordered. `ring` hears of an errand that was ordered, `made` of the last backup,
    whoever made it. `clock` gives Unix seconds."""

    def __init__(
        self,
        database: Database,
        *,
        hour: int,
        ring: Callable[[int], None],
        made: Callable[[Backup], None],
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._hour = hour
        self._ring = ring
        self._made = made
        self._clock = clock

    async def look(self) -> None:
        """To be called every minute in each process that could make one: an errand has its place once. Raises
        DatabaseUnavailable."""
        now = self._clock()
        last, last_daily = await self._database.read(partial(_latest, now=now))
        if last is not None:
            self._made(last)
        if not is_due(now, self._hour, last_daily.made_at if last_daily else None):
            return
        if (errand_id := await self._database.write(partial(_order, now=now))) is not None:
            self._ring(errand_id)


def is_due(now: float, hour: int, last_at: float | None) -> bool:
    """Whether none was made since that hour struck last. What was missed is made up for once, whenever that is seen;
    where there never was one, that is at once."""
    if hour < 0:
        return False
    struck_at = (now - hour * HOUR) // DAY * DAY + hour * HOUR
    return last_at is None or last_at < struck_at


def _order(connection: Connection, now: float) -> int | None:
    ordered_at = slots.last(connection, JOB, now=now)
    if ordered_at is not None and now - ordered_at < PAUSE:
        return None
    # Nobody is told, in no language.
    errand_id = order(connection, asker_id=NOBODY, language=LANGUAGES[0], now=now)
    if errand_id is not None:
        slots.take(connection, JOB, int(now // PAUSE), now=now)
    return errand_id


def _latest(connection: Connection, now: float) -> tuple[Backup | None, Backup | None]:
    return backups.latest(connection, now=now), backups.latest(connection, "daily", now=now)
