"""A flame graph as SVG: a function's width is its share of the time, below it stand those that it called.

Frames are nested `svg` elements whose places are percentages: names are cut by the picture itself, and a click widens a
frame to the whole width. Where scripts do not run (a picture in a page), everything but the click works.
"""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import groupby

import msgspec

from benchmarks.profiling.stacks import PARTS, Frame, Stack, part_of

WIDTH = 1_200
ROW = 17
ROWS = 30
"""Deeper frames are left out: the height is the same for every picture."""

HEAD = 84
NARROWEST = 0.0015
"""Shares below are not drawn."""

_COLOURS = (
    *("#f4b183", "#8ecae6", "#ffd166", "#a0d995", "#c8a2e0", "#f79ac0"),
    *("#9fd8cb", "#e3c39d", "#b8c4f5", "#d7e37d", "#cfd3d8", "#dfe3e8", "#c9c3bb"),
)
"""One for each part, pale enough for dark letters on light and dark pages."""

_STYLE = """
svg { font: 12px system-ui, sans-serif; }
#page { fill: #ffffff; } .words { fill: #1c2128; } .quiet { fill: #57606a; }
.name, .key { fill: #14181d; } .frame { cursor: pointer; } .frame rect { stroke: #ffffff; stroke-width: .6; }
@media (prefers-color-scheme: dark) {
  #page { fill: #0d1117; } .words { fill: #e6edf3; } .quiet { fill: #9da7b1; } .frame rect { stroke: #0d1117; }
}
"""

_SCRIPT = """
const frames = document.getElementById("frames");
document.documentElement.addEventListener("click", event => {
  const frame = event.target.closest(".frame");
  const left = frame ? parseFloat(frame.getAttribute("x")) : 0;
  const width = frame ? parseFloat(frame.getAttribute("width")) : 100;
  frames.setAttribute("x", `${-left / width * 100}%`);
  frames.setAttribute("width", `${10000 / width}%`);
});
"""


class Box(msgspec.Struct, frozen=True):
    frame: Frame
    part: str
    """That of a stack which ends here."""
    depth: int
    left: float
    share: float


def flame_graph(title: str, note: str, stacks: Mapping[Stack, int]) -> str:
    """The same samples give the same text, whatever order they come in."""
    total = sum(stacks.values())
    ordered = sorted(stacks.items(), key=lambda each: [(frame.file, frame.function) for frame in each[0]])
    boxes = [box for box in _boxes(ordered, (), 0.0, total) if box.share >= NARROWEST]
    shown = [part for part in PARTS if any(box.part == part for box in boxes)]
    height = HEAD + ROWS * ROW
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">',
            f"<style>{_STYLE}{_colours()}</style>",
            '<rect id="page" width="100%" height="100%"/>',
            f'<text class="words" x="8" y="20" font-size="15" font-weight="600">{escape(title)}</text>',
            f'<text class="quiet" x="8" y="38">{escape(note)}</text>',
            *_legend(shown),
            f'<svg id="frames" x="0" y="{HEAD}" width="100%" height="{ROWS * ROW}" overflow="visible">',
            *map(_drawn, boxes),
            "</svg>",
            f"<script><![CDATA[{_SCRIPT}]]></script>",
            "</svg>\n",
        )
    )


def _boxes(stacks: Sequence[tuple[Stack, int]], path: Stack, left: float, total: int) -> Iterator[Box]:
    """Those of the frames that follow on `path`, each with everything below it; `stacks` are in order."""
    depth = len(path)
    longer = (each for each in stacks if len(each[0]) > depth)
    for frame, group in groupby(longer, key=lambda each: each[0][depth]):
        below = list(group)
        share = sum(count for _, count in below) / total
        here = (*path, frame)
        yield Box(frame=frame, part=part_of(here), depth=depth, left=left, share=share)
        if depth + 1 < ROWS:
            yield from _boxes(below, here, left, total)
        left += share


def _drawn(box: Box) -> str:
    name = escape(_name(box.frame))
    return (
        f'<svg class="frame" x="{box.left:.3%}" y="{box.depth * ROW}" width="{box.share:.3%}" height="{ROW}">'
        f"<title>{name}: {box.share:.1%}, {box.part}</title>"
        f'<rect class="p{PARTS.index(box.part)}" width="100%" height="100%"/>'
        f'<text class="name" x="3" y="12.5">{name}</text></svg>'
    )


def _name(frame: Frame) -> str:
    module = frame.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return f"{frame.function} ({module})" if module else frame.function


def _colours() -> str:
    return " ".join(f".p{number} {{ fill: {colour}; }}" for number, colour in enumerate(_COLOURS[: len(PARTS)]))


def _legend(parts: Sequence[str]) -> Iterator[str]:
    left = 8
    for part in parts:
        width = 14 + 7 * len(part)
        yield f'<rect class="p{PARTS.index(part)}" x="{left}" y="50" width="{width}" height="20" rx="4"/>'
        yield f'<text class="key" x="{left + width / 2:g}" y="64" text-anchor="middle">{part}</text>'
        left += width + 8
