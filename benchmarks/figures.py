"""A measured figure, how it is made of repeated measurements, and whether it reaches its target."""

import math
import statistics
from collections.abc import Mapping, Sequence

import msgspec


class Conditions(msgspec.Struct, frozen=True):
    """What the machine was like while a workload ran."""

    calibration: float
    """Milliseconds of CPU for the fixed loop, before and after."""
    others: float
    """Share of all cores that processes outside the measurement took."""
    seconds: float


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """Of `repeats` measurements the median, the lowest and the highest. `most` or `least` is the target, None where
    there is none; `question` is what was measured, in words."""

    question: str
    unit: str
    median: float
    lowest: float
    highest: float
    repeats: int
    most: float | None = None
    least: float | None = None

    @property
    def reached(self) -> bool | None:
        if self.most is None and self.least is None:
            return None
        return (self.most is None or self.median <= self.most) and (self.least is None or self.median >= self.least)


class Line(msgspec.Struct, frozen=True):
    name: str
    cells: tuple[Figure | None, ...]


class Grid(msgspec.Struct, frozen=True):
    """Figures beside each other, for what is to be compared; a figure's question is its column."""

    corner: str
    """What the lines' names are."""
    columns: tuple[str, ...]
    lines: tuple[Line, ...]

    def column(self, name: str) -> dict[str, Figure]:
        """By the names of the lines that have it."""
        at = self.columns.index(name)
        return {line.name: cell for line in self.lines if (cell := line.cells[at]) is not None}


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    title: str
    note: str
    """How it was measured, in a sentence or two."""
    conditions: Conditions
    figures: tuple[Figure, ...]
    grids: tuple[Grid, ...] = ()
    complaints: tuple[str, ...] = ()
    """What the platform logged at `warning` and above; there should be nothing."""


def figure(
    question: str, unit: str, measured: Sequence[float], *, most: float | None = None, least: float | None = None
) -> Figure:
    return Figure(
        question=question,
        unit=unit,
        median=statistics.median(measured),
        lowest=min(measured),
        highest=max(measured),
        repeats=len(measured),
        most=most,
        least=least,
    )


def grid(corner: str, columns: Mapping[str, str], lines: Mapping[str, Mapping[str, Sequence[float]]]) -> Grid:
    """`columns` with their units; `lines` with what was measured by column."""
    return Grid(
        corner=corner,
        columns=tuple(columns),
        lines=tuple(
            Line(
                name=name,
                cells=tuple(
                    figure(column, unit, measured[column]) if column in measured else None
                    for column, unit in columns.items()
                ),
            )
            for name, measured in lines.items()
        ),
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)), 1) - 1]
