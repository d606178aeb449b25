"""A measured figure, how it is made of repeated measurements, and whether it reaches its target."""

import math
import statistics
from collections.abc import Sequence

import msgspec


class Conditions(msgspec.Struct, frozen=True):
    """What the machine was like while a workload ran."""

    calibration: float
    """Milliseconds of CPU for the fixed loop, before and after."""
    others: float
    """Share of all cores that processes outside the measurement took."""
    seconds: float


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """Of `repeats` measurements the median, the lowest and the highest. `most` is the target, None where there is
    none; `question` is what was measured, in words."""

    question: str
    unit: str
    median: float
    lowest: float
    highest: float
    repeats: int
    most: float | None = None

    @property
    def reached(self) -> bool | None:
        return None if self.most is None else self.median <= self.most


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    note: str
    """How it was measured, in a sentence or two."""
    conditions: Conditions
    figures: tuple[Figure, ...]
    complaints: tuple[str, ...] = ()
    """What the platform logged at `warning` and above; there should be nothing."""


def figure(question: str, unit: str, measured: Sequence[float], *, most: float | None = None) -> Figure:
    return Figure(
        question=question,
        unit=unit,
        median=statistics.median(measured),
        lowest=min(measured),
        highest=max(measured),
        repeats=len(measured),
        most=most,
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)), 1) - 1]
