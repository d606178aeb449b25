"""What workers add: the same people at rising rates before one, two and three of them, with a model that takes its
time, so that a worker's places and not the cores are the limit."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

from benchmarks.scale import shares
from benchmarks.scale.costs import Tell
from benchmarks.scale.figures import Footprint, Round
from benchmarks.scale.shares import Shares
from benchmarks.scale.town import Town, town
from benchmarks.waits import times

BOTS, CHATS = 600, 300
PLACES = 8
"""LLM_MAX_CONNECTIONS of a worker: so few that three of them need a fraction of this machine."""
MODEL_SECONDS = 1.0
LOADS = (0.5, 0.75, 0.9, 1.3)
"""Of what the workers' places can hold."""


def arrivals(rate: float, seconds: float, seed: int) -> list[float]:
    """Of people who know nothing of each other: seconds from the start."""
    chance, now, found = Random(seed), 0.0, []
    while (now := now + chance.expovariate(rate)) < seconds:
        found.append(now)
    return found


async def measure(folder: Path, seconds: float, workers: int, tell: Tell) -> tuple[tuple[Round, ...], Footprint]:
    """With one worker, two, and so on; and what a gateway and a worker take that know so many bots. Raises
    ServerMissing, MemberFailed, TimeoutError."""
    settings = {"LLM_MAX_CONNECTIONS": str(PLACES)}
    found = []
    async with town(folder / "growth", gateways=2, workers=workers, bots=BOTS, chats=CHATS, settings=settings) as place:
        await place.cluster.start([*place.cluster.gateways, place.cluster.workers[0]])
        footprint = await place.footprint()
        for count in range(1, workers + 1):
            if count > 1:
                await place.cluster.start([place.cluster.workers[count - 1]])
            await _warm_up(place)
            for seed, load in enumerate(LOADS, 1):
                found.append(await play(place, count, load * count * PLACES / MODEL_SECONDS, seconds, seed))
                tell(f"  {count} workers: {_in_short(found[-1])}")
    return tuple(found), footprint


async def _warm_up(place: Town) -> None:
    await place.think_for(0.0)
    for number in range(0, CHATS, PLACES):
        await asyncio.gather(*(place.talk(each) for each in range(number, min(number + PLACES, CHATS))))


async def play(place: Town, workers: int, rate: float, seconds: float, seed: int) -> Round:
    await place.think_for(MODEL_SECONDS)
    place.ear.forget()
    used = Shares(shares.processes(place.cluster, place.postgres))
    began, start = time.time(), time.monotonic()
    async with asyncio.TaskGroup() as saying:
        for number, at in enumerate(arrivals(rate, seconds, seed)):
            await asyncio.sleep(max(start + at - time.monotonic(), 0.0))
            saying.create_task(place.ask(number))
    await asyncio.sleep(max(start + seconds - time.monotonic(), 0.0))
    cpu = used.used()
    await place.ear.silence(frozenset(chat for chat, _ in place.chats))
    waits = place.ear.waits
    return Round(
        workers=workers,
        rate=rate,
        seconds=seconds,
        seed=seed,
        said=len(waits),
        answered=_a_second([said + wait - began for said, wait in waits], seconds),
        waits=times([wait for _, wait in waits]),
        cores={part: each / seconds for part, each in cpu.items()},
    )


def _a_second(ends: Sequence[float], seconds: float) -> float:
    """Answers a second between the first quarter of the round, in which its first are still thought about, and its
    end."""
    first = seconds / 4
    return sum(first <= end < seconds for end in ends) / (seconds - first)


def _in_short(each: Round) -> str:
    return (
        f"{each.rate:.0f}/s said, {each.answered:.1f}/s answered, waits {each.waits.p50:.2f} / {each.waits.p95:.2f} s"
    )
