"""How far it is, for whoever watches."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Hears of a step (one word), how much of it is done, and of how much (0: unknown): pages, bytes or rows."""


def nobody_watches(_step: str, _done: int, _of: int) -> None:
    """For those that work in the background."""
