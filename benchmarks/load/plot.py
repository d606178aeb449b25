"""The picture: time by rate, a panel for each database."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.load.play import ACKNOWLEDGED_WITHIN, SHOWN_WITHIN, Played, Times
from benchmarks.load.report import TITLES, Outcome

GREY, BLUE, ORANGE = "#808080", "#3b82f6", "#e07b00"
"""Each can be read on white and on black."""
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "load",
    "font.family": "sans-serif",
    "font.size": 10,
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), GREY),
    "axes.spines.top": False,
    "axes.spines.right": False,
}
"""Text stays text; the same figures give the same file."""


def draw(outcomes: Sequence[Outcome], file: Path) -> None:
    with rc_context(STYLE):
        figure = Figure(figsize=(1 + 4 * len(outcomes), 4), layout="constrained")
        panels = figure.subplots(1, len(outcomes), sharex=True, sharey=True, squeeze=False)[0]
        for axes, outcome in zip(panels, outcomes, strict=True):
            _panel(axes, outcome)
        panels[0].set_ylabel("milliseconds from when the update was due")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})


def _panel(axes: Axes, outcome: Outcome) -> None:
    rounds = sorted(outcome.rounds, key=lambda each: each.rate)
    _lines(axes, rounds, [each.acknowledged for each in rounds], "acknowledged", BLUE)
    _lines(axes, rounds, [each.shown for each in rounds], "button answered and shown", ORANGE)
    for within, colour in ((ACKNOWLEDGED_WITHIN, BLUE), (SHOWN_WITHIN, ORANGE)):
        axes.axhline(within, color=colour, linewidth=0.8, linestyle=":")
        limit = f"{within:g} ms"
        axes.annotate(limit, (0, within), xycoords=("axes fraction", "data"), xytext=(4, 2), textcoords="offset points")
    if outcome.confirmed is not None:
        axes.axvline(outcome.confirmed.rate, color=GREY, linewidth=0.8, linestyle="--")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("updates a second")
    axes.set_title(_title(outcome), fontsize=10)


def _lines(axes: Axes, rounds: Sequence[Played], times: Sequence[Times], label: str, colour: str) -> None:
    rates = [each.rate for each in rounds]
    axes.plot(rates, [each.p95 for each in times], color=colour, marker="o", markersize=4, label=f"{label}, p95")
    p50 = [each.p50 for each in times]
    axes.plot(rates, p50, color=colour, marker="o", markersize=2, linewidth=1, linestyle="--", label=f"{label}, p50")


def _title(outcome: Outcome) -> str:
    held = "no rate held" if outcome.confirmed is None else f"{outcome.confirmed.rate:.0f}/s held"
    return f"{TITLES[outcome.database]}: {held}"
