"""What so many bots need: computed from measured costs and an assumed usage, and then simulated."""

import math
from collections.abc import Mapping
from random import Random

from benchmarks.capacity.simulation import Seen, Service, Shape, Simulation
from benchmarks.capacity.usage import Usage, busiest
from benchmarks.scale import shares
from benchmarks.scale.figures import Cost, Results
from benchmarks.waits import Times, times
from maskarad.jobs.changes import INTERVAL
from maskarad.values import Value

SIZES = (1_000, 10_000, 100_000)
PLACES = 100
"""LLM_MAX_CONNECTIONS, its default."""
MORE_PLACES = 400
POOL = 20
"""DB_POOL_SIZE, its default."""
FULL = 0.6
"""Share of a core that is planned to be used in the busiest hour."""
THINKING_FULL = 0.7
"""Of the places of all workers."""
LOOKING = 0.2
"""Of a core, that looking whether bots changed may take."""
AT_LEAST = 2
"""Of each process, so that one may die."""
WHEN_QUIET = 2
"""Processes that stood when the quiet cluster was measured."""
SECONDS, WARM = 90.0, 15.0
SEED = 5
FURTHER_PART = 0.25
"""Of a turn's work, assumed for each Telegram message of an answer beyond the first: one transaction of four."""
SNAPSHOT_LIFETIME = 1_800.0
"""Seconds: CACHE_TTL_MENU, the longest of the three, its default."""
DAY, YEAR = 86_400, 365


class Needs(Value, frozen=True):
    """Of so many bots, in the busiest hour where nothing else is said."""

    bots: int
    messages: float
    """A second, as `turns`, `statements` and what is sent."""
    turns: float
    sent: float
    cores: Mapping[str, float]
    shape: Shape
    workers_with_more_places: int
    model_connections: float
    telegram_connections: float
    postgres_connections: int
    """If every pool is full."""
    redis_connections: float
    redis_bytes: float
    redis_commands: float
    statements: float
    commits: float
    wal_bytes: float
    wal_bytes_day: float
    rows_day: float
    database_bytes_year: float
    gateway_mb: float
    worker_mb: float
    waits: Mapping[str, Times]
    """Simulated."""
    look_process: float
    """Cores of each process for its looks at all bots."""
    look_postgres: float
    """PostgreSQL's cores for the looks of all processes."""
    busy: Mapping[str, float]
    thinking: float
    most_waiting: int


class Limit(Value, frozen=True):
    """Something that ends: `most` is where, `needed` how much of it the size needs."""

    name: str
    needed: float
    most: float

    @property
    def share(self) -> float:
        return self.needed / self.most


def service(measured: Results, telegram: float) -> Service:
    """What the simulation's parts take, fitted to the measured costs."""
    private, listened, button = (measured.costs[kind] for kind in ("private", "listened", "button"))
    intake, worker = listened.cpu[shares.POSTGRESQL], private.cpu[shares.WORKER]
    turn = max(private.cpu[shares.POSTGRESQL] - intake, 0.0)
    gateway = {
        "private": private.cpu[shares.GATEWAY],
        "asking": private.cpu[shares.GATEWAY],
        "listened": listened.cpu[shares.GATEWAY],
        "button": button.cpu[shares.GATEWAY],
    }
    return Service(
        gateway=gateway,
        intake_postgres=intake,
        worker=worker,
        turn_postgres=turn,
        part_worker=FURTHER_PART * worker,
        part_postgres=FURTHER_PART * turn,
        ring=max(measured.unloaded.accepted_to_asked.p50 - (worker + turn) / 2, 0.0),
        telegram=telegram,
    )


def needs(measured: Results, usage: Usage, bots: int) -> Needs:
    mean = bots * usage.messages_per_bot_hour / 3_600
    messages, presses = mean * usage.peak, bots * usage.presses_per_bot_hour * usage.peak / 3_600
    turns, sent = messages * usage.answered, messages * usage.answered * usage.parts_per_answer
    further = 1 + FURTHER_PART * (usage.parts_per_answer - 1)
    private, listened = measured.costs["private"], measured.costs["listened"]
    cores = {part: _cores(measured, part, turns, messages - turns, presses, further) for part in shares.PLATFORM}
    thinking = (turns + messages / usage.lines_per_summary) * _mean_thinking(usage)
    shape = Shape(
        gateways=_processes(cores[shares.GATEWAY]),
        workers=_workers(cores[shares.WORKER], thinking, PLACES),
        places=PLACES,
        postgres_cores=_processes(cores[shares.POSTGRESQL]),
    )
    processes = shape.gateways + shape.workers
    looks = bots / measured.look.bots / INTERVAL
    seen = _simulate(measured, usage, bots, shape)
    held = measured.held
    wal = _mixed(_wal(private, measured, usage) * further, _wal(listened, measured, usage), usage.answered)
    return Needs(
        bots=bots,
        messages=messages,
        turns=turns,
        sent=sent,
        cores=cores,
        shape=shape,
        workers_with_more_places=_workers(cores[shares.WORKER], thinking, MORE_PLACES),
        model_connections=thinking,
        telegram_connections=sent * usage.telegram_seconds,
        postgres_connections=processes * POOL,
        redis_connections=processes * held.redis_connections,
        redis_bytes=held.redis_bytes_empty + _chats_in_use(usage, bots, messages) * held.redis_bytes_per_chat,
        redis_commands=messages * _mixed(private.redis_commands, listened.redis_commands, usage.answered)
        + processes * measured.quiet.redis_commands / WHEN_QUIET,
        statements=messages * _mixed(private.statements * further, listened.statements, usage.answered)
        + processes * measured.quiet.statements / WHEN_QUIET,
        commits=messages * _mixed(private.commits * further, listened.commits, usage.answered)
        + processes * measured.quiet.commits / WHEN_QUIET,
        wal_bytes=messages * wal,
        wal_bytes_day=mean * DAY * wal,
        rows_day=DAY * mean * (1 + usage.answered * usage.parts_per_answer),
        database_bytes_year=YEAR
        * DAY
        * mean
        * (1 + usage.answered * usage.parts_per_answer)
        * held.database_bytes_per_message,
        gateway_mb=_memory(measured.few.gateway_mb, measured.many.gateway_mb, measured, bots),
        worker_mb=_memory(measured.few.worker_mb, measured.many.worker_mb, measured, bots),
        waits={name: times(getattr(seen, name)) for name in ("acknowledged", "started", "answered", "pressed")},
        look_process=looks * measured.look.process,
        look_postgres=looks * measured.look.postgres * processes,
        busy=seen.busy,
        thinking=seen.thinking,
        most_waiting=seen.most_waiting,
    )


def limits(found: Needs) -> list[Limit]:
    """What ends where, the first to give way first. The ends of a PostgreSQL and of a Redis are assumed, for one
    server of 16 cores with an NVMe disk and for one Redis without a cluster."""
    workers = found.shape.workers
    named = (
        ("one gateway's core", found.cores[shares.GATEWAY], FULL),
        ("one worker's core", found.cores[shares.WORKER], FULL),
        ("one worker's calls to the model", found.model_connections, THINKING_FULL * PLACES),
        ("PostgreSQL's connections (max_connections 100)", found.postgres_connections, 97),
        ("PostgreSQL's cores (16)", found.cores[shares.POSTGRESQL] + found.look_postgres, 16 * FULL),
        ("looks at all bots (a fifth of a process' core)", found.look_process, LOOKING),
        ("PostgreSQL's commits (20,000/s)", found.commits, 20_000),
        ("PostgreSQL's log (200 MB/s)", found.wal_bytes, 200e6),
        ("PostgreSQL's disk after a year (2 TB)", found.database_bytes_year, 2e12),
        ("Redis' one core", found.cores[shares.REDIS], FULL),
        ("Redis' memory (8 GB)", found.redis_bytes, 8e9),
        ("a process' memory (1 GB)", max(found.gateway_mb, found.worker_mb), 1_000),
        ("Telegram's connections of a worker (100)", found.telegram_connections / workers, 100),
    )
    made = (Limit(name=name, needed=needed, most=most) for name, needed, most in named)
    return sorted(made, key=_share, reverse=True)


def _share(limit: Limit) -> float:
    return limit.share


def _cores(measured: Results, part: str, turns: float, listened: float, presses: float, further: float) -> float:
    costs = measured.costs
    spoken = costs["private"].cpu[part] * (1.0 if part == shares.GATEWAY else further)
    return turns * spoken + listened * costs["listened"].cpu[part] + presses * costs["button"].cpu[part]


def _processes(cores: float) -> int:
    return max(AT_LEAST, math.ceil(cores / FULL))


def _workers(cores: float, thinking: float, places: int) -> int:
    return max(_processes(cores), math.ceil(thinking / THINKING_FULL / places))


def _memory(few: float, many: float, measured: Results, bots: int) -> float:
    """Megabytes, along the line through both."""
    a_bot = (many - few) / (measured.many.bots - measured.few.bots)
    return few + a_bot * (bots - measured.few.bots)


def _mixed(asking: float, listened: float, share: float) -> float:
    return share * asking + (1 - share) * listened


def _wal(cost: Cost, measured: Results, usage: Usage) -> float:
    """With the pages that are written whole after a checkpoint, as many as a message's records suggest."""
    private = measured.costs["private"].wal_bytes
    pages = max(measured.held.wal_bytes_after_checkpoint - private, 0.0) * cost.wal_bytes / private
    return cost.wal_bytes + pages / usage.lines_in_a_row


def _chats_in_use(usage: Usage, bots: int, messages: float) -> float:
    """Those whose snapshots have not run out."""
    return min(bots * usage.chats_per_bot, messages * SNAPSHOT_LIFETIME / usage.lines_in_a_row)


def _mean_thinking(usage: Usage) -> float:
    return usage.model_seconds * math.exp(usage.model_spread**2 / 2)


def _simulate(measured: Results, usage: Usage, bots: int, shape: Shape) -> Seen:
    chance = Random(SEED)

    def think() -> float:
        return chance.lognormvariate(math.log(usage.model_seconds), usage.model_spread)

    simulation = Simulation(
        shape,
        service(measured, usage.telegram_seconds),
        model=think,
        parts=lambda: chance.choice(usage.parts),
        warm=WARM,
    )
    return simulation.play(busiest(usage, bots, SECONDS, SEED), SECONDS)
