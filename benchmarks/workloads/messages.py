"""Messages that a persona answers: the platform, the "before" and two stock bots side by side."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from benchmarks.databases import Databases, on_postgresql
from benchmarks.figures import Figure, figure, grid, percentile
from benchmarks.people import GROUPS, person
from benchmarks.scene import Outcome, Scene, settle
from benchmarks.sides import (
    AIOGRAM,
    BEFORE,
    KEPT,
    OURS,
    PTB,
    Entry,
    Side,
    before,
    kept,
    ours,
    ratio,
    side_by_side,
    stock,
)
from benchmarks.talk import Talk

CHATS = 40
ROUNDS = 5
MANY = 100
MESSAGES = {BEFORE: 10, KEPT: 25, OURS: MANY, PTB: MANY, AIOGRAM: MANY}
"""In a round."""
MODEL_SECONDS = 1.0

GAP = 0.005
"""Seconds from a reply to the next message: the platform has ended its transactions by then."""

CPU, P50, P95 = "CPU a message", "overhead p50", "overhead p95"
UNTIL = "until all are answered"
COLUMNS = {CPU: "ms", P50: "ms", P95: "ms"}
HOW = (
    f"One message at a time, the next one {GAP * 1e3:g} ms after the reply; {ROUNDS} rounds a side, in turn. Overhead: "
    "from the update handed out to sendMessage seen; the model answers at once. The stock bots store nothing."
)

Measured = Mapping[str, Mapping[str, Sequence[float]]]
"""By side and column, a value a round."""
Say = Callable[[Side, Talk, int], Mapping[int, int]]
"""Somebody says the n-th line; returns its update by it."""


def privately(side: Side, talk: Talk, number: int) -> Mapping[int, int]:
    return talk.say(side.token, [person(number % CHATS)])


def _in_a_group(side: Side, talk: Talk, number: int) -> Mapping[int, int]:
    return talk.mention(side.token, number % GROUPS, person(number % CHATS), side.stage.actors[0].username)


async def private(scene: Scene) -> Outcome:
    databases = Databases(scene)
    stage = await databases.stage()
    token = stage.actors[0].token
    entries = (
        before(await databases.copy(stage), token),
        kept(await databases.copy(stage), token),
        ours(stage, token),
        stock(PTB, stage),
        stock(AIOGRAM, stage),
    )
    measured, complaints = await _contest(scene, entries, privately)
    mine = measured[OURS]
    return Outcome(
        note=f"In {CHATS} chats. {HOW}",
        figures=(
            figure("CPU per answered message, everything stored", "ms", mine[CPU], most=4),
            figure("overhead, p50", "ms", mine[P50], most=6),
            figure("overhead, p95", "ms", mine[P95], most=12),
            *_ratios(measured, least=5),
        ),
        grids=(grid("", COLUMNS, measured),),
        complaints=complaints,
    )


async def in_groups(scene: Scene) -> Outcome:
    return await _before_and_after(scene, Databases(scene), _in_a_group, f"Mentions by @username in {GROUPS} groups.")


async def private_on_postgresql(scene: Scene) -> Outcome:
    async def measure(scene: Scene, databases: Databases) -> Outcome:
        return await _before_and_after(scene, databases, privately, f"In {CHATS} chats.")

    return await on_postgresql(scene, measure)


async def _before_and_after(scene: Scene, databases: Databases, say: Say, where: str) -> Outcome:
    stage = await databases.stage()
    token = stage.actors[0].token
    measured, complaints = await _contest(scene, (kept(await databases.copy(stage), token), ours(stage, token)), say)
    return Outcome(
        note=f"{where} {HOW}",
        figures=(
            figure("CPU per answered message, everything stored", "ms", measured[OURS][CPU], most=4),
            *_ratios(measured, least=5),
        ),
        grids=(grid("", COLUMNS, measured),),
        complaints=complaints,
    )


async def _contest(scene: Scene, entries: Sequence[Entry], say: Say) -> tuple[Measured, tuple[str, ...]]:
    measured: dict[str, dict[str, list[float]]] = {entry.name: defaultdict(list) for entry in entries}
    async with side_by_side(scene, *entries) as sides:
        talks = [await _warmed_up(side, say) for side in sides]
        for _ in range(ROUNDS):
            for side, talk in zip(sides, talks, strict=True):
                for column, value in (await _round(side, talk, say)).items():
                    measured[side.name][column].append(value)
        complaints = [line for side in sides if side.name == OURS for line in side.program.complaints()]
    scene.tell("  " + ", ".join(f"{name} {min(each[CPU]):.2f} ms of CPU" for name, each in measured.items()))
    return measured, tuple(complaints)


async def _warmed_up(side: Side, say: Say) -> Talk:
    """Every chat has its link, every connection is open, the persona is in memory."""
    talk = Talk(side.stub)
    for number in range(CHATS):
        say(side, talk, number)
        await talk.all_covered()
    await settle()
    return talk


async def _round(side: Side, talk: Talk, say: Say) -> Mapping[str, float]:
    used, overheads = side.program.cpu(), []
    for number in range(MESSAGES[side.name]):
        ((line, update_id),) = say(side, talk, number).items()
        await talk.all_covered()
        overheads.append((talk.covered_at[line] - side.inbox.handed_at[update_id]) * 1e3)
        await asyncio.sleep(GAP)
    await settle()
    return {
        CPU: (side.program.cpu() - used) / len(overheads) * 1e3,
        P50: percentile(overheads, 0.50),
        P95: percentile(overheads, 0.95),
    }


def _ratios(measured: Measured, *, least: float) -> tuple[Figure, ...]:
    """Of CPU: what stored as much over the platform, and the platform over what stored nothing."""
    mine = measured[OURS][CPU]
    figures = []
    for name, columns in measured.items():
        if name in (BEFORE, KEPT):
            target = least if name == BEFORE or BEFORE not in measured else None
            figures.append(figure(f"CPU, {name} ÷ {OURS}", "×", ratio(columns[CPU], mine), least=target))
        elif name != OURS:
            figures.append(figure(f"CPU, {OURS} ÷ {name}", "×", ratio(mine, columns[CPU])))
    return tuple(figures)


async def slow_model(scene: Scene) -> Outcome:
    """Raises TimeoutError when somebody is never answered."""
    return await _slow(scene, privately, CHATS, f"One message in each of {CHATS} chats", most=1.2)


async def slow_model_in_groups(scene: Scene) -> Outcome:
    """Raises TimeoutError when somebody is never answered."""
    return await _slow(scene, _in_a_group, GROUPS, f"One mention by @username in each of {GROUPS} groups")


async def _slow(scene: Scene, say: Say, chats: int, what: str, *, most: float | None = None) -> Outcome:
    databases = Databases(scene)
    stage = await databases.stage()
    token = stage.actors[0].token
    entries = (
        before(await databases.copy(stage), token),
        kept(await databases.copy(stage), token),
        ours(stage, token),
    )
    measured: dict[str, dict[str, list[float]]] = {entry.name: {UNTIL: [], CPU: []} for entry in entries}
    async with side_by_side(scene, *entries) as sides:
        talks = [await _warmed_up(side, say) for side in sides]
        for _ in range(ROUNDS):
            for side, talk in zip(sides, talks, strict=True):
                used, began_at = side.program.cpu(), time.perf_counter()
                with side.stub.thinking(MODEL_SECONDS):
                    for number in range(chats):
                        say(side, talk, number)
                    await talk.all_covered()
                measured[side.name][UNTIL].append(time.perf_counter() - began_at)
                await settle()
                measured[side.name][CPU].append((side.program.cpu() - used) / chats * 1e3)
        complaints = [line for side in sides if side.name == OURS for line in side.program.complaints()]
    return Outcome(
        note=f"{what} at once, the model answers after {MODEL_SECONDS:g} s; {ROUNDS} rounds a side, in turn.",
        figures=(
            figure("until all are answered", "s", measured[OURS][UNTIL], most=most),
            *_ratios(measured, least=5),
        ),
        grids=(grid("", {UNTIL: "s", CPU: "ms"}, measured),),
        complaints=tuple(complaints),
    )
