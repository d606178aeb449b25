"""Runs as a table, the evidence of what was broken, and the measured part of docs/reliability.md."""

import datetime
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import orjson

from benchmarks import machine, pages
from benchmarks.chaos.run import Run
from benchmarks.chaos.troubles import KILLING, Happened
from benchmarks.cluster.cluster import AHEAD, AHEAD_BY
from benchmarks.program import ROOT
from benchmarks.waits import Times, times
from maskarad.values import Value

PAGE = ROOT / "docs" / "reliability.md"
RESULTS = ROOT / "benchmarks" / "chaos.json"
BEGIN = "<!-- measured by `make chaos` -->"
KEPT = 3
"""Runs side by side."""
AROUND = 2.0
"""Seconds of log before and after a broken promise."""
MOST_LINES = 12
SHOWN = 20
"""Broken promises that are told with their evidence."""
COST = (-2.0, 10.0)
"""Lines said from so many seconds after a trouble's beginning until so many are those it can have delayed."""


class Cost(Value, frozen=True):
    """What troubles of one kind cost: how many there were, what was said around them and how long that waited, and the
    parts that came twice."""

    count: int
    lines: int
    waits: Times
    doubles: int


class Figures(Value, frozen=True):
    """A run in numbers."""

    seed: int
    taken_on: str
    minutes: float
    said: int
    answered: int
    apologised: int
    lines_per_second: float
    waits: Times
    presses: int
    presses_lost: int
    pressed: Times
    doubles_at_kills: int
    doubles_at_cuts: int
    late: int
    deliveries: int
    refused: dict[str, int]
    """By HTTP status; 0: no answer."""
    asked: int
    failed: int
    in_vain: int
    gateway_mb: float
    worker_mb: float
    costs: dict[str, Cost]
    broken: dict[str, int]


Show = Callable[[Figures], str]


def figures(run: Run) -> Figures:
    evidence, verdict = run.evidence, run.verdict
    most = evidence.resident
    return Figures(
        seed=run.plan.seed,
        taken_on=datetime.datetime.now(datetime.UTC).date().isoformat(),
        minutes=run.seconds / 60,
        said=len(evidence.said),
        answered=len(verdict.waits),
        apologised=verdict.apologised,
        lines_per_second=sum(line.at <= run.seconds for line in run.plan.lines) / run.seconds,
        waits=times([wait for _, wait in verdict.waits]),
        presses=len(evidence.pressed),
        presses_lost=verdict.presses_lost,
        pressed=times([each.seconds for each in evidence.pressed if each.seconds is not None]),
        doubles_at_kills=sum(each.cause is not None for each in verdict.doubles),
        doubles_at_cuts=sum(each.was_cut for each in verdict.doubles),
        late=verdict.late,
        deliveries=run.deliveries,
        refused=dict(sorted(Counter(str(each.status) for each in evidence.refused).items())),
        asked=len(evidence.asked),
        failed=sum(each.failed is not None for each in evidence.asked),
        in_vain=run.in_vain,
        gateway_mb=max(most[name] for name in most if name.startswith("gateway")),
        worker_mb=max(most[name] for name in most if name.startswith("worker")),
        costs={kind: _cost(run, kind) for kind in dict.fromkeys(each.trouble.kind for each in evidence.troubles)},
        broken=dict(Counter(each.promise for each in verdict.broken)),
    )


def _cost(run: Run, kind: str) -> Cost:
    came = [each for each in run.evidence.troubles if each.trouble.kind == kind]
    waits = [wait for at, wait in run.verdict.waits if any(_concerns(each, at) for each in came)]
    doubles = sum(each.cause in came for each in run.verdict.doubles if each.cause is not None)
    return Cost(count=len(came), lines=len(waits), waits=times(waits), doubles=doubles)


def _concerns(happened: Happened, at: float) -> bool:
    return happened.began + COST[0] <= at <= happened.began + COST[1]


def table(runs: Sequence[Figures], shown: Mapping[str, Show]) -> str:
    rows: list[tuple[str, ...]] = [
        ("", *(f"seed {run.seed}" for run in runs)),
        *((name, *(each(run) for run in runs)) for name, each in shown.items()),
    ]
    head, *rest = (_cells(row) for row in rows)
    return "\n".join((head, "|---|" + "---:|" * len(runs), *rest))


def costs(runs: Sequence[Figures]) -> str:
    """By kind of trouble, over all runs."""
    kinds = sorted({kind for run in runs for kind in run.costs})
    head = ("trouble", "times", "lines said around", "longest wait p50 / p95 / most of a run", "parts twice")
    rows = (_cells((kind, *_row([run.costs[kind] for run in runs if kind in run.costs]))) for kind in kinds)
    return "\n".join((_cells(head), "|---|---:|---:|---:|---:|", *rows))


def _row(found: Sequence[Cost]) -> tuple[str, ...]:
    worst = Times(
        p50=max(each.waits.p50 for each in found),
        p95=max(each.waits.p95 for each in found),
        most=max(each.waits.most for each in found),
    )
    return (
        str(sum(each.count for each in found)),
        str(sum(each.lines for each in found)),
        _told(worst),
        str(sum(each.doubles for each in found)),
    )


def _told(found: Times, digits: int = 1) -> str:
    return f"{found.p50:.{digits}f} / {found.p95:.{digits}f} / {found.most:.{digits}f} s"


def _promises(run: Figures) -> str:
    return ", ".join(f"**{promise}: {count}**" for promise, count in run.broken.items()) or "none"


_OF_A_STORM = frozenset(
    {
        "answered by an apology, their model having failed",
        "never answered, their gateway having died",
        "troubles",
        "of them kills and freezes",
        "parts twice: Telegram cut the connection when it was sent",
        "answered after a later line that Telegram brought first",
        "started in vain, PostgreSQL being away",
    }
)


def _refused(run: Figures) -> str:
    return ", ".join(f"{status}: {count}" for status, count in run.refused.items()) or "none"


def _kills(run: Figures) -> str:
    return str(sum(cost.count for kind, cost in run.costs.items() if kind in KILLING or "killed" in kind))


ROWS: Mapping[str, Show] = {
    "minutes": lambda run: f"{run.minutes:.1f}",
    "lines a second, on average": lambda run: f"{run.lines_per_second:.1f}",
    "messages that asked for an answer": lambda run: str(run.said),
    "answered": lambda run: str(run.answered),
    "answered by an apology, their model having failed": lambda run: str(run.apologised),
    "never answered": lambda run: str(run.said - run.answered - run.apologised),
    "wait for the answer, p50 / p95 / most": lambda run: _told(run.waits),
    "buttons pressed": lambda run: str(run.presses),
    "never answered, their gateway having died": lambda run: str(run.presses_lost),
    "wait for a button's answer, p50 / p95 / most": lambda run: _told(run.pressed, digits=2),
    "troubles": lambda run: str(sum(cost.count for cost in run.costs.values())),
    "of them kills and freezes": _kills,
    "parts twice: in flight at a kill": lambda run: str(run.doubles_at_kills),
    "parts twice: Telegram cut the connection when it was sent": lambda run: str(run.doubles_at_cuts),
    "answered after a later line that Telegram brought first": lambda run: str(run.late),
    "webhook deliveries": lambda run: str(run.deliveries),
    "not taken at once, by status (0: no answer, 502: proxy, 503: no PostgreSQL, or no gateway)": _refused,
    "calls to the model / failed": lambda run: f"{run.asked} / {run.failed}",
    "started in vain, PostgreSQL being away": lambda run: str(run.in_vain),
    "memory at the most: gateway / worker": lambda run: f"{run.gateway_mb:.0f} / {run.worker_mb:.0f} MB",
    "broken promises": _promises,
}
CALM_ROWS = {name: show for name, show in ROWS.items() if name not in _OF_A_STORM}
"""Where nothing goes wrong."""


def _cells(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def evidence(run: Run, folder: Path) -> Iterator[str]:
    """What was broken, where and when, with what the processes logged at that time."""
    counted = Counter(each.promise for each in run.verdict.broken)
    for promise, count in counted.items():
        yield f"BROKEN {promise}: {count}"
    for each in run.verdict.broken[:SHOWN]:
        at = "" if each.at is None else f"{each.at - run.started:.1f} s: "
        yield f"- {each.promise}: {at}{each.what}"
        if each.at is not None:
            yield from _logged(folder, each.at)


def _logged(folder: Path, at: float) -> Iterator[str]:
    """Warnings of all processes around that time, one of each kind a process."""
    found: dict[tuple[str, str], tuple[float, str]] = {}
    for file in sorted(folder.glob("*-*.log")):
        wrong = AHEAD_BY if file.stem == AHEAD else 0.0
        for line in file.read_text(errors="replace").splitlines():
            warning = _warning(line)
            if warning is not None and abs(warning[0] - wrong - at) <= AROUND:
                found.setdefault((file.stem, warning[1]), (warning[0] - wrong, f"    {file.stem}: {line[:300]}"))
    yield from (line for _, line in sorted(found.values())[:MOST_LINES])


def _warning(line: str) -> tuple[float, str] | None:
    """When it was logged, and what; None for other lines."""
    try:
        said = orjson.loads(line)
        if said["level"] not in ("warning", "error", "critical"):
            return None
        return datetime.datetime.fromisoformat(said["timestamp"]).timestamp(), str(said["event"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None


class Results(Value, frozen=True):
    machine: machine.Machine
    runs: tuple[Figures, ...]


def keep(run: Figures, *, page: Path = PAGE, file: Path = RESULTS) -> None:
    """Put a run beside the last ones, in the file and on the page. Raises ValueError when the page lost its marks."""
    earlier = msgspec.json.decode(file.read_bytes(), type=Results).runs if file.exists() else ()
    runs = (*(each for each in earlier if each.seed != run.seed), run)[-KEPT:]
    results = Results(machine=machine.describe(), runs=runs)
    pages.write(page, BEGIN, part(results))
    pages.write_results(file, results)


def part(results: Results) -> str:
    head = pages.where_and_when(results.runs[-1].taken_on, results.machine)
    return "\n\n".join((BEGIN, head, table(results.runs, ROWS), costs(results.runs), pages.END))
