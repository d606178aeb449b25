"""The picture: p95 by rate, a panel for each database. Drawn again from benchmarks/load.json, without a run, by
`python -m benchmarks.load.plot`."""

import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import msgspec
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmarks.load.play import ACKNOWLEDGED_WITHIN, SHOWN_WITHIN, Played
from benchmarks.load.report import PICTURE, RESULTS, TITLES, Outcome, Results
from benchmarks.load.search import STEP_SECONDS
from benchmarks.plots import BLUE, INK, NO_TRACES, ORANGE, STYLE, WIDE

HIGH = 3.4
"""Inches of a panel."""
ROOM_BELOW, ROOM_ABOVE = 0.4, 0.06
"""Shares of a panel's height without marks; below stands the label of what held."""
LINE = 15.0
"""Points from one line of that label to the next."""
SEARCHED: dict[str, Any] = {"markersize": 5, "markerfacecolor": "none", "markeredgewidth": 1.2}
FAILED: dict[str, Any] = {"markersize": 5}
HELD: dict[str, Any] = {"markersize": 10}


class Measure(msgspec.Struct, frozen=True):
    """`within` are milliseconds."""

    label: str
    colour: str
    mark: str
    within: float
    p95: Callable[[Played], float]


MEASURES = (
    Measure("acknowledged", BLUE, "o", ACKNOWLEDGED_WITHIN, lambda played: played.acknowledged.p95),
    Measure("buttons", ORANGE, "s", SHOWN_WITHIN, lambda played: played.shown.p95),
)


def draw(outcomes: Sequence[Outcome], file: Path) -> None:
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDE, HIGH * len(outcomes)), layout="constrained")
        figure.set_layout_engine("constrained", hspace=0.06)
        for axes, outcome in zip(figure.subplots(len(outcomes), squeeze=False)[:, 0], outcomes, strict=True):
            _panel(axes, outcome)
        longest = max(each.seconds for outcome in outcomes for each in _played(outcome))
        figure.legend(handles=_legend(longest), loc="outside lower left", ncols=2)
        figure.savefig(file, format="svg", transparent=True, metadata=NO_TRACES)


def _panel(axes: Axes, outcome: Outcome) -> None:
    for measure in MEASURES:
        _marks(axes, measure, outcome)
        axes.axhline(measure.within, color=measure.colour, linewidth=1, linestyle=":")
        beside: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
        axes.annotate(
            f"{measure.within:g} ms", (1, measure.within), (4, 0), va="center", color=measure.colour, **beside
        )
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.minorticks_off()
    axes.grid(visible=True, axis="y")
    axes.margins(x=0.08)
    axes.set_ylim(*_heights(outcome))
    axes.set_xlabel("updates a second")
    axes.set_title(f"{TITLES[outcome.database]}: p95, ms")
    _verdict(axes, outcome.confirmed)


def _played(outcome: Outcome) -> tuple[Played, ...]:
    return outcome.rounds if outcome.confirmed is None else (*outcome.rounds, outcome.confirmed)


def _heights(outcome: Outcome) -> tuple[float, float]:
    """Where the logarithmic axis begins and ends."""
    times = [measure.p95(each) for measure in MEASURES for each in _played(outcome)]
    low, high = min(*times, ACKNOWLEDGED_WITHIN), max(*times, SHOWN_WITHIN)
    whole = (high / low) ** (1 / (1 - ROOM_BELOW - ROOM_ABOVE))
    return low / whole**ROOM_BELOW, high * whole**ROOM_ABOVE


def _marks(axes: Axes, measure: Measure, outcome: Outcome) -> None:
    """The search joined by its medians, so that a rate which was tried twice makes no zigzag."""
    short = [each for each in outcome.rounds if each.seconds <= STEP_SECONDS]
    failed = [each for each in outcome.rounds if each.seconds > STEP_SECONDS and not each.held]
    held = [] if outcome.confirmed is None else [outcome.confirmed]
    rates = sorted({each.rate for each in short})
    medians = [statistics.median(measure.p95(each) for each in short if each.rate == rate) for rate in rates]
    axes.plot(rates, medians, color=measure.colour, linewidth=1, alpha=0.6)
    for rounds, how in ((short, SEARCHED), (failed, FAILED), (held, HELD)):
        times = [measure.p95(each) for each in rounds]
        axes.plot([each.rate for each in rounds], times, measure.mark, color=measure.colour, **how)


def _verdict(axes: Axes, held: Played | None) -> None:
    if held is None:
        axes.annotate("no rate held", (0.02, 0.04), xycoords="axes fraction", weight="bold")
        return
    axes.axvline(held.rate, color=INK, linewidth=1, linestyle="--")
    low, high = axes.get_xlim()
    left = held.rate > (low + high) / 2
    lines = [(f"{held.rate:.0f}/s held for {held.seconds:.0f} s", INK)]
    lines += [(f"{measure.label} {measure.p95(held):.1f} ms", measure.colour) for measure in MEASURES]
    for above, (words, colour) in enumerate(reversed(lines)):
        axes.annotate(
            words,
            (held.rate, 0),
            (-6 if left else 6, 5 + LINE * above),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="right" if left else "left",
            color=colour,
            weight="bold",
        )


def _legend(longest: float) -> list[Line2D]:
    of_measures = [
        Line2D([], [], color=each.colour, marker=each.mark, linestyle="", label=each.label) for each in MEASURES
    ]
    kinds = (
        (f"{STEP_SECONDS:.0f} s, medians joined", SEARCHED),
        (f"{longest:.0f} s, not held", FAILED),
        (f"{longest:.0f} s, held", HELD),
    )
    of_rounds = [Line2D([], [], color=INK, marker="o", linestyle="", label=label, **how) for label, how in kinds]
    return [*of_measures, *of_rounds]


if __name__ == "__main__":
    draw(msgspec.json.decode(RESULTS.read_bytes(), type=Results).outcomes, PICTURE)
