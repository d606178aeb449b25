"""The computed part of docs/scaling.md. `measured`, `computed`, `simulated` and `assumed` stand beside every line."""

import statistics
from collections.abc import Callable, Sequence

from benchmarks import pages
from benchmarks.capacity.model import Limit, Needs, limits
from benchmarks.capacity.usage import Usage
from benchmarks.capacity.validation import Beside, worst
from benchmarks.scale import shares
from benchmarks.scale.report import table
from benchmarks.waits import Times

BEGIN = "<!-- computed by `python -m benchmarks.capacity` -->"
NEAR = 0.25
"""Of its end: what is nearer is told."""

Row = tuple[str, Callable[[Needs], str], str]


def part(usage: Usage, sizes: Sequence[Needs], found: Sequence[Beside]) -> str:
    return "\n\n".join(
        (
            BEGIN,
            "### In a minute",
            _sizes(sizes),
            "![Cores by part and size](pictures/scale-sizes.svg)",
            "### What gives way first",
            _limits(sizes),
            "### What is assumed",
            _usage(usage),
            "### How far off the simulation is",
            _validation(found),
            pages.END,
        )
    )


def _sizes(sizes: Sequence[Needs]) -> str:
    head = ("", *(f"{each.bots:,} bots" for each in sizes), "")
    return table(head, [(name, *(f"{told(each)}" for each in sizes), how) for name, told, how in ROWS])


def short(number: float) -> str:
    """Two or three digits and a unit."""
    for unit, size in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number:.3g} "


def _bytes(number: float) -> str:
    return f"{short(number)}B"


def _milliseconds(found: Times) -> str:
    return f"{found.p50 * 1e3:.1f} / {found.p95 * 1e3:.1f} ms"


def _seconds(found: Times) -> str:
    return f"{found.p50:.1f} / {found.p95:.1f} s"


def _cores(part: str) -> Callable[[Needs], str]:
    return lambda each: f"{each.cores[part]:.2f}"


ROWS: Sequence[Row] = (
    ("people's messages a second, busiest hour", lambda each: f"{each.messages:,.0f}", "assumed"),
    ("of them answered", lambda each: f"{each.turns:,.0f}", "assumed"),
    ("**cores: gateways**", _cores(shares.GATEWAY), "computed"),
    ("**cores: workers**", _cores(shares.WORKER), "computed"),
    ("**cores: PostgreSQL**", _cores(shares.POSTGRESQL), "computed"),
    ("**cores: Redis**", _cores(shares.REDIS), "computed"),
    (
        "**processes: gateways / workers**",
        lambda each: f"{each.shape.gateways} / {each.shape.workers}",
        "computed: cores 60 % used, places to think 70 %",
    ),
    ("workers with `LLM_MAX_CONNECTIONS=400`", lambda each: str(each.workers_with_more_places), "computed"),
    (
        "memory of a gateway / of a worker",
        lambda each: f"{each.gateway_mb:,.0f} / {each.worker_mb:,.0f} MB",
        "computed",
    ),
    (
        "cores for looks at all bots: each process / PostgreSQL",
        lambda each: f"{each.look_process:.3f} / {each.look_postgres:.2f}",
        "computed",
    ),
    ("calls to the model at once", lambda each: f"{each.model_connections:,.0f}", "computed"),
    ("connections to Telegram in use", lambda each: f"{each.telegram_connections:,.0f}", "computed"),
    ("connections to PostgreSQL, pools full", lambda each: f"{each.postgres_connections:,}", "computed"),
    ("connections to Redis", lambda each: f"{each.redis_connections:,.0f}", "computed"),
    ("Redis: memory, chats of half an hour", lambda each: _bytes(each.redis_bytes), "computed"),
    ("Redis: commands a second", lambda each: f"{each.redis_commands:,.0f}", "computed"),
    (
        "PostgreSQL: statements / commits a second",
        lambda each: f"{each.statements:,.0f} / {each.commits:,.0f}",
        "computed",
    ),
    ("PostgreSQL: log (WAL) a second", lambda each: _bytes(each.wal_bytes), "computed"),
    ("PostgreSQL: log a day", lambda each: _bytes(each.wal_bytes_day), "computed"),
    ("messages stored a day", lambda each: f"{short(each.rows_day)}".strip(), "computed"),
    ("database after a year, nothing forgotten", lambda each: _bytes(each.database_bytes_year), "computed"),
    ("webhook answered 200, p50 / p95", lambda each: _milliseconds(each.waits["acknowledged"]), "simulated"),
    (
        "stored → the model is asked, p50 / p95",
        lambda each: _milliseconds(each.waits["started"]),
        "simulated",
    ),
    ("button answered, p50 / p95", lambda each: _milliseconds(each.waits["pressed"]), "simulated"),
    ("said → first answer in the chat, p50 / p95", lambda each: _seconds(each.waits["answered"]), "simulated"),
    (
        "busy: gateways / workers / PostgreSQL",
        lambda each: " / ".join(f"{share:.0%}" for share in each.busy.values()),
        "simulated",
    ),
    ("chats that waited for a place at once, most", lambda each: str(each.most_waiting), "simulated"),
)


def _limits(sizes: Sequence[Needs]) -> str:
    rows = []
    for each in sizes:
        found = limits(each)
        over = [limit for limit in found if limit.share > 1]
        near = [limit for limit in found if NEAR < limit.share <= 1] or found[len(over) : len(over) + 2]
        rows.append((f"{each.bots:,}", _named(over) or "nothing", _named(near)))
    return table(
        ("bots", "more than one of it holds, the furthest first", "next, share of what one holds"), rows, numbers=False
    )


def _named(found: Sequence[Limit]) -> str:
    return "; ".join(f"{limit.name}: {_share(limit.share)}" for limit in found)


def _share(share: float) -> str:
    return f"{share:.0%}" if share < 1 else f"{share:.1f} ×"


def _usage(usage: Usage) -> str:
    return (
        f"{usage.messages_per_bot_hour:g} messages of people and {usage.presses_per_bot_hour:g} presses for each bot "
        f"and hour, averaged over the day and all bots; {usage.private:.0%} of the messages in private chats (all "
        f"answered), {usage.asking:.0%} in groups to the persona, {1 - usage.answered:.0%} in groups and only listened "
        f"to. A day of one time zone, whose busiest hour has {usage.peak:.1f} times the mean; lines come in bursts of "
        f"one to three; bots are as popular as a lognormal distribution makes them (a tenth of them gets 59 % of the "
        f"messages), with {usage.chats_per_bot:g} chats each on average. An answer is one to three messages "
        f"({usage.parts_per_answer:.2f} on average), each beyond the first "
        f"for a quarter of a turn's work. The model takes {usage.model_seconds:g} s (median, lognormal, sigma "
        f"{usage.model_spread:g}), Telegram {usage.telegram_seconds * 1e3:.0f} ms; every {usage.lines_per_summary:.0f} "
        f"lines cost one call more. A chat in which somebody talks has {usage.lines_in_a_row:g} lines between two "
        "checkpoints."
    )


def _validation(found: Sequence[Beside]) -> str:
    answered, p50, p95 = worst(found)
    hopeful = sum(each.off[2] < 0 for each in found)
    middle = statistics.median(abs(each.off[2]) for each in found)
    head = (
        "workers",
        "said/s",
        "answered/s measured",
        "simulated",
        "p50 measured",
        "simulated",
        "p95 measured",
        "simulated",
    )
    rows = [
        (
            str(each.measured.workers),
            f"{each.measured.said / each.measured.seconds:.1f}",
            f"{each.measured.answered:.1f}",
            f"{each.answered:.1f}",
            f"{each.measured.waits.p50:.2f} s",
            f"{each.waits.p50:.2f} s",
            f"{each.measured.waits.p95:.2f} s",
            f"{each.waits.p95:.2f} s",
        )
        for each in found
    ]
    return (
        "The same lines at the same times before the cluster and before the simulation: at the worst, answers a second "
        f"are off by {answered:.0%}, p50 by {p50:.0%}, p95 by {p95:.0%} of the measured ones; p95 of half of the "
        f"rounds by no more than {middle:.0%}. In {hopeful} of {len(found)} rounds the simulated p95 is the lower one."
        f"\n\n{table(head, rows)}"
    )
