"""What happened lately, and is of no interest any more when some time has gone by."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """A value for each key, for `seconds` after it was put. At most `most` are kept; what was put first goes first."""

    def __init__(self, *, seconds: float, most: int, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._put: OrderedDict[K, tuple[V, float]] = OrderedDict()

    def get(self, key: K) -> V | None:
        return self._put[key][0] if key in self else None

    def __contains__(self, key: K) -> bool:
        found = self._put.get(key)
        return found is not None and found[1] > self._clock() - self._seconds

    def put(self, key: K, value: V) -> None:
        """What is too old goes now, so that nothing is kept of those who have long been silent."""
        now = self._clock()
        self._put[key] = value, now
        self._put.move_to_end(key)
        while len(self._put) > self._most or self._eldest() <= now - self._seconds:
            self._put.popitem(last=False)

    def _eldest(self) -> float:
        return next(iter(self._put.values()))[1]
