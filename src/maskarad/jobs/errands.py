"""Errands: what people have ordered and what takes long, carried out from its row by whichever process has room.

A few at once in each process, a lane a kind; in line as `db/errands.py` orders them, so that one owner's many do not
hold up another's one. An errand whose process dies is found by the sweep when its lease has run out. Whatever it does
may be done again from the last thing noted; only what was sent between that and the death is sent twice.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from contextvars import Context
from typing import Any, TypeVar

import structlog

from maskarad.db import Connection
from maskarad.db import errands as rows
from maskarad.db.engine import Database, Query, write_patiently
from maskarad.db.errands import ClaimedErrand
from maskarad.errors import ClaimLost, DatabaseUnavailable, Flooded, MaskaradError, StatementTimedOut
from maskarad.jobs.held import MOST_ATTEMPTS, Carrier, Ending, Held, Lane, Unreadable
from maskarad.jobs.leases import LEASE

log = structlog.get_logger()

T = TypeVar("T")

LONGEST_PAUSE = 60.0
"""Seconds between two attempts; the first pause is 2 s, and each is twice the one before."""

DATABASE_PAUSE = 2.0
"""Seconds until what the database interrupted goes on; that is no failed attempt."""

FAREWELL = 2.0
"""Seconds that what is about to be sent gets when the process ends; all else is given back at once."""


class Errands:
    """One a process that works from the queue of slow work. `ring`, `sweep` and `renew` are to be called from one event
    loop: `sweep` every few seconds, `renew` at least every second."""

    def __init__(
        self,
        database: Database,
        lanes: Sequence[Lane],
        *,
        clock: Callable[[], float],
        failed: Callable[[Exception], None] = lambda _error: None,
    ) -> None:
        """`failed` hears of what made an errand fail, or wait."""
        self._database = database
        self._lanes = lanes
        self._lane_of = {kind: lane for lane in lanes for kind in lane.carriers}
        self._clock = clock
        self._failed = failed
        # By claim: one that was lost may still be at its last step when this process takes the errand again.
        self._running: dict[str, _Run] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._taking = asyncio.Lock()
        self._will_look = False
        self._open = True
        self._was_away = False
        self._takes_over_from = 0.0

    @property
    def under_way(self) -> int:
        """How many this process is at."""
        return len(self._running)

    def ring(self, errand_id: int) -> None:
        """It was ordered or cancelled. Returns at once."""
        if not self._open:
            return
        if any(run.held.errand.id == errand_id for run in self._running.values()):
            self._spawn(_hurried(self.renew()))
        self._look()

    async def sweep(self) -> None:
        """Take what is due as long as there is room. Raises DatabaseUnavailable."""
        async with self._taking:
            self._will_look = False
            while self._open and (errand := await self._claim()) is not None:
                self._start(errand)

    async def renew(self) -> None:
        """Keep what is being carried out, and hear what was cancelled, or taken by others. Raises
        DatabaseUnavailable."""
        runs = list(self._running.values())
        if not runs:
            return
        held, until = [run.held.errand for run in runs], self._clock() + LEASE
        standing = await self._seen(self._database.write(lambda connection: rows.renew(connection, held, until=until)))
        for run in runs:
            cancelled = standing.get(run.held.errand.token)
            if cancelled is None:
                run.stop(Ending.LOST)
            elif cancelled and not run.held.errand.cancelled:
                run.stop(Ending.CANCELLED)

    async def close(self) -> None:
        """Take no more, and give back what is under way: it goes on where others look for work next."""
        self._open = False
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL), self._taking:
                await asyncio.sleep(0)  # what was claimed last has begun, so that it can be given back
        for run in list(self._running.values()):
            if not run.held.is_sending:
                run.stop(Ending.GIVEN_BACK)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=FAREWELL)
            for run in list(self._running.values()):
                run.break_off()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _look(self) -> None:
        if self._open and not self._will_look:
            self._will_look = True
            self._spawn(_hurried(self.sweep()))

    async def _claim(self) -> ClaimedErrand | None:
        free = [kind for lane in self._lanes if self._has_room(lane) for kind in lane.carriers]
        greeted = [kind for lane in self._lanes if lane.greets for kind in lane.carriers]
        known, now = list(self._lane_of), self._clock()
        takes_over = self._takes_over

        def look(connection: Connection) -> list[int]:
            return rows.waiting(connection, kinds=free, known=known, greeted=greeted, now=now, takes_over=takes_over)

        found = await self._seen(self._database.read(look))
        if not found:
            return None

        def take(connection: Connection) -> ClaimedErrand | None:
            token = secrets.token_hex(8)
            claims = (
                rows.claim(connection, each, token, lease=LEASE, now=now, takes_over=takes_over) for each in found
            )
            return next((claimed for claimed in claims if claimed is not None), None)

        return await self._seen(self._database.write(take))

    @property
    def _takes_over(self) -> bool:
        """Whether whoever let a lease run out counts as dead: not for a lease's time after the database was away, in
        which the living renew theirs."""
        return not self._was_away and self._clock() >= self._takes_over_from

    async def _seen(self, answer: Awaitable[T]) -> T:
        """See whether the database answers."""
        try:
            answered = await answer
        except DatabaseUnavailable:
            self._was_away = True
            raise
        if self._was_away:
            self._was_away, self._takes_over_from = False, self._clock() + LEASE
        return answered

    def _has_room(self, lane: Lane) -> bool:
        return sum(run.lane is lane for run in self._running.values()) < lane.most

    def _start(self, errand: ClaimedErrand) -> None:
        lane = self._lane_of[errand.kind]
        run = _Run(Held(errand, self._database, self._clock), lane)
        greets_only = not self._has_room(lane) and not errand.cancelled
        self._running[errand.token] = run
        if greets_only:
            run.lane = None
        run.task = self._spawn(self._run(run, lane.carriers[errand.kind]))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work, context=Context())  # not about the update or errand that made room for it
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _run(self, run: "_Run", carrier: Carrier) -> None:
        try:
            await self._guarded(run.held, carrier, self._carry_out(run, carrier))
        except asyncio.CancelledError:
            log.info("errand_stopped", kind=run.held.errand.kind, why=run.ending.name if run.ending else "")
            await self._guarded(run.held, carrier, self._stopped(run, carrier))
        finally:
            del self._running[run.held.errand.token]
            self._look()

    async def _guarded(self, held: Held, carrier: Carrier, work: Awaitable[None]) -> None:
        """Whatever comes of it: this is an outermost loop."""
        errand = held.errand
        try:
            await work
        except ClaimLost:
            log.info("claim_lost", errand=errand.id)
        except StatementTimedOut as error:  # the errand may be what takes so long
            self._failed(error)
            log.warning("errand_failed", kind=errand.kind, attempt=errand.attempts, error=str(error))
            await self._put_off(held, carrier, error)
        except DatabaseUnavailable as error:
            self._failed(error)
            log.warning("errand_waits_for_database", kind=errand.kind, error=str(error))
            await self._give_back(held, pause=DATABASE_PAUSE)
        except Unreadable as error:
            await self._fail(held, carrier, _described(error))
        except MaskaradError as error:
            self._failed(error)
            log.warning("errand_failed", kind=errand.kind, attempt=errand.attempts, error=str(error))
            await self._put_off(held, carrier, error)
        except Exception as error:
            self._failed(error)
            log.exception("errand_failed", kind=errand.kind, attempt=errand.attempts)
            await self._put_off(held, carrier, error)

    async def _carry_out(self, run: "_Run", carrier: Carrier) -> None:
        held = run.held
        if run.lane is None:
            await carrier.greet(held)
            await self._write(lambda connection: rows.release(connection, held.errand, due_at=self._clock()))
            return
        if held.errand.cancelled:
            await carrier.end(held, Ending.CANCELLED)
        elif held.errand.attempts > MOST_ATTEMPTS:
            await self._fail(held, carrier, "its process died each time")
            return
        else:
            await carrier.carry_out(held)
        await self._write(lambda connection: rows.done(connection, held.errand))

    async def _stopped(self, run: "_Run", carrier: Carrier) -> None:
        held = run.held
        if run.ending is Ending.CANCELLED:
            await carrier.end(held, Ending.CANCELLED)
            await self._write(lambda connection: rows.done(connection, held.errand))
        elif run.ending is not Ending.LOST:
            await self._give_back(held)

    async def _give_back(self, held: Held, *, pause: float = 0.0) -> None:
        due_at = self._clock() + pause
        await self._settle(lambda connection: rows.release(connection, held.errand, due_at=due_at))

    async def _put_off(self, held: Held, carrier: Carrier, error: Exception) -> None:
        errand = held.errand
        if errand.attempts >= MOST_ATTEMPTS:
            await self._fail(held, carrier, _described(error))
            return
        due_at = self._clock() + _pause(errand.attempts, error)
        await self._settle(lambda connection: rows.postpone(connection, errand, due_at=due_at, error=_described(error)))

    async def _fail(self, held: Held, carrier: Carrier, error: str) -> None:
        errand = held.errand
        log.error("errand_given_up", kind=errand.kind, error=error)
        try:
            await carrier.end(held, Ending.FAILED)
        except Exception:
            log.exception("errand_not_shown", kind=errand.kind)
        await self._settle(lambda connection: rows.fail(connection, errand, error=error, now=self._clock()))

    async def _settle(self, query: Query[None]) -> None:
        """Where the row stays as it is, its lease runs out."""
        try:
            await self._write(query)
        except DatabaseUnavailable as error:
            log.warning("errand_left_to_the_sweep", error=str(error))

    async def _write(self, query: Query[None]) -> None:
        await write_patiently(self._database, query, patience=LEASE)


class _Run:
    def __init__(self, held: Held, lane: Lane) -> None:
        self.held = held
        self.lane: Lane | None = lane
        """None: there is no room, so that it is only greeted."""
        self.task: asyncio.Task[None] | None = None
        self.ending: Ending | None = None

    def stop(self, ending: Ending) -> None:
        """The first word counts."""
        if self.ending is None and self.task is not None:
            self.ending = ending
            self.task.cancel()

    def break_off(self) -> None:
        """Also of its last words."""
        self.ending = Ending.GIVEN_BACK
        if self.task is not None:
            self.task.cancel()


async def _hurried(work: Awaitable[None]) -> None:
    """What the next sweep or renewal makes up for."""
    try:
        await work
    except DatabaseUnavailable as error:
        log.warning("errands_left_to_the_sweep", error=str(error))


def _pause(attempts: int, error: Exception) -> float:
    pause = min(2.0**attempts, LONGEST_PAUSE)
    return max(pause, error.retry_after) if isinstance(error, Flooded) else pause


def _described(error: Exception) -> str:
    """Fit for a log: of foreign errors only the type, their texts may hold anything."""
    return f"{type(error).__name__}: {error}" if isinstance(error, MaskaradError) else type(error).__name__
