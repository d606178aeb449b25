"""The picture of what workers add: what the cluster did, and what the simulation says it would."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmarks.capacity.validation import simulate
from benchmarks.plots import BLUE, HIGH, INK, NO_TRACES, ORANGE, STYLE, VIOLET, WIDE
from benchmarks.scale.figures import Results
from benchmarks.waits import times

COLOURS = (ORANGE, VIOLET, BLUE)
STEPS = 24
FROM, TO = 0.3, 1.3
"""Loads between which the simulation is drawn."""
SEEDS = range(1, 9)


def draw(found: Results, file: Path) -> None:
    with mpl.rc_context(STYLE):
        sheet = Figure(figsize=(WIDE, HIGH), layout="constrained")
        axes = sheet.subplots()
        axes.set(xlabel="messages a second", yscale="log")
        axes.set_title("Until the answer is in the chat, p95, s")
        counts = sorted({each.workers for each in found.rounds})
        for workers, colour in zip(counts, COLOURS, strict=False):
            played = [each for each in found.rounds if each.workers == workers]
            full = workers * found.places / found.model_seconds
            rates = [full * (FROM + (TO - FROM) * step / STEPS) for step in range(STEPS + 1)]
            seen = [_simulated(found, workers, rate, played[0].seconds) for rate in rates]
            axes.plot(rates, seen, color=colour, linewidth=1.4, alpha=0.7)
            axes.plot(
                [each.said / each.seconds for each in played], [each.waits.p95 for each in played], "o", color=colour
            )
            axes.axvline(full, color=colour, linewidth=1, linestyle=":")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("{x:g}")
        axes.grid(visible=True, axis="y", which="both")
        sheet.legend(handles=_legend(counts), loc="outside lower center", ncols=3)
        sheet.savefig(file, format="svg", transparent=True, metadata=NO_TRACES)


def _simulated(found: Results, workers: int, rate: float, seconds: float) -> float:
    """p95 of rounds of all seeds together."""
    rounds = (simulate(found, workers, rate, seconds, seed).answered for seed in SEEDS)
    return times([wait for waits in rounds for wait in waits]).p95


def _legend(counts: list[int]) -> list[Line2D]:
    of_workers = [
        Line2D([], [], color=colour, label=f"{count} worker{'s' * (count > 1)}")
        for count, colour in zip(counts, COLOURS, strict=False)
    ]
    ways = (
        Line2D([], [], color=INK, marker="o", linestyle="", label="measured"),
        Line2D([], [], color=INK, linewidth=1.4, label="simulated"),
        Line2D([], [], color=INK, linewidth=1, linestyle=":", label="all places taken"),
    )
    return [*of_workers, *ways]
