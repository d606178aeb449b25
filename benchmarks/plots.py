"""The pictures of the page, drawn from its figures. Nothing is painted behind them, and words are of a grey that can be
read on a light page and on a dark one. Imported only to draw: matplotlib takes a second."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Sheet

from benchmarks.figures import Figure, Workload
from benchmarks.sides import AIOGRAM, APPLICATIONS, BEFORE, FLOOR, KEPT, OURS, PTB

INK = "#7a818a"
BLUE, VIOLET, RED, ORANGE, GREY, LIGHT_GREY = "#2f81f7", "#8957e5", "#d1423b", "#d98324", "#8b929a", "#a9b0b8"
COLOURS = {
    OURS: BLUE,
    f"{OURS}, SQLite": BLUE,
    f"{OURS}, PostgreSQL": VIOLET,
    BEFORE: RED,
    KEPT: ORANGE,
    FLOOR: GREY,
    PTB: GREY,
    APPLICATIONS: GREY,
    AIOGRAM: LIGHT_GREY,
}
WIDE, HIGH = 5.6, 3.5
"""Inches: so narrow that its words can still be read at a phone's width."""
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "maskarad",
    "font.family": "sans-serif",
    "font.size": 11,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": INK,
    "grid.alpha": 0.25,
    "xtick.color": INK,
    "ytick.color": INK,
    "lines.linewidth": 2.2,
    "lines.markersize": 6,
    "legend.frameon": False,
}
NO_TRACES = {"Date": None, "Creator": None}

Lines = Mapping[str, Mapping[int, Figure]]
"""By who, by how many."""


def draw(workloads: Sequence[Workload], folder: Path) -> None:
    """Write all pictures; workloads that are missing leave theirs as they are."""
    by_name = {workload.name: workload for workload in workloads}
    for name, needed, picture in PICTURES:
        if all(each in by_name for each in needed):
            with mpl.rc_context(STYLE):
                sheet = Sheet(figsize=(WIDE, HIGH), layout="constrained")
                picture(sheet, *(by_name[each] for each in needed))
                sheet.savefig(folder / f"{name}.svg", transparent=True, metadata=NO_TRACES)


def _lines(workload: Workload, column: str) -> Lines:
    """Of a grid whose lines are called `10, before`."""
    lines: dict[str, dict[int, Figure]] = {}
    for name, cell in workload.grids[0].column(column).items():
        number, _, who = name.partition(", ")
        lines.setdefault(who, {})[int(number)] = cell
    return lines


def _plot(axes: Axes, lines: Lines) -> None:
    """Medians, with the lowest and the highest as a shade."""
    for who, cells in lines.items():
        numbers, colour = list(cells), COLOURS[who]
        axes.plot(numbers, [each.median for each in cells.values()], "o-", color=colour, label=who)
        low, high = ([getattr(each, name) for each in cells.values()] for name in ("lowest", "highest"))
        axes.fill_between(numbers, low, high, color=colour, alpha=0.18, linewidth=0)
    axes.set_xticks(sorted({number for cells in lines.values() for number in cells}))
    axes.minorticks_off()
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.grid(visible=True, axis="y")


def _latency(sheet: Sheet, navigation: Workload) -> None:
    axes = sheet.subplots()
    axes.set(xscale="log", yscale="log", xlabel="people who wait for a screen at any time")
    axes.set_title("A press until its screen, p95, ms")
    _plot(axes, _lines(navigation, "p95"))
    sheet.legend(loc="outside lower center", ncols=2)


def _cpu(sheet: Sheet, navigation: Workload, message: Workload) -> None:
    presses = {who: cells[10] for who, cells in _lines(navigation, "CPU a press").items()}
    sheet.set_layout_engine("constrained", hspace=0.12)
    above, below = sheet.subplots(2, height_ratios=[len(presses), len(message.grids[0].lines)])
    _bars(above, "CPU of a press, ms", presses)
    _bars(below, "CPU of an answered message, ms", message.grids[0].column("CPU a message"))


def _bars(axes: Axes, title: str, figures: Mapping[str, Figure]) -> None:
    names, values = list(figures), [each.median for each in figures.values()]
    axes.barh(names, values, color=[COLOURS[name] for name in names], height=0.68)
    for place, (name, value) in enumerate(zip(names, values, strict=True)):
        how: dict[str, Any] = {"color": BLUE, "weight": "bold"} if name == OURS else {}
        axes.annotate(f"{value:.1f}", (value, place), (5, 0), textcoords="offset points", va="center", **how)
    axes.set_title(title)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)


def _history(sheet: Sheet, history: Workload) -> None:
    axes = sheet.subplots()
    axes.set(xscale="log", yscale="log", xlabel="messages in the chat")
    axes.set_title("CPU to read what a prompt needs, ms")
    _plot(axes, _lines(history, "reading the context"))
    sheet.legend(loc="outside lower center", ncols=2)


def _memory(sheet: Sheet, start: Workload) -> None:
    axes = sheet.subplots()
    axes.set(xlabel="bots, each polling")
    axes.set_title("Resident memory, MB")
    _plot(axes, {who: cells for who, cells in _lines(start, "resident").items() if len(cells) > 1})
    axes.set_ylim(bottom=0, top=axes.get_ylim()[1] * 1.1)
    axes.set_xticks([1, 100, 1_000])
    sheet.legend(loc="outside lower center", ncols=2)


PICTURES: Sequence[tuple[str, Sequence[str], Callable[..., None]]] = (
    ("bench-latency", ("navigation",), _latency),
    ("bench-cpu", ("navigation", "message"), _cpu),
    ("bench-history", ("history",), _history),
    ("bench-memory", ("start",), _memory),
)
