"""The hot paths under load, one after the other, in one platform that is sampled meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path

import msgspec

from benchmarks.people import person
from benchmarks.profiling.flame import flame_graph
from benchmarks.profiling.recording import SAMPLES_A_SECOND, recording
from benchmarks.profiling.stacks import Stack, by_function, by_part
from benchmarks.program import ROOT, Program, running, settings_for
from benchmarks.scene import Scene, settle
from benchmarks.stage import MANAGER_TOKEN, PEOPLE, Stage, set_up
from benchmarks.workloads.floors import Presses, SmallTalk
from benchmarks.workloads.private import CHATS, GAP, warmed_up

WATCHED = ("benchmarks.profiling.watched", "run")
PICTURES = ROOT / "docs" / "pictures"
WARMING = 100
"""Updates before the sampling begins."""

TOP = 15
"""Functions in a table."""

Load = Callable[[int], Awaitable[None]]
"""Put so many updates in, return when all have been dealt with."""


class HotPath(msgspec.Struct, frozen=True):
    name: str
    title: str
    updates: int
    begin: Callable[[Scene, Stage], Awaitable[Load]]


class Found(msgspec.Struct, frozen=True):
    """`cpu` is in seconds an update: the platform's, with what being stopped for each sample costs it."""

    path: HotPath
    updates: int
    cpu: float
    stacks: Mapping[Stack, int]


async def _presses(scene: Scene, stage: Stage) -> Load:
    presses, inbox = Presses(scene.stub, stage.persona_ids), scene.stub.inboxes[MANAGER_TOKEN]

    async def load(updates: int) -> None:
        for _ in range(updates // 2):
            await presses.load(inbox, 1)
        for _ in range(updates // 2 // PEOPLE):
            await presses.load(inbox, PEOPLE)

    return load


async def _messages(scene: Scene, stage: Stage) -> Load:
    talk, token = await warmed_up(scene, stage), stage.actors[0].token

    async def load(updates: int) -> None:
        for number in range(updates):
            talk.say(token, [person(number % CHATS)])
            await talk.all_covered()
            await asyncio.sleep(GAP)

    return load


async def _crowd(scene: Scene, stage: Stage) -> Load:
    talk, token = await warmed_up(scene, stage), stage.actors[0].token

    async def load(updates: int) -> None:
        for _ in range(updates // CHATS):
            talk.say(token, map(person, range(CHATS)))
            await talk.all_covered()

    return load


async def _small_talk(scene: Scene, stage: Stage) -> Load:
    talk, inbox = SmallTalk(scene.stub), scene.stub.inboxes[stage.actors[0].token]

    async def load(updates: int) -> None:
        for _ in range(updates // 2):
            await talk.load(inbox, 1)
        for _ in range(updates // 2 // 100):
            await talk.load(inbox, 100)

    return load


PATHS = (
    HotPath("press", "A button of the manager bot: half one at a time, half 64 at once", 6_400, _presses),
    HotPath("message", "An answered private message, one at a time", 1_600, _messages),
    HotPath("crowd", "Answered private messages, 40 chats at once", 2_400, _crowd),
    HotPath("group", "A group message without reply: half one at a time, half 100 at once", 6_400, _small_talk),
)


async def profile(scene: Scene, *, scale: float = 1.0) -> AsyncIterator[Found]:
    """What was seen on each path. `scale` is the share of the usual load. Raises CannotWatch."""
    stage = await set_up(scene.new_folder())
    async with running(WATCHED, settings_for(stage, scene.stub.url), stage.folder) as program:
        await warmed_up(scene, stage)  # also loads the model's client, which comes with the first message
        for path in PATHS:
            scene.tell(f"  {path.title} …")
            yield await _sampled(scene, stage, program, path, int(path.updates * scale))


async def _sampled(scene: Scene, stage: Stage, program: Program, path: HotPath, updates: int) -> Found:
    load = await path.begin(scene, stage)
    await load(WARMING)
    await settle()
    async with recording(program.pid, scene.new_folder()) as recorded:
        before = program.cpu()
        await load(updates)
        await settle()
        cpu = program.cpu() - before
    return Found(path=path, updates=updates, cpu=cpu / updates, stacks=recorded.stacks())


def draw(found: Found, folder: Path = PICTURES) -> None:
    """Write the path's flame graph."""
    graph = flame_graph(found.path.title, _note(found), found.stacks)
    (folder / f"flame-{found.path.name}.svg").write_text(graph, encoding="utf-8")


def _note(found: Found) -> str:
    return (
        f"{sum(found.stacks.values())} samples of who held the interpreter's lock, {SAMPLES_A_SECOND} a second, over "
        f"{found.updates} updates. Width is time, callers stand above, colour is the part; click to widen."
    )


def table(found: Found) -> str:
    """Where the time of a path went, as Markdown."""
    functions = list(by_function(found.stacks).items())[:TOP]
    return "\n".join(
        (
            f"### {found.path.title}",
            "",
            f"{found.cpu * 1e6:.0f} µs of CPU an update while being watched, {sum(found.stacks.values())} samples.",
            "",
            "| part | share of the time |",
            "|---|---|",
            *(f"| {part} | {share:.1%} |" for part, share in by_part(found.stacks).items()),
            "",
            "| function, without what it calls | share of the time |",
            "|---|---|",
            *(f"| `{frame.function}` of `{frame.file or 'a thread'}` | {share:.1%} |" for frame, share in functions),
        )
    )
