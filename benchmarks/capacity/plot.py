"""The picture of the sizes: which part needs how many cores."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.capacity.model import Needs
from benchmarks.plots import BLUE, GREY, HIGH, NO_TRACES, ORANGE, STYLE, VIOLET, WIDE
from benchmarks.scale import shares

COLOURS = {shares.GATEWAY: BLUE, shares.WORKER: VIOLET, shares.POSTGRESQL: ORANGE, shares.REDIS: GREY}
BAR = 0.2


def draw(sizes: Sequence[Needs], file: Path) -> None:
    with mpl.rc_context(STYLE):
        sheet = Figure(figsize=(WIDE, HIGH), layout="constrained")
        axes = sheet.subplots()
        axes.set_title("Cores in the busiest hour")
        for number, (part, colour) in enumerate(COLOURS.items()):
            places = [place + (number - 1.5) * BAR for place in range(len(sizes))]
            axes.bar(places, [each.cores[part] for each in sizes], BAR * 0.9, color=colour, label=part)
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.set_xticks(range(len(sizes)), [f"{each.bots:,} bots" for each in sizes])
        axes.tick_params(axis="x", length=0)
        axes.grid(visible=True, axis="y")
        axes.set_axisbelow(True)
        sheet.legend(loc="outside lower center", ncols=4)
        sheet.savefig(file, format="svg", transparent=True, metadata=NO_TRACES)
