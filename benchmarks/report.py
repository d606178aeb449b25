"""The table that people read and the file that programs read."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks import pages, summary
from benchmarks.figures import Figure, Grid, Workload
from benchmarks.machine import Machine
from benchmarks.program import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"
RESULTS = ROOT / "benchmarks" / "results.json"
PICTURES = {
    "bench-latency": "How long a press takes, by how many people wait at once",
    "bench-cpu": "CPU of a press and of an answered message, side by side",
    "bench-history": "CPU to read what a prompt needs, by the length of the history",
    "bench-memory": "Resident memory, by the number of bots",
}
"""Beside the page, with what they show."""
BEGIN = "<!-- measured: everything up to the end mark is written by `make bench` -->"


class Results(msgspec.Struct, frozen=True):
    taken_on: str
    machine: Machine
    workloads: tuple[Workload, ...]


def table(workload: Workload) -> str:
    """Markdown, with a row for each figure and the conditions under it."""
    rows = [
        f"### {workload.title}",
        "",
        workload.note,
        "",
        *_rows(workload.figures),
        *(row for grid in workload.grids for row in _grid(grid)),
        _conditions(workload),
    ]
    if workload.complaints:
        rows += ["", f"The platform logged {len(workload.complaints)} warnings: `{workload.complaints[0]}`"]
    return "\n".join(rows)


def _rows(figures: Sequence[Figure]) -> Sequence[str]:
    if not figures:
        return ()
    head = ("| | median | lowest – highest | repeats | target | |", "|---|---|---|---|---|---|")
    return (*head, *map(_row, figures), "")


def _row(each: Figure) -> str:
    spread = f"{_number(each.lowest)} – {_number(each.highest)}"
    return f"| {each.question} | {_median(each)} | {spread} | {each.repeats} | {_target(each)} | {_verdict(each)} |"


def _median(each: Figure) -> str:
    return f"{_number(each.median)}{_unit(each)}"


def _target(each: Figure) -> str:
    if each.most is not None:
        return f"≤ {_number(each.most)}{_unit(each)}"
    return "" if each.least is None else f"≥ {_number(each.least)}{_unit(each)}"


def _verdict(each: Figure) -> str:
    return {None: "", True: "reached", False: "**not reached**"}[each.reached]


def _grid(grid: Grid) -> Sequence[str]:
    head = (f"| {grid.corner} | " + " | ".join(grid.columns) + " |", "|---" * (len(grid.columns) + 1) + "|")
    lines = (f"| {line.name} | " + " | ".join(map(_cell, line.cells)) + " |" for line in grid.lines)
    return (*head, *lines, "")


def _cell(each: Figure | None) -> str:
    if each is None:
        return "–"
    if each.lowest == each.highest:
        return _median(each)
    return f"{_median(each)} ({_number(each.lowest)} – {_number(each.highest)})"


def _promises(workloads: Sequence[Workload]) -> str:
    rows = ["| | the documents promise | to reach | measured | |", "|---|---|---|---|---|"]
    for promise, each in summary.found(workloads):
        measured = "not measured | " if each is None else f"{_median(each)} | {_verdict(each)}"
        rows.append(f"| {promise.what} | {promise.seed} | {_target(each) if each else ''} | {measured} |")
    return "\n".join(rows)


def _conditions(workload: Workload) -> str:
    at = workload.conditions
    return (
        f"Fixed loop {at.calibration:.1f} ms, other programs took {at.others:.0%} of the machine, "
        f"{at.seconds:.0f} s in all."
    )


def _number(value: float) -> str:
    """Three digits that mean something, no more decimals than that needs."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _unit(each: Figure) -> str:
    return f" {each.unit}" if each.unit else ""


def page_part(results: Results) -> str:
    head = pages.where_and_when(results.taken_on, results.machine)
    pictures = (f"![{alt}](pictures/{name}.svg)" for name, alt in PICTURES.items())
    parts = (BEGIN, head, _promises(results.workloads), *pictures, *map(table, results.workloads), pages.END)
    return "\n\n".join(parts)


def write(results: Results, *, page: Path = PAGE, file: Path = RESULTS) -> None:
    """Replace the measured part of the page, and the file. Raises ValueError when the page has lost its marks."""
    pages.write(page, BEGIN, page_part(results))
    pages.write_results(file, results)
