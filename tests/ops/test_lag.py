"""The longest that the event loop came late, as the gauge shows it."""

from maskarad.ops.lag import BEAT, WINDOW, LoopLag


class Enough(Exception):
    """The loop has slept as often as the test says."""


class Loop:
    """An event loop that is late by so many seconds, sleep after sleep; `shown` is what the gauge showed after each."""

    def __init__(self, *late: float) -> None:
        self.shown: list[float] = []
        self._late = iter(late)
        self._now = 1_000.0

    async def sleep(self, seconds: float) -> None:
        late = next(self._late, None)
        if late is None:
            raise Enough
        self._now += seconds + late

    async def run(self) -> list[float]:
        lag = LoopLag(lambda seconds: self.shown.append(round(seconds, 6)), clock=lambda: self._now, sleep=self.sleep)
        try:
            await lag.run()
        except Enough:
            return self.shown
        raise AssertionError("it ended by itself")


async def test_the_longest_of_the_window_is_shown() -> None:
    assert await Loop(0.0, 0.2, 0.1, 0.3, 0.25).run() == [0.0, 0.2, 0.2, 0.3, 0.3]


async def test_what_is_longer_ago_than_the_window_is_forgotten() -> None:
    shown = await Loop(2.0, *[0.0] * (round(WINDOW / BEAT) + 1)).run()
    assert shown[:-1] == [2.0] * (len(shown) - 1)
    assert shown[-1] == 0.0
