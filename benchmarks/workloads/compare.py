"""Two source trees side by side on private messages: what a change gains, whatever else the machine does meanwhile.

Both platforms run at the same time and are loaded in turn, in short rounds; each ratio is made of two neighbours.
"""

from contextlib import AsyncExitStack

import msgspec

from benchmarks.figures import Figure, figure, percentile
from benchmarks.program import PLATFORM, Program, running, settings_for
from benchmarks.scene import Scene, settle
from benchmarks.stage import Stage, set_up
from benchmarks.stub import Stub
from benchmarks.talk import Talk
from benchmarks.workloads.private import MESSAGES, one_by_one, warmed_up

ROUNDS = 8


class _Side(msgspec.Struct, frozen=True):
    scene: Scene
    stage: Stage
    program: Program
    talk: Talk


class _Round(msgspec.Struct, frozen=True):
    cpu: float
    p50: float


async def compare(scene: Scene, before: str, after: str) -> tuple[Figure, ...]:
    """`before` and `after` are folders that hold a `maskarad` package each."""
    async with AsyncExitStack() as stack:
        sides = [await _side(scene, stack, source) for source in (before, after)]
        pairs = []
        for number in range(ROUNDS):
            pairs.append([await _round(side) for side in sides])
            scene.tell(f"  round {number + 1}: " + ", ".join(f"{each.cpu:.2f} ms of CPU" for each in pairs[-1]))
    return (
        figure("CPU per answered message, before", "ms", [pair[0].cpu for pair in pairs]),
        figure("CPU per answered message, after", "ms", [pair[1].cpu for pair in pairs]),
        figure("after ÷ before", "×", [pair[1].cpu / pair[0].cpu for pair in pairs]),
        figure("overhead p50, before", "ms", [pair[0].p50 for pair in pairs]),
        figure("overhead p50, after", "ms", [pair[1].p50 for pair in pairs]),
        figure("after ÷ before", "×", [pair[1].p50 / pair[0].p50 for pair in pairs]),
    )


async def _side(scene: Scene, stack: AsyncExitStack, source: str) -> _Side:
    """A Telegram and a model of its own: both platforms have the same tokens."""
    stub = await stack.enter_async_context(Stub().running())
    own = Scene(stub, scene.new_folder(), scene.tell)
    stage = await set_up(own.new_folder())
    settings = settings_for(stage, stub.url, PYTHONPATH=source)
    program = await stack.enter_async_context(running(PLATFORM, settings, stage.folder))
    return _Side(scene=own, stage=stage, program=program, talk=await warmed_up(own, stage))


async def _round(side: _Side) -> _Round:
    before = side.program.cpu()
    overheads = await one_by_one(side.scene, side.talk, side.stage)
    await settle()
    return _Round(cpu=(side.program.cpu() - before) / MESSAGES * 1e3, p50=percentile(overheads, 0.5))
