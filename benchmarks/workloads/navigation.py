"""Buttons of the manager bot: the platform, the "before" and the floor side by side, from one person to all at once."""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence

from benchmarks.databases import Databases, on_postgresql
from benchmarks.figures import Figure, Grid, figure, grid, percentile
from benchmarks.scene import Outcome, Scene
from benchmarks.sides import BEFORE, FLOOR, KEPT, OURS, Side, before, floor, kept, ours, ratio, side_by_side
from benchmarks.stage import MANAGER_TOKEN
from benchmarks.walk import Walkers

PEOPLE = 200
PERSONAS = 20
ROUNDS = 5
MANY = {1: 800, 10: 2_000, 50: 2_000, 200: 2_000}
PRESSES = {
    BEFORE: {1: 10, 10: 20, 50: 50},
    KEPT: {1: 20, 10: 40, 50: 50, 200: 200},
    OURS: MANY,
    FLOOR: MANY,
}
"""In a round, by how many people wait for a screen at any time."""
ON_POSTGRESQL = (10,)

STEADY = 100.0
"""Presses a second."""
STEADY_PRESSES = 300

PAUSE = 0.1
"""Seconds after a round in which connections are closed and tasks end."""

SHARES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
SPEED, CPU, LOST = "presses a second", "CPU a press", "lost"
COLUMNS = {**dict.fromkeys(SHARES, "ms"), SPEED: "", CPU: "ms", LOST: "%"}

Measured = dict[str, list[float]]
"""By column, a value a round."""
Contest = Sequence[tuple[Side, Walkers]]


async def navigation(scene: Scene) -> Outcome:
    return await _navigation(scene, Databases(scene), tuple(MANY), steadily=(KEPT, OURS))


async def navigation_on_postgresql(scene: Scene) -> Outcome:
    async def measure(scene: Scene, databases: Databases) -> Outcome:
        return await _navigation(scene, databases, ON_POSTGRESQL, steadily=(OURS,))

    return await on_postgresql(scene, measure)


async def _navigation(scene: Scene, databases: Databases, levels: Sequence[int], *, steadily: Sequence[str]) -> Outcome:
    stage = await databases.stage(people=PEOPLE, personas_each=PERSONAS)
    entries = (
        before(await databases.copy(stage), MANAGER_TOKEN),
        kept(await databases.copy(stage), MANAGER_TOKEN),
        ours(stage, MANAGER_TOKEN),
        floor(stage, "press"),
    )
    async with side_by_side(scene, *entries) as sides:
        contest = [(side, Walkers(side.stub, side.inbox, side.stage)) for side in sides]
        for side, walkers in contest:
            await walkers.together(10 if side.name == BEFORE else PEOPLE, 10)
        rising = {level: await _rising(scene, contest, level) for level in levels}
        steady = await _steady(scene, [each for each in contest if each[0].name in steadily])
        complaints = next(side for side in sides if side.name == OURS).program.complaints()
    return Outcome(
        note=f"{PEOPLE} people with {PERSONAS} personas each walk: menu, my personas, a card, edit, back. So many "
        "people at any time wait for a screen; a press is over when answerCallbackQuery and editMessageText have come. "
        f"{ROUNDS} rounds a side, in turn, everybody's account being in memory. Steadily: {STEADY:g} presses a second "
        "at moments of chance, whether those before were answered or not.",
        figures=(*_figures(rising), *_steady_figures(steady)),
        grids=(_grid(rising),),
        complaints=tuple(complaints),
    )


async def _rising(scene: Scene, contest: Contest, people: int) -> dict[str, Measured]:
    """By side."""
    able = [(side, walkers) for side, walkers in contest if people in PRESSES[side.name]]
    measured = await _rounds(able, lambda side, walkers, _: walkers.together(PRESSES[side.name][people], people))
    scene.tell(f"  {people} at once: " + _told(measured))
    return measured


async def _steady(scene: Scene, contest: Contest) -> dict[str, Measured]:
    measured = await _rounds(
        contest, lambda _, walkers, number: walkers.steadily(STEADY_PRESSES, STEADY, random.Random(number))
    )
    scene.tell(f"  {STEADY:g} a second: " + _told(measured))
    return measured


Load = Callable[[Side, Walkers, int], Awaitable[list[float]]]


async def _rounds(contest: Contest, load: Load) -> dict[str, Measured]:
    measured: dict[str, Measured] = {side.name: defaultdict(list) for side, _ in contest}
    for number in range(ROUNDS):
        for side, walkers in contest:
            used, began_at, lost = side.program.cpu(), time.perf_counter(), walkers.lost
            waits = await load(side, walkers, number)
            seconds = time.perf_counter() - began_at
            await asyncio.sleep(PAUSE)
            columns = measured[side.name]
            for name, share in SHARES.items():
                columns[name].append(percentile(waits, share))
            over = len(waits) - (walkers.lost - lost)
            columns[SPEED].append(over / seconds)
            columns[LOST].append((1 - over / len(waits)) * 100)
            columns[CPU].append((side.program.cpu() - used) / (over or len(waits)) * 1e3)
    return measured


def _told(measured: dict[str, Measured]) -> str:
    return ", ".join(f"{name} {min(columns[CPU]):.2f} ms of CPU" for name, columns in measured.items())


def _figures(rising: dict[int, dict[str, Measured]]) -> Sequence[Figure]:
    figures = []
    for people, measured in rising.items():
        cpu = {name: columns[CPU] for name, columns in measured.items()}
        for name, least in ((BEFORE, 10.0), (KEPT, None)):
            if name in cpu:
                question = f"CPU a press, {people} at once, {name} ÷ {OURS}"
                figures.append(figure(question, "×", ratio(cpu[name], cpu[OURS]), least=least))
        question = f"CPU a press, {people} at once, {OURS} ÷ {FLOOR}"
        figures.append(figure(question, "×", ratio(cpu[OURS], cpu[FLOOR]), most=1.5))
    return figures


def _steady_figures(steady: dict[str, Measured]) -> Iterable[Figure]:
    for name, columns in steady.items():
        for share in SHARES:
            most = 10.0 if (name, share) == (OURS, "p95") else None
            yield figure(f"{STEADY:g} presses a second, {share}, {name}", "ms", columns[share], most=most)


def _grid(rising: dict[int, dict[str, Measured]]) -> Grid:
    lines = {f"{people}, {name}": columns for people, measured in rising.items() for name, columns in measured.items()}
    return grid("people at once", COLUMNS, lines)
