"""The tables of a soak."""

from collections.abc import Iterator, Sequence

from benchmarks import pages
from benchmarks.machine import Machine
from benchmarks.soak.figures import Figures, Growth, ProcessFigures, broken

BEGIN = "<!-- measured by `make soak` -->"
PROCESSES = ("process", "memory", "MB an hour", "open files", "tasks", "loop late by p50 / most")


def tables(found: Figures) -> str:
    kept = "; ".join(broken(found)) or "none"
    said = (
        f"{found.said} messages asked for an answer in {found.warm_up_minutes:g} minutes of warm-up and "
        f"{found.minutes:g} that count; {found.answered} were answered. Promises not kept: {kept}."
    )
    return "\n\n".join((said, _table(PROCESSES, map(_process, found.processes)), _servers(found), _rows(found)))


def part(found: Figures, taken_on: str, described: Machine) -> str:
    return "\n\n".join((BEGIN, pages.where_and_when(taken_on, described), tables(found), pages.END))


def _process(each: ProcessFigures) -> Sequence[str]:
    return (
        each.name,
        f"{each.resident.first:.1f} → {each.resident.last:.1f} MB",
        f"{each.slope:+.2f}",
        _whole(each.files),
        _whole(each.tasks),
        f"{each.lag_p50 * 1e3:.0f} / {each.lag_most * 1e3:.0f} ms",
    )


def _servers(found: Figures) -> str:
    servers = found.servers
    memory = f"{servers.redis_mb.first:.2f} → {servers.redis_mb.last:.2f} MB ({servers.redis_slope:+.1f} an hour)"
    rows = (
        ("connections to PostgreSQL", _whole(servers.postgres_connections)),
        ("connections to Redis", _whole(servers.redis_clients)),
        ("Redis' memory", memory),
    )
    return _table(("servers", "first → last minute"), rows)


def _rows(found: Figures) -> str:
    rows = ((f"`{name}`", f"{before:,}", f"{more:,}") for name, (before, more) in sorted(found.rows.items()))
    return _table(("table that grew", "rows when it was warm", "more at the end"), rows)


def _whole(growth: Growth) -> str:
    return f"{growth.first:.0f} → {growth.last:.0f}"


def _table(head: Sequence[str], rows: Iterator[Sequence[str]] | Sequence[Sequence[str]]) -> str:
    lines = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join((f"| {' | '.join(head)} |", "|---|" + "---:|" * (len(head) - 1), *lines))
