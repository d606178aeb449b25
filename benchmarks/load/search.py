"""The highest rate that is held: short rounds that rise, two in between, and long ones that have the last word."""

from collections.abc import Awaitable, Callable

import msgspec

from benchmarks.load.play import Played

FIRST_RATE = 100.0
LOWEST_RATE = 10.0
RISE = 1.5
HALVINGS = 2
FALL = 0.75
STEP_SECONDS = 10.0
TRIES = 2
"""Of a rate while rates rise: on a shared machine a neighbour can spoil a round."""
CONFIRMATIONS = 4

Play = Callable[[float, float], Awaitable[Played]]
"""Play a round at a rate for some seconds."""


class Search(msgspec.Struct, frozen=True):
    """All rounds in the order they were played; `confirmed` is the long one that held, None when none did."""

    rounds: tuple[Played, ...]
    confirmed: Played | None


def alone(played: Played) -> Search:
    """As if nothing else had been tried."""
    return Search(rounds=(played,), confirmed=played if played.held else None)


async def highest(play: Play, seconds: float) -> Search:
    rounds: list[Played] = []

    async def held(rate: float, how_long: float, tries: int) -> bool:
        for _ in range(tries):
            rounds.append(await play(rate, how_long))
            if rounds[-1].held:
                return True
        return False

    async def short(rate: float, tries: int) -> bool:
        return await held(rate, min(STEP_SECONDS, seconds), tries)

    rate = await _between(*await _bounds(short), short)
    for _ in range(CONFIRMATIONS):
        if await held(rate, seconds, 1):
            return Search(rounds=tuple(rounds), confirmed=rounds[-1])
        rate = _whole(rate * FALL)
    return Search(rounds=tuple(rounds), confirmed=None)


Holds = Callable[[float, int], Awaitable[bool]]
"""Does a rate hold in one of so many short rounds?"""


async def _bounds(holds: Holds) -> tuple[float, float]:
    """A rate that holds, or the lowest that is tried, and one above it that does not."""
    rate = FIRST_RATE
    if await holds(rate, TRIES):
        while await holds(_whole(rate * RISE), TRIES):
            rate = _whole(rate * RISE)
        return rate, _whole(rate * RISE)
    while (lower := max(_whole(rate / RISE), LOWEST_RATE)) > LOWEST_RATE and not await holds(lower, TRIES):
        rate = lower
    return lower, rate


async def _between(good: float, bad: float, holds: Holds) -> float:
    for _ in range(HALVINGS):
        middle = _whole((good + bad) / 2)
        good, bad = (middle, bad) if await holds(middle, 1) else (good, middle)
    return good


def _whole(rate: float) -> float:
    return float(round(rate))
