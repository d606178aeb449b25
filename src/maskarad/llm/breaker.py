"""A model that keeps failing is left alone for a while. Pure: the time is handed in."""

OPENS_AFTER = 5
"""Failures in a row, of all calls together."""
RESTS_FOR = 30.0
"""Seconds until one call may try the model again."""


class Breaker:
    """One circuit per model. Closed: calls pass. Open: none passes, until `RESTS_FOR` has gone by; then one call
    passes as a probe, and its outcome closes the circuit or keeps it open for another rest."""

    def __init__(self) -> None:
        self._failures: dict[str, int] = {}
        self._opens_at: dict[str, float] = {}

    def allows(self, model: str, now: float) -> bool:
        """Whether a call may go out. True from an open circuit makes the caller the probe; should the probe never
        report (its task was cancelled), the next one passes a rest later."""
        opens_at = self._opens_at.get(model)
        if opens_at is None:
            return True
        if now < opens_at:
            return False
        self._opens_at[model] = now + RESTS_FOR
        return True

    def succeeded(self, model: str) -> None:
        self._failures.pop(model, None)
        self._opens_at.pop(model, None)

    def failed(self, model: str, now: float) -> None:
        self._failures[model] = self._failures.get(model, 0) + 1
        if self._failures[model] >= OPENS_AFTER:
            self._opens_at[model] = now + RESTS_FOR
