"""What samples say about growth."""

import statistics
from collections.abc import Sequence
from itertools import combinations

from benchmarks.figures import percentile
from benchmarks.soak.samples import ProcessSample, ServerSample
from maskarad.values import Value

HOUR = 3600.0
END = 12
"""Samples at the beginning and at the end that stand for it: a minute."""
MOST_SLOPE = 1.0
"""Megabytes an hour that a process may grow, extrapolated."""
REDIS_SLOPE = 2.0
"""The same of Redis, with the streams of wake-ups, which are bounded by their length."""
MAY_GROW = frozenset(
    {
        "analysis_cache",
        "chat_bot_instances",
        "chat_contexts",
        "chat_days",
        "conversation_summaries",
        "history_index",
        "interaction_patterns",
        "job_slots",
        "message_reactions",
        "purses",
        "seen_updates",
        "usage_records",
    }
)
"""Tables that hold what was said, what was made of it, and what was done: cleaned up by age, or kept as the owner chose
(docs/memory.md). Whatever else grows by more than `MORE_ROWS` is a leak."""
MORE_AT_THE_END = 5
"""Files, tasks and connections by which an end may pass its beginning: what is under way at the moment, and what HTTP
keeps open for a while."""
MORE_ROWS = 20
"""The same of rows. A row for each message, turn or press would be fifty times that, or more."""


class Growth(Value, frozen=True):
    """Of one number, the medians of its first and of its last minute."""

    first: float
    last: float


class ProcessFigures(Value, frozen=True):
    """`slope` is megabytes an hour; lags are seconds."""

    name: str
    resident: Growth
    slope: float
    files: Growth
    tasks: Growth
    lag_p50: float
    lag_most: float


class ServerFigures(Value, frozen=True):
    """`redis_slope` is megabytes an hour."""

    postgres_connections: Growth
    redis_clients: Growth
    redis_mb: Growth
    redis_slope: float


class Figures(Value, frozen=True):
    """`rows` is how many rows each table had, and got until the end, where it got any."""

    minutes: float
    warm_up_minutes: float
    said: int
    answered: int
    processes: tuple[ProcessFigures, ...]
    servers: ServerFigures
    rows: dict[str, tuple[int, int]]


def of_process(name: str, samples: Sequence[ProcessSample]) -> ProcessFigures:
    lags = [each.lag for each in samples]
    return ProcessFigures(
        name=name,
        resident=_growth([each.resident_mb for each in samples]),
        slope=slope([(each.at, each.resident_mb) for each in samples]) * HOUR,
        files=_growth([each.files for each in samples]),
        tasks=_growth([each.tasks for each in samples]),
        lag_p50=percentile(lags, 0.5),
        lag_most=max(lags),
    )


def of_servers(samples: Sequence[ServerSample]) -> ServerFigures:
    return ServerFigures(
        postgres_connections=_growth([each.postgres_connections for each in samples]),
        redis_clients=_growth([each.redis_clients for each in samples]),
        redis_mb=_growth([each.redis_mb for each in samples]),
        redis_slope=slope([(each.at, each.redis_mb) for each in samples]) * HOUR,
    )


def slope(points: Sequence[tuple[float, float]]) -> float:
    """The median of the slopes between all pairs of points (Theil-Sen): a few points far off do not move it."""
    return statistics.median(
        (later[1] - earlier[1]) / (later[0] - earlier[0]) for earlier, later in combinations(points, 2)
    )


def broken(found: Figures) -> list[str]:
    """Sentences, one for each promise that was not kept."""
    return [
        *(f"{each.name} grows by {each.slope:.1f} MB an hour" for each in found.processes if each.slope > MOST_SLOPE),
        *(f"{each.name} keeps files open" for each in found.processes if _leaks(each.files)),
        *(f"{each.name} keeps tasks" for each in found.processes if _leaks(each.tasks)),
        *(["connections to PostgreSQL are not given back"] if _leaks(found.servers.postgres_connections) else []),
        *(["connections to Redis are not given back"] if _leaks(found.servers.redis_clients) else []),
        *([f"Redis grows by {redis:.1f} MB an hour"] if (redis := found.servers.redis_slope) > REDIS_SLOPE else []),
        *(f"{name} grows" for name in sorted(found.rows.keys() - MAY_GROW) if _is_leak(name, found.rows[name][1])),
    ]


def _is_leak(table: str, more: int) -> bool:
    is_partition = table.startswith("chat_contexts_")
    return more > MORE_ROWS and not is_partition


def _leaks(growth: Growth) -> bool:
    return growth.last > growth.first + MORE_AT_THE_END


def _growth(values: Sequence[float]) -> Growth:
    return Growth(first=statistics.median(values[:END]), last=statistics.median(values[-END:]))
