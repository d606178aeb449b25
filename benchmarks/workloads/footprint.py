"""How much memory the platform and the "before" hold in webhook mode, with few and with many bots."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager

import aiohttp
import orjson

from benchmarks.before.database import forget_indexes
from benchmarks.databases import Databases
from benchmarks.figures import Figure, figure
from benchmarks.people import person
from benchmarks.program import Program, running, settings_for
from benchmarks.scene import Outcome, Scene, settle
from benchmarks.sides import BEFORE, COMMANDS, OURS
from benchmarks.stage import Stage
from benchmarks.stub import Call, Stub
from benchmarks.talk import Talk
from tests.support.servers import free_port

BOTS = (1, 100, 1_000)
FEW, MANY = BOTS[0], BOTS[-1]
REPEATS = 5
MEMORY_TARGETS = {FEW: 120.0, MANY: 150.0}
TRAFFIC = 1_000
"""Private messages, in turn to every bot."""
TRAFFIC_REPEATS = 3
CHATS = 40
"""Chats that a bot has at most."""
AT_ONCE = 20
STEADY = 0.2
"""Megabytes within which memory must stay for half a second to count as settled."""

PATIENCE = 60.0

Contest = Mapping[str, Mapping[int, Stage]]
"""By side and bots."""
Measured = Mapping[str, Mapping[int, Sequence[float]]]


async def contest_of(scene: Scene, sizes: Sequence[int]) -> Contest:
    databases = Databases(scene)
    ours = {bots: await databases.stage(actors=bots) for bots in sizes}
    befores = {bots: await databases.copy(stage) for bots, stage in ours.items()}
    for stage in befores.values():
        forget_indexes(stage.database_url)
    return {BEFORE: befores, OURS: ours}


def _no_figures(sizes: Sequence[int]) -> dict[str, dict[int, list[float]]]:
    return {name: {bots: [] for bots in sizes} for name in (BEFORE, OURS)}


async def memory(scene: Scene) -> Outcome:
    contest = await contest_of(scene, (FEW, MANY))
    idle, after_traffic = _no_figures((FEW, MANY)), _no_figures((FEW, MANY))
    complaints: list[str] = []
    for number, bots, (name, stages) in itertools.product(range(REPEATS), (FEW, MANY), contest.items()):
        with_traffic = name == OURS and number < TRAFFIC_REPEATS
        held = await _hold(scene, name, stages[bots], with_traffic=with_traffic, complaints=complaints)
        idle[name][bots].append(held[0])
        after_traffic[name][bots] += held[1:]
        scene.tell(f"  {name}, {bots_text(bots)}: " + ", ".join(f"{each:.1f} MB" for each in held))
    return Outcome(
        note="Webhook mode, the bots put straight into the database. Resident: VmRSS in 10⁶ bytes, with everything "
        f"loaded and every webhook registered, and after {TRAFFIC} private messages answered by all bots in turn. The "
        "before knows nothing of a bot until something comes for it.",
        figures=(
            *_held_figures("resident, idle", idle[OURS]),
            *_held_figures("resident after traffic", after_traffic[OURS]),
            *(
                figure(f"resident, idle, {bots_text(bots)}, {BEFORE}", "MB", measured)
                for bots, measured in idle[BEFORE].items()
            ),
            figure("one more idle bot", "KB", each_further(idle[OURS]), most=30),
            figure(f"one more idle bot, {BEFORE}", "KB", each_further(idle[BEFORE])),
        ),
        complaints=tuple(complaints),
    )


def _held_figures(what: str, held: Mapping[int, Sequence[float]]) -> Iterator[Figure]:
    for bots, measured in held.items():
        yield figure(f"{what}, {bots_text(bots)}", "MB", measured, most=MEMORY_TARGETS[bots])


def bots_text(count: int) -> str:
    return "1 bot" if count == 1 else f"{count} bots"


def each_further(held: Mapping[int, Sequence[float]]) -> list[float]:
    """Kilobytes."""
    return [(more - less) * 1e3 / (MANY - FEW) for less, more in zip(held[FEW], held[MANY], strict=True)]


async def _hold(
    scene: Scene, name: str, stage: Stage, *, with_traffic: bool, complaints: list[str]
) -> tuple[float, ...]:
    """Megabytes, idle and after traffic."""
    registered = _Registrations(scene.stub, len(stage.actors) + 1)
    async with _receiving(scene, name, stage) as (program, url):
        await registered.complete()
        held = [await steady(program)]
        if with_traffic:
            await _traffic(scene.stub, stage, url)
            await settle()
            held.append(program.resident())
    if name == OURS:
        complaints += program.complaints()
    return tuple(held)


@asynccontextmanager
async def _receiving(scene: Scene, name: str, stage: Stage) -> AsyncIterator[tuple[Program, str]]:
    port = free_port()
    settings = settings_for(
        stage, scene.stub.url, RUN_MODE="webhook", WEBHOOK_URL_BASE="https://bots.example", PORT=str(port)
    )
    async with running(COMMANDS[name], settings, scene.new_folder()) as program:
        yield program, f"http://127.0.0.1:{port}"


class _Registrations:
    """Hears setWebhook until each bot has called it."""

    def __init__(self, stub: Stub, bots: int) -> None:
        self._missing = bots
        self._complete = asyncio.Event()
        stub.hear = self._heard

    async def complete(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self._complete.wait()

    def _heard(self, call: Call) -> None:
        self._missing -= call.method == "setWebhook"
        if not self._missing:
            self._complete.set()


async def steady(program: Program) -> float:
    """Megabytes, once they do not change any more."""
    async with asyncio.timeout(PATIENCE):
        resident = [program.resident()]
        while len(resident) < 6 or max(resident[-6:]) - min(resident[-6:]) > STEADY:
            await asyncio.sleep(0.1)
            resident.append(program.resident())
    return resident[-1]


async def _traffic(stub: Stub, stage: Stage, url: str) -> None:
    talk = Talk(stub)
    turns = iter(range(TRAFFIC))
    async with aiohttp.ClientSession() as session:

        async def deliver() -> None:
            for number in turns:
                actor = stage.actors[number % len(stage.actors)]
                _, update = talk.line(person(number // len(stage.actors) % CHATS))
                headers = {"X-Telegram-Bot-Api-Secret-Token": actor.secret, "Content-Type": "application/json"}
                body = orjson.dumps({"update_id": number + 1, **update})
                async with session.post(f"{url}/telegram/{actor.public_id}", data=body, headers=headers) as answer:
                    answer.raise_for_status()

        await asyncio.gather(*(deliver() for _ in range(AT_ONCE)))
    await talk.all_covered()
