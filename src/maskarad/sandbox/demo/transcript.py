"""What the audience reads: who said what, which buttons there were, how long it took, and what was checked."""

import textwrap
import unicodedata
from collections.abc import Callable, Sequence

_NAME_CELLS = 16
_TIME_CELLS = 8
_MOST_LINES = 6
_COLOURS = ("36", "33", "35", "34", "32", "31")
_BOLD, _DIM, _GOOD, _BAD = "1", "2", "32", "1;31"


class Transcript:
    """`write` takes text as it is; `width` is the terminal's, in cells. `passed` and `failed` count the checks."""

    def __init__(self, write: Callable[[str], object], *, colour: bool, width: int) -> None:
        self._write = write
        self._colour = colour
        self._width = width
        self._colours: dict[str, str] = {}
        self._place = ""
        self.passed = 0
        self.failed = 0

    def title(self, text: str) -> None:
        self._put(self._painted(text, _BOLD))

    def act(self, number: int, title: str) -> None:
        self._place = ""
        heading = f"Act {number}. {title}"
        self._put("")
        self._put(self._painted(heading, _BOLD))
        self._put(self._painted("─" * cells(heading), _DIM))

    def place(self, name: str) -> None:
        """Where what follows happens; told when it changes."""
        if name != self._place:
            self._place = name
            self._put(self._painted(f"  ┄ {name}", _DIM))

    def direction(self, text: str, seconds: float | None = None) -> None:
        """What happens without being said."""
        self._timed(self._painted(f"  ({text})", _DIM), cells(text) + 4, seconds)

    def line(self, name: str, text: str, buttons: Sequence[str] = (), seconds: float | None = None) -> None:
        room = max(self._width - _NAME_CELLS - _TIME_CELLS - 4, 30)
        shown = [(each, each) for each in _wrapped(text, room)]
        if buttons:
            labels = textwrap.wrap(" ".join(_unbroken(each) for each in buttons), room, break_long_words=False)
            shown += [(each, self._painted(each, "36")) for each in (row.replace("\u00a0", " ") for row in labels)]
        speaker = f"  {self._named(name)}{' ' * max(_NAME_CELLS - cells(name), 1)}"
        for number, (plain, painted) in enumerate(shown):
            start = speaker if number == 0 else " " * (_NAME_CELLS + 2)
            last = number == len(shown) - 1
            self._timed(start + painted, _NAME_CELLS + 2 + cells(plain), seconds if last else None)

    def check(self, claim: str, holds: bool) -> None:
        if holds:
            self.passed += 1
        else:
            self.failed += 1
        self._put(f"    {self._painted('✓', _GOOD) if holds else self._painted('✗', _BAD)} {claim}")

    def log_line(self, text: str) -> None:
        self._put(self._painted(f"  │ {text}", _DIM))

    def count(self) -> None:
        """The last line, plain, for whoever reads it by machine."""
        self._put("")
        self._put(f"demo: {self.passed} passed, {self.failed} failed")

    def _timed(self, painted: str, width: int, seconds: float | None) -> None:
        if seconds is None:
            self._put(painted)
            return
        time = f"{seconds:.2f} s"
        self._put(f"{painted}{' ' * max(self._width - width - len(time), 2)}{self._painted(time, _DIM)}")

    def _named(self, name: str) -> str:
        colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
        return self._painted(name, colour)

    def _painted(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text

    def _put(self, line: str) -> None:
        self._write(f"{line}\n")


def cells(text: str) -> int:
    """How many cells of a terminal a text takes."""
    return sum(_cell(character) for character in text)


def _cell(character: str) -> int:
    if unicodedata.combining(character) or character == "\u200d":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _wrapped(text: str, width: int) -> list[str]:
    lines = [part for line in text.splitlines() if line.strip() for part in textwrap.wrap(line, width)]
    return lines if len(lines) <= _MOST_LINES else [*lines[: _MOST_LINES - 1], "…"]


def _unbroken(label: str) -> str:
    return f"[{label}]".replace(" ", "\u00a0")
