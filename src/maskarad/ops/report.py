"""How a process is doing, in figures small enough to be written with every beat of its presence."""

import asyncio
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
from prometheus_client import Counter, Gauge
from prometheus_client.samples import Sample

from maskarad.db import processes
from maskarad.db.engine import Database
from maskarad.db.processes import Process
from maskarad.metrics import Metrics
from maskarad.telegram.bots import BotRegistry, Served
from maskarad.values import Value

WINDOW = 300.0
"""Seconds back that counts go: what failed longer ago says little about now."""

LATELY = 60.0
"""Seconds that say whether the model works again."""

MOST_NAMED = 50
"""Bots that a report names; it is written every two seconds, and is to stay below a kilobyte."""

_PAGE = os.sysconf("SC_PAGE_SIZE")
_STATM = Path("/proc/self/statm")


class Disk(Value, frozen=True):
    """Bytes of the file system that a folder of ours is on."""

    path: str
    free: int
    total: int


class Figures(Value, frozen=True):
    """Counts are of the last `WINDOW` seconds, `…_lately` of the last `LATELY`. `lag` is the longest that the event
    loop came late lately, in seconds; `deaf` are ids of bots whose updates do not come in here, `MOST_NAMED` of
    `deaf_count` at most. `model_failed_at` is the last look before which a call failed, since the start; 0.0 where none
    has. `redis` is None where there is none."""

    at: float
    lag: float = 0.0
    resident: int = 0
    updates: int = 0
    errors: int = 0
    model_ok: int = 0
    model_failed: int = 0
    model_ok_lately: int = 0
    model_failed_lately: int = 0
    model_failed_at: float = 0.0
    model_reason: str = ""
    deaf: tuple[int, ...] = ()
    deaf_count: int = 0
    redis: bool | None = None
    disks: tuple[Disk, ...] = ()


class ProcessReport(Value, frozen=True):
    """`figures` is None for a process that has not told any yet."""

    process: Process
    figures: Figures | None

    @property
    def place(self) -> str:
        return place(host=self.process.host, role=self.process.role, pid=self.process.pid)


def place(*, host: str, role: str, pid: object) -> str:
    """A process for people: the machine, what it is and its number there."""
    return "/".join(filter(None, (host, role.partition(" ")[0], str(pid))))


class _Counts(Value, frozen=True):
    """What was counted since the start, at a moment."""

    at: float
    updates: float
    errors: float
    model_ok: float
    model_failed: dict[str, float]


class Reporter:
    """Of this process. `folders` are those whose file systems are to have room."""

    def __init__(
        self,
        metrics: Metrics,
        registry: BotRegistry,
        *,
        receives: bool,
        folders: Sequence[Path],
        has_redis: bool,
        clock: Callable[[], float],
    ) -> None:
        self._metrics = metrics
        self._registry = registry
        self._receives = receives
        self._folders = folders
        self._has_redis = has_redis
        self._clock = clock
        self._counts: deque[_Counts] = deque()
        self._failed_at = 0.0
        self.figures: Figures | None = None

    async def look(self) -> None:
        """Bring the figures up to date."""
        disks = await asyncio.to_thread(room_in, self._folders)
        self.figures = self._gather(disks)

    def as_text(self) -> str | None:
        return None if self.figures is None else msgspec.json.encode(self.figures).decode()

    def _gather(self, disks: tuple[Disk, ...]) -> Figures:
        now, before = self._count(), self._counts[0]
        lately = next((each for each in reversed(self._counts) if each.at <= now.at - LATELY), before)
        failed = {reason: count - before.model_failed.get(reason, 0.0) for reason, count in now.model_failed.items()}
        deaf = [served.bot_id for served in self._registry if self._receives and is_deaf(served)]
        return Figures(
            at=now.at,
            lag=round(_value(self._metrics.loop_lag), 3),
            resident=_resident(),
            updates=int(now.updates - before.updates),
            errors=int(now.errors - before.errors),
            model_ok=int(now.model_ok - before.model_ok),
            model_failed=int(sum(failed.values())),
            model_ok_lately=int(now.model_ok - lately.model_ok),
            model_failed_lately=int(sum(now.model_failed.values()) - sum(lately.model_failed.values())),
            model_failed_at=self._failed_at,
            model_reason=max(failed, key=lambda reason: failed[reason]) if any(failed.values()) else "",
            deaf=tuple(deaf[:MOST_NAMED]),
            deaf_count=len(deaf),
            redis=_value(self._metrics.shared_cache_up) == 1 if self._has_redis else None,
            disks=disks,
        )

    def _count(self) -> _Counts:
        calls: dict[str, float] = {}
        for result, count in _totals(self._metrics.model_calls, "result"):
            calls[result] = calls.get(result, 0.0) + count
        now = self._clock()
        counts = _Counts(
            at=now,
            updates=sum(count for _, count in _totals(self._metrics.updates, "kind")),
            errors=sum(count for kind, count in _totals(self._metrics.errors, "kind") if kind == "fault"),
            model_ok=calls.pop("ok", 0.0),
            model_failed=calls,
        )
        if self._counts and sum(calls.values()) > sum(self._counts[-1].model_failed.values()):
            self._failed_at = now
        self._counts.append(counts)
        while self._counts[0].at < now - WINDOW:
            self._counts.popleft()
        return counts


def is_deaf(served: Served) -> bool:
    """Updates are wanted, and as far as this process can know none come in: polls or the registration of the webhook
    fail, another program takes them, or those that came are stuck."""
    health = served.health
    troubles = (health.conflict_since, health.last_error, health.stuck_since)
    return served.receives and any(trouble is not None for trouble in troubles)


async def reports(database: Database) -> tuple[ProcessReport, ...]:
    """Of all processes, the longest at work first; one that works alone has no row. Raises DatabaseUnavailable."""
    return read_reports(await database.read(processes.reports))


def read_reports(rows: Iterable[tuple[Process, str | None]]) -> tuple[ProcessReport, ...]:
    return tuple(ProcessReport(process=process, figures=_read(report)) for process, report in rows)


def room_in(folders: Iterable[Path]) -> tuple[Disk, ...]:
    """Of each file system once, by the first folder on it. A folder that is not there yet counts as the one above."""
    found: dict[int, Disk] = {}
    for folder in folders:
        existing = next((each for each in (folder, *folder.absolute().parents) if each.exists()), None)
        if existing is not None:
            room = os.statvfs(existing)
            disk = Disk(path=str(folder), free=room.f_bavail * room.f_frsize, total=room.f_blocks * room.f_frsize)
            found.setdefault(existing.stat().st_dev, disk)
    return tuple(found.values())


def _read(report: str | None) -> Figures | None:
    """One of another version may tell something else."""
    try:
        return None if report is None else msgspec.json.decode(report, type=Figures)
    except msgspec.MsgspecError:
        return None


def _totals(counter: Counter, label: str) -> Iterator[tuple[str, float]]:
    for sample in _samples(counter):
        if sample.name.endswith("_total"):
            yield sample.labels[label], sample.value


def _value(gauge: Gauge) -> float:
    return next(_samples(gauge)).value


def _samples(counted: Counter | Gauge) -> Iterator[Sample]:
    return (sample for metric in counted.collect() for sample in metric.samples)


def _resident() -> int:
    """Bytes; 0 where the system does not tell."""
    try:
        return int(_STATM.read_text(encoding="ascii").split()[1]) * _PAGE
    except OSError:
        return 0
