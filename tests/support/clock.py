"""Time that stands still until a test moves it."""


class FakeClock:
    """Calling it gives Unix seconds, as `time.time` does; only `advance` moves it."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> float:
        self.now += seconds
        return self.now
