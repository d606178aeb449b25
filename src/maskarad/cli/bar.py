"""How far a long command is: a bar for each step where somebody watches; where nobody does, some lines or nothing."""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import Any

import typer

from maskarad.backup.progress import Progress, nobody_watches

BYTES = "bytes"
LINES = 10
"""That tell of a step where nobody watches."""


@contextmanager
def bar(units: Mapping[str, str] | None = None, *, lines: bool = False) -> Iterator[Progress]:
    """On stderr. `units` are of steps, by their names: what is counted (rows, `BYTES`). With `lines` they are told
    where nobody watches, too."""
    units = units or {}
    if sys.stderr.isatty():
        with _Bar(units) as shown:
            yield shown.show
    else:
        yield _Lines(units).show if lines else nobody_watches


class _Bar(ExitStack):
    def __init__(self, units: Mapping[str, str]) -> None:
        super().__init__()
        self._units = units
        self._step = ""
        self._done = self._of = 0
        self._began = 0.0
        self._shown: Any = None

    def show(self, step: str, done: int, of: int) -> None:
        if step != self._step:
            self.close()
            self._step, self._done, self._of, self._began = step, 0, of, time.monotonic()
            self._shown = self.enter_context(
                typer.progressbar(
                    None if of else count(),
                    length=of or None,
                    label=step.capitalize().ljust(len("Unpacking")),
                    item_show_func=lambda _: self._beside(),
                    file=sys.stderr,
                )
            )
        more, self._done = done - self._done, done
        self._shown.update(more)

    def _beside(self) -> str:
        unit = self._units.get(self._step)
        if unit is None:
            return ""
        rate = self._done / max(time.monotonic() - self._began, 1e-3)
        if unit == BYTES:
            return f"{rate / 1e6:.0f} MB/s"
        left = f", {self._of - self._done:,} {unit} left" if self._of else ""
        return f"{rate:,.0f} {unit}/s{left}"


class _Lines:
    def __init__(self, units: Mapping[str, str]) -> None:
        self._units = units
        self._step = ""
        self._done = 0

    def show(self, step: str, done: int, of: int) -> None:
        if step not in self._units or not of:
            return
        is_new = step != self._step
        before = 0 if is_new else self._done
        self._step, self._done = step, done
        if is_new or LINES * done // of > LINES * before // of:
            typer.echo(f"{step}: {done:,} of {of:,} {self._units[step]}, {of - done:,} left", err=True)
