"""Lists of values in a statement.

With each length `IN (…)` is another statement, which every connection prepares and keeps, and PostgreSQL with it.
Lists that are asked about all the time, or with any number of values, go through here; those of a person's own or of a
command's need not.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

LONGEST = 1_024
"""A statement has room for 32,767 values."""


def padded(values: Iterable[T]) -> list[T]:
    """The values, the last of them repeated until there are 1, 2, 4, 8 … of them; no values and more than `LONGEST`
    stay as they are."""
    found = list(values)
    if not found or len(found) > LONGEST:
        return found
    length = 1 << (len(found) - 1).bit_length()
    return found + found[-1:] * (length - len(found))


def pieces(values: Iterable[T]) -> Iterator[list[T]]:
    """Padded lists of at most `LONGEST` values, however many there are."""
    waiting = iter(values)
    while some := list(islice(waiting, LONGEST)):
        yield padded(some)
