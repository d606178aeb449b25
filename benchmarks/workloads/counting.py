"""Statements a press: the same walk through the manager bot, counted in the platform's process and in the "before"."""

import asyncio
import signal

from benchmarks.counted import COUNTED
from benchmarks.databases import Databases
from benchmarks.figures import figure
from benchmarks.scene import Outcome, Scene
from benchmarks.sides import KEPT, OURS, Side, counted, kept, ours, side_by_side
from benchmarks.stage import MANAGER_TOKEN
from benchmarks.walk import Walkers
from benchmarks.workloads.navigation import PERSONAS

PEOPLE = 20
WALK = 5
"""Presses."""
AGAIN = 5
"""Walks of each that follow the first."""
MOMENT = 0.15
"""Seconds after which what was told is written."""


async def statements_a_press(scene: Scene) -> Outcome:
    databases = Databases(scene)
    stage = await databases.stage(people=PEOPLE, personas_each=PERSONAS)
    entries = [counted(each) for each in (kept(await databases.copy(stage), MANAGER_TOKEN), ours(stage, MANAGER_TOKEN))]
    async with side_by_side(scene, *entries) as sides:
        contest = [(side, Walkers(side.stub, side.inbox, side.stage)) for side in sides]
        asked: dict[str, list[float]] = {side.name: [] for side in sides}
        for _ in range(1 + AGAIN):
            for side, walkers in contest:
                asked[side.name].append(await _walk(side, walkers))
    many, few = asked[KEPT], asked[OURS]
    saved = [(1 - sum(few) / sum(many)) * 100]
    return Outcome(
        note=f"{PEOPLE} people with {PERSONAS} personas each walk {AGAIN + 1} times: menu, my personas, a card, edit, "
        "back. Statements that SQLAlchemy sends, without those that begin and end transactions, with those of periodic "
        "jobs, a press; of the first walk (nobody's account is in memory) and of each that follows.",
        figures=(
            figure("first walk, before", "", many[:1]),
            figure("first walk, Maskarad", "", few[:1]),
            figure("walks that follow, before", "", many[1:]),
            figure("walks that follow, Maskarad", "", few[1:], most=0),
            figure("all walks together, fewer than before", "%", saved, least=95),
        ),
    )


async def _walk(side: Side, walkers: Walkers) -> float:
    """Everybody walks once. Returns statements a press."""
    before = await _statements(side)
    waits = await walkers.together(PEOPLE * WALK, PEOPLE)
    return (await _statements(side) - before) / len(waits)


async def _statements(side: Side) -> int:
    """All until now."""
    side.program.tell(signal.SIGUSR1)
    await asyncio.sleep(MOMENT)
    told = [line for line in side.program.said().splitlines() if line.startswith(COUNTED)]
    return int(told[-1].removeprefix(COUNTED))
