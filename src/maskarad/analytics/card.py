"""A sheet that is drawn on in pixels, from the top left corner. Only the drawing process imports it: matplotlib is
large."""

from functools import lru_cache
from io import BytesIO
from typing import Literal

from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font
from matplotlib.patches import FancyBboxPatch, Polygon, Rectangle
from matplotlib.text import Text

WIDTH = 1080

GROUND = "#141b27"
PANEL = "#1e2838"
TEXT = "#f2f5f9"
MUTED = "#a7b4c6"
FAINT = "#3a475b"
TRACK = "#2a364a"

_DOTS_AN_INCH = 100
_FAMILY = "DejaVu Sans"
_ELLIPSIS = "…"

Side = Literal["left", "center", "right"]


class Card:
    """Opaque, so that it is read alike on Telegram's light and dark ground."""

    def __init__(self, height: int) -> None:
        self._figure = Figure(figsize=(WIDTH / _DOTS_AN_INCH, height / _DOTS_AN_INCH), dpi=_DOTS_AN_INCH)
        FigureCanvasAgg(self._figure)
        self._axes = self._figure.add_axes((0, 0, 1, 1))
        self._axes.set_xlim(0, WIDTH)
        self._axes.set_ylim(height, 0)
        self._axes.axis("off")
        self._figure.set_facecolor(GROUND)

    def box(self, x: float, y: float, width: float, height: float, color: str, *, radius: float = 0.0) -> None:
        radius = min(radius, width / 2, height / 2)
        style = f"round,pad=0,rounding_size={radius}"
        self._axes.add_patch(FancyBboxPatch((x, y), width, height, boxstyle=style, facecolor=color, edgecolor="none"))

    def slab(self, x: float, y: float, width: float, height: float, color: str) -> None:
        """A box with sharp edges, to stand close to the next one."""
        self._axes.add_patch(Rectangle((x, y), width, height, facecolor=color, edgecolor="none", antialiased=False))

    def text(
        self, x: float, y: float, words: str, size: int, *, color: str = TEXT, side: Side = "left", bold: bool = False
    ) -> None:
        """`y` is the middle of the line, `size` the font's in pixels."""
        self._axes.text(
            x,
            y,
            words,
            fontproperties=_font(size, bold),
            color=color,
            horizontalalignment=side,
            verticalalignment="center_baseline",
            parse_math=False,
        )

    def line(self, points: list[tuple[float, float]], color: str, width: float) -> None:
        xs, ys = zip(*points, strict=True)
        self._axes.plot(xs, ys, color=color, linewidth=width, solid_capstyle="round", solid_joinstyle="round")

    def area(self, points: list[tuple[float, float]], color: str, opacity: float) -> None:
        self._axes.add_patch(Polygon(points, closed=True, facecolor=color, edgecolor="none", alpha=opacity))

    def dot(self, x: float, y: float, radius: float, color: str) -> None:
        self.box(x - radius, y - radius, 2 * radius, 2 * radius, color, radius=radius)

    def width_of(self, words: str, size: int, *, bold: bool = False) -> float:
        measured = Text(0, 0, words, fontproperties=_font(size, bold), parse_math=False)
        measured.set_figure(self._figure)
        return measured.get_window_extent().width

    def fitted(self, words: str, size: int, room: float, *, bold: bool = False) -> str:
        """The words, cut short where there is no room for all."""
        if self.width_of(words, size, bold=bold) <= room:
            return words
        shortest, longest = 0, len(words)
        while shortest < longest:
            middle = (shortest + longest + 1) // 2
            if self.width_of(words[:middle].rstrip() + _ELLIPSIS, size, bold=bold) <= room:
                shortest = middle
            else:
                longest = middle - 1
        return words[:shortest].rstrip() + _ELLIPSIS

    def png(self) -> bytes:
        written = BytesIO()
        self._figure.savefig(written, format="png")
        return written.getvalue()


@lru_cache(maxsize=64)
def _font(size: int, bold: bool) -> FontProperties:
    points = size * 72 / _DOTS_AN_INCH
    return FontProperties(family=_FAMILY, size=points, weight="bold" if bold else "normal")


@lru_cache(maxsize=1)
def glyphs() -> frozenset[int]:
    """The signs that both weights of the font can draw."""
    found = [
        frozenset(FT2Font(font_manager.findfont(FontProperties(family=_FAMILY, weight=weight))).get_charmap())
        for weight in ("normal", "bold")
    ]
    return frozenset.intersection(*found)
