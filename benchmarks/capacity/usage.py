"""What bots are used for: all of it assumed, and to be replaced by what one's own bots show."""

from collections.abc import Iterator
from itertools import accumulate
from random import Random
from typing import Literal

from maskarad.values import Value

Kind = Literal["private", "asking", "listened", "button"]

CURVE = (5, 3, 2, 2, 2, 3, 7, 14, 20, 22, 23, 24, 26, 25, 24, 24, 26, 29, 34, 39, 42, 39, 27, 15)
"""A day of one time zone, hour by hour; only the proportions count."""
BURSTS = (1, 1, 1, 1, 1, 1, 1, 2, 2, 3)
"""Lines that a person sends in quick succession."""
BETWEEN = 1.5
"""Seconds between two of them."""
SKEW = 1.3
"""Of the Pareto distribution of bots' popularity: the upper tenth of the bots gets about 60 % of the messages."""


class Usage(Value, frozen=True):
    messages_per_bot_hour: float = 20.0
    """Of people, averaged over day, night and all bots."""
    presses_per_bot_hour: float = 0.2
    private: float = 0.25
    """Share of the messages said in private chats, all of which are answered."""
    asking: float = 0.05
    """In groups to the persona; the others are only listened to."""
    chats_per_bot: float = 12.0
    parts: tuple[int, ...] = (1, 1, 1, 2, 2, 3)
    """Telegram messages of an answer."""
    model_seconds: float = 3.0
    """Median of a lognormal distribution."""
    model_spread: float = 0.5
    """Its sigma: one call of twenty takes more than 2.3 times the median."""
    telegram_seconds: float = 0.06
    lines_per_summary: float = 40.0
    """One call to the model besides turns."""
    lines_in_a_row: float = 6.0
    """That a chat has between two checkpoints of PostgreSQL, once somebody talks there."""

    @property
    def peak(self) -> float:
        """The busiest hour, by the mean one."""
        return max(CURVE) * len(CURVE) / sum(CURVE)

    @property
    def answered(self) -> float:
        """Share of the messages that want an answer."""
        return self.private + self.asking

    @property
    def parts_per_answer(self) -> float:
        return sum(self.parts) / len(self.parts)


class Arrival(Value, frozen=True):
    """`at` in seconds from the start; `bot` is 0 for the manager bot."""

    at: float
    bot: int
    chat: int
    kind: Kind


def busiest(usage: Usage, bots: int, seconds: float, seed: int) -> Iterator[Arrival]:
    """The busiest hour's traffic of so many bots, in order of time."""
    chance = Random(seed)
    weights = list(accumulate(chance.paretovariate(SKEW) for _ in range(bots)))
    messages = bots * usage.messages_per_bot_hour * usage.peak / 3_600
    presses = bots * usage.presses_per_bot_hour * usage.peak / 3_600
    bursts = messages / (sum(BURSTS) / len(BURSTS))
    found: list[Arrival] = []
    now = 0.0
    while (now := now + chance.expovariate(bursts + presses)) < seconds:
        if chance.random() < presses / (bursts + presses):
            found.append(Arrival(at=now, bot=0, chat=-chance.randrange(bots), kind="button"))
            continue
        bot = chance.choices(range(1, bots + 1), cum_weights=weights)[0]
        found += _burst(usage, bot, now, seconds, chance)
    yield from sorted(found, key=_time)


def _burst(usage: Usage, bot: int, at: float, seconds: float, chance: Random) -> Iterator[Arrival]:
    """Lines of one person, each of which is for the persona or not."""
    lot = chance.random()
    kind: Kind = "private" if lot < usage.private else "asking" if lot < usage.answered else "listened"
    chat = bot * 1_000 + chance.randrange(round(usage.chats_per_bot))
    for line in range(chance.choice(BURSTS)):
        if at + line * BETWEEN < seconds:
            yield Arrival(at=at + line * BETWEEN, bot=bot, chat=chat, kind=kind)


def _time(arrival: Arrival) -> float:
    return arrival.at
