"""What came of the load test: tables for people, a file for programs, the measured part of the page."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks import pages
from benchmarks.load.play import ACKNOWLEDGED_WITHIN, SHOWN_WITHIN, Played
from benchmarks.machine import Machine
from benchmarks.program import ROOT

PAGE = ROOT / "docs" / "load.md"
PICTURE = ROOT / "docs" / "pictures" / "load.svg"
RESULTS = ROOT / "benchmarks" / "load.json"
BEGIN = "<!-- measured: everything up to the end mark is written by `python -m benchmarks.load` -->"

TITLES = {"sqlite": "SQLite", "postgresql": "PostgreSQL and Redis"}
FULL = 0.9
"""A core, or the machine, of which this share is used has nothing left to give."""
DISTURBED = 0.1
"""From this share of the machine on, what others do is worth a warning."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Of one database. `calibration` is the fixed loop of `benchmarks.machine` before and after, in milliseconds;
    `warnings` are all that the platform logged, from its start to its end."""

    database: str
    rounds: tuple[Played, ...]
    confirmed: Played | None
    calibration: float
    warnings: int


class Results(msgspec.Struct, frozen=True):
    taken_on: str
    machine: Machine
    outcomes: tuple[Outcome, ...]


def section(outcome: Outcome, cores: int) -> str:
    """Markdown: the verdict, every round, and what stood in the way of more."""
    lines = (
        f"### {TITLES[outcome.database]}",
        f"{verdict(outcome)}{reservation(outcome, cores)}",
        table(outcome.rounds),
        conditions(outcome, cores),
    )
    return "\n\n".join(lines)


def verdict(outcome: Outcome) -> str:
    best = outcome.confirmed
    if best is None:
        last = outcome.rounds[-1]
        return f"**No rate was held**; the last one tried was {last.rate:.0f} updates a second. {tally(last)}"
    return (
        f"**{best.rate:.0f} updates a second held for {best.seconds:.0f} s**: p95 of acknowledgement "
        f"{best.acknowledged.p95:.1f} ms, of buttons {best.shown.p95:.1f} ms. {tally(best)}"
    )


def reservation(outcome: Outcome, cores: int) -> str:
    """Nothing, when the machine was the load test's own."""
    share = max(map(others, outcome.rounds)) / cores
    if share < DISTURBED:
        return ""
    return f" **Other programs took up to {share:.0%} of the machine: by itself the platform holds more.**"


def tally(played: Played) -> str:
    """What was counted besides time."""
    return (
        f"Of {played.updates} updates {played.refused} were refused; of {played.asked} messages that asked for an "
        f"answer {played.unanswered} got none; {played.unshown} presses changed nothing; {played.strays} messages were "
        f"not the model's; {played.warnings} warnings were logged. The model replied {played.replies} times."
    )


def in_short(played: Played) -> str:
    """For whoever waits."""
    return (
        f"{played.rate:.0f} updates/s for {played.seconds:.0f} s: acknowledged {played.acknowledged.p95:.1f} ms, "
        f"buttons {played.shown.p95:.1f} ms (p95), {_word(played)}"
    )


def table(rounds: Sequence[Played]) -> str:
    names = list(rounds[0].cpu)
    head = (
        "updates/s",
        "for",
        "acknowledged p50 / p95",
        "buttons p50 / p95",
        *names,
        "others",
        "CPU an update",
        "",
    )
    rows = (_row(each, names) for each in rounds)
    return "\n".join((_cells(head), "|" + "---|" * len(head), *rows))


def _row(played: Played, names: Sequence[str]) -> str:
    times = (f"{each.p50:.1f} / {each.p95:.1f} ms" for each in (played.acknowledged, played.shown))
    used = (f"{played.cpu[name]:.2f}" for name in names)
    each = f"{played.cpu['platform'] / played.rate * 1e3:.1f} ms"
    head = (f"{played.rate:.0f}", f"{played.seconds:.0f} s")
    return _cells((*head, *times, *used, f"{others(played):.2f}", each, _word(played)))


def _cells(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _word(played: Played) -> str:
    if played.held:
        return "held"
    return "too slow" if played.is_clean else "**with faults**"


def others(played: Played) -> float:
    """Cores used by what does not belong to the measurement."""
    return max(0.0, played.busy - sum(played.cpu.values()))


def conditions(outcome: Outcome, cores: int) -> str:
    return (
        f"Processes: cores used on average, of {cores}. {limit(outcome.rounds, cores)} "
        f"Fixed loop {outcome.calibration:.1f} ms. From start to end the platform logged {outcome.warnings} warnings."
    )


def limit(rounds: Sequence[Played], cores: int) -> str:
    """What the slowest of the rounds that were not held ran into."""
    failed = [each for each in rounds if not each.held]
    if not failed:
        return "Every rate that was tried was held."
    worst = max(failed, key=lambda each: each.rate)
    at = f"At {worst.rate:.0f} updates a second"
    if worst.busy >= FULL * cores:
        return f"{at} all cores were full, {others(worst) / cores:.0%} of them with other programs."
    busiest = max(worst.cpu, key=lambda name: worst.cpu[name])
    if worst.cpu[busiest] >= FULL:
        return f"{at} the process called {busiest} had a core to itself and needed more."
    return f"{at} no core was full: time went into waiting."


def page_part(results: Results) -> str:
    head = pages.where_and_when(results.taken_on, results.machine)
    picture = f"![Time until acknowledged and until shown, by rate](pictures/{PICTURE.name})"
    sections = (section(each, results.machine.cores) for each in results.outcomes)
    return "\n\n".join((BEGIN, head, picture, *sections, pages.END))


def write(results: Results, *, page: Path = PAGE, file: Path = RESULTS) -> None:
    """Replace the measured part of the page, and the file. Raises ValueError when the page has lost its marks."""
    pages.write(page, BEGIN, page_part(results))
    pages.write_results(file, results)


def limits() -> str:
    return f"p95 under {ACKNOWLEDGED_WITHIN:.0f} ms (acknowledged) and {SHOWN_WITHIN:.0f} ms (buttons)"
