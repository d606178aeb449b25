"""From what was measured to the page: both its parts, and the pictures."""

from pathlib import Path

from benchmarks import pages
from benchmarks.capacity import plot, report
from benchmarks.capacity.model import SIZES, needs
from benchmarks.capacity.usage import Usage
from benchmarks.capacity.validation import beside
from benchmarks.scale import plot as scale_plot
from benchmarks.scale import report as scale_report
from benchmarks.scale.figures import Results


def computed(found: Results, usage: Usage) -> str:
    """The computed part of the page."""
    sizes = [needs(found, usage, bots) for bots in SIZES]
    return report.part(usage, sizes, beside(found))


def publish(found: Results, *, page: Path = scale_report.PAGE, pictures: Path = scale_report.PICTURES) -> None:
    """Raises ValueError when the page lost its marks."""
    usage = Usage()
    pages.write(page, scale_report.BEGIN, scale_report.part(found))
    sizes = [needs(found, usage, bots) for bots in SIZES]
    pages.write(page, report.BEGIN, report.part(usage, sizes, beside(found)))
    scale_plot.draw(found, pictures / "scale-workers.svg")
    plot.draw(sizes, pictures / "scale-sizes.svg")
