"""Two source trees side by side on private messages: what a change gains, whatever else the machine does meanwhile.

Both platforms run at the same time and are loaded in turn, in short rounds; each ratio is made of two neighbours.
"""

import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec

from benchmarks.figures import Figure, figure, percentile
from benchmarks.program import PLATFORM, Program, running, settings_for
from benchmarks.scene import Scene, settle
from benchmarks.stage import Stage, set_up
from benchmarks.stub import Stub
from benchmarks.talk import Talk
from benchmarks.workloads.private import MESSAGES, one_by_one, warmed_up

ROUNDS = 8


class WrongSource(Exception):
    """Says in one sentence what is wrong."""


def holds_package(source: str) -> bool:
    return (Path(source) / "maskarad" / "__init__.py").is_file()


class _Side(msgspec.Struct, frozen=True):
    scene: Scene
    stage: Stage
    program: Program
    talk: Talk


class _Round(msgspec.Struct, frozen=True):
    cpu: float
    p50: float


async def compare(scene: Scene, before: str, after: str) -> tuple[Figure, ...]:
    """`before` and `after` are folders that hold a `maskarad` package each. Raises WrongSource when another is run."""
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
    talk = await warmed_up(own, stage)
    await check_source(program, source)
    return _Side(scene=own, stage=stage, program=program, talk=talk)


async def check_source(program: Program, source: str) -> None:
    """Import the package once more in the surroundings that the running program has, whatever came before `source` in
    them. Raises WrongSource."""
    process = Path("/proc", str(program.pid))
    variables = (process / "environ").read_bytes().rstrip(b"\0").split(b"\0")
    asked = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "import maskarad; print(maskarad.__file__)"),
        cwd=(process / "cwd").readlink(),
        env=dict(each.split(b"=", 1) for each in variables),
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await asked.communicate()
    package = Path(told.decode().strip()).parent
    if package.resolve() != (Path(source) / "maskarad").resolve():
        raise WrongSource(f"{source}: not its package is run, but {package}")


async def _round(side: _Side) -> _Round:
    before = side.program.cpu()
    overheads = await one_by_one(side.scene, side.talk, side.stage)
    await settle()
    return _Round(cpu=(side.program.cpu() - before) / MESSAGES * 1e3, p50=percentile(overheads, 0.5))
