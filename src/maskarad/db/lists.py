"""Lists of values in a statement."""

from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")

LONGEST = 1_024
"""Beyond it a list is as seldom as it is dear, and a statement has room for 32,767 values."""


def padded(values: Iterable[T]) -> list[T]:
    """The values, the last of them repeated until there are 1, 2, 4, 8 … of them; no values and very many stay as they
    are. With each length `IN (…)` is another statement, which every connection prepares and keeps, and PostgreSQL with
    it."""
    found = list(values)
    if not found or len(found) > LONGEST:
        return found
    length = 1 << (len(found) - 1).bit_length()
    return found + found[-1:] * (length - len(found))
