"""Whose turn it is among several API keys, and which of them rest. Pure: the time is handed in."""

from maskarad.values import Value


class Turn(Value, frozen=True):
    """The key to use next, by its place in the list (a key itself is never passed around), and how long to wait
    for it. `reason` says why it rests: a word of `ModelError`, empty when it does not."""

    key: int
    wait: float = 0.0
    reason: str = ""


class KeyRing:
    """Keys in rotation. A key rests for one model at a time: providers limit and charge by model, so a key that is
    used up for a paid model still serves a free one."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._next = 0
        self._rests: dict[tuple[int, str], tuple[float, str]] = {}

    def next(self, model: str, now: float) -> Turn:
        """The next free key in rotation; when all rest, the one that is free first."""
        order = [(self._next + step) % self._count for step in range(self._count)]
        turn = min((self._turn(key, model, now) for key in order), key=lambda turn: turn.wait)
        self._next = (turn.key + 1) % self._count
        return turn

    def rest(self, key: int, model: str, until: float, reason: str, now: float) -> None:
        """Leave the key alone for this model until then."""
        self._rests = {each: rest for each, rest in self._rests.items() if rest[0] > now}
        self._rests[key, model] = (until, reason)

    def _turn(self, key: int, model: str, now: float) -> Turn:
        until, reason = self._rests.get((key, model), (now, ""))
        return Turn(key=key, wait=until - now, reason=reason) if until > now else Turn(key=key)
