"""Pauses that grow with each failure in a row and differ by chance, so that 1,000 never come back at once."""

from collections.abc import Callable

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 30.0

Jitter = Callable[[], float]
"""A random number from 0 to 1."""


def backoff(failures: int, jitter: Jitter, longest: float = LONGEST_SECONDS) -> float:
    """Seconds to wait after so many failures in a row (from 1): between half of the doubled pause and all of it."""
    longest = min(longest, FIRST_SECONDS * 2.0 ** min(failures - 1, 10))
    return longest * (0.5 + 0.5 * jitter())
