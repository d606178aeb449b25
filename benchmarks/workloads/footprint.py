"""How much memory the platform holds, and how soon it receives, with few and with many bots."""

import asyncio
import itertools
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp
import msgspec
import orjson

from benchmarks.figures import Figure, figure
from benchmarks.people import person
from benchmarks.program import PLATFORM, Program, running, settings_for
from benchmarks.scene import Outcome, Scene, settle
from benchmarks.stage import MANAGER_TOKEN, Stage, set_up
from benchmarks.stub import Call, Stub
from benchmarks.talk import Talk

BOTS = (1, 100, 1_000)
MEMORY_TARGETS = {1: 120.0, 1_000: 150.0}
MEMORY_REPEATS = 3
TRAFFIC = 1_000
"""Private messages, in turn to every bot."""
CHATS = 40
"""Chats that a bot has at most."""
AT_ONCE = 20
STEADY = 0.2
"""Megabytes within which memory must stay for half a second to count as settled."""

START_TARGETS = {1: 1.5, 1_000: 5.0}
START_REPEATS = 5
PATIENCE = 60.0


class _Held(msgspec.Struct, frozen=True):
    idle: float
    after_traffic: float


async def memory(scene: Scene) -> Outcome:
    held: dict[int, list[_Held]] = {bots: [] for bots in BOTS}
    complaints: list[str] = []
    for _, bots in itertools.product(range(MEMORY_REPEATS), BOTS):
        held[bots].append(await _hold(scene, bots, complaints))
        scene.tell(
            f"  {_bots(bots)}: {held[bots][-1].idle:.1f} MB, {held[bots][-1].after_traffic:.1f} MB after traffic"
        )
    return Outcome(
        note="Webhook mode, the bots put straight into the database. Resident: VmRSS in 10⁶ bytes, with everything "
        f"loaded and every webhook registered, and after {TRAFFIC} private messages answered by all bots in turn.",
        figures=(*_memory_figures(held), _each_further(held)),
        complaints=tuple(complaints),
    )


def _memory_figures(held: dict[int, list[_Held]]) -> Sequence[Figure]:
    figures = []
    for count, measured in held.items():
        most, bots = MEMORY_TARGETS.get(count), _bots(count)
        figures.append(figure(f"resident, idle, {bots}", "MB", [each.idle for each in measured], most=most))
        after = [each.after_traffic for each in measured]
        figures.append(figure(f"resident after traffic, {bots}", "MB", after, most=most))
    return figures


def _bots(count: int) -> str:
    return "1 bot" if count == 1 else f"{count} bots"


def _each_further(held: dict[int, list[_Held]]) -> Figure:
    few, many = BOTS[0], BOTS[-1]
    pairs = zip(held[few], held[many], strict=True)
    each = [(more.idle - less.idle) * 1e3 / (many - few) for less, more in pairs]
    return figure("one more idle bot", "KB", each, most=30.0)


async def _hold(scene: Scene, bots: int, complaints: list[str]) -> _Held:
    stage = await set_up(scene.new_folder(), actors=bots)
    registered = _Registrations(scene.stub, bots + 1)
    async with _receiving(scene, stage) as (program, url):
        await registered.complete()
        idle = await _steady(program)
        await _traffic(scene.stub, stage, url)
        await settle()
        after_traffic = program.resident()
    complaints += program.complaints()
    return _Held(idle=idle, after_traffic=after_traffic)


@asynccontextmanager
async def _receiving(scene: Scene, stage: Stage) -> AsyncIterator[tuple[Program, str]]:
    port = _free_port()
    settings = settings_for(
        stage, scene.stub.url, RUN_MODE="webhook", WEBHOOK_URL_BASE="https://bots.example", PORT=str(port)
    )
    async with running(PLATFORM, settings, stage.folder) as program:
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


async def _steady(program: Program) -> float:
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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _Start(msgspec.Struct, frozen=True):
    first_poll: float
    last_poll: float
    cpu: float
    """At the last bot's first poll."""


async def start(scene: Scene) -> Outcome:
    few, many = [await set_up(scene.new_folder(), actors=bots) for bots in START_TARGETS]
    starts: dict[int, list[_Start]] = {len(stage.actors): [] for stage in (few, many)}
    for _, stage in itertools.product(range(START_REPEATS), (few, many)):
        measured = await _start(scene, stage)
        starts[len(stage.actors)].append(measured)
        bots = _bots(len(stage.actors))
        scene.tell(f"  {bots}: {measured.first_poll:.2f} s, all polling {measured.last_poll:.2f} s")
    return Outcome(
        note="From executing `maskarad run` (polling) to the first getUpdates that Telegram sees: the manager bot's, "
        "and that of the last of all bots. The database is up to date.",
        figures=tuple(itertools.chain.from_iterable(_start_figures(*each) for each in starts.items())),
    )


def _start_figures(count: int, starts: Sequence[_Start]) -> Sequence[Figure]:
    bots, most = _bots(count), START_TARGETS[count]
    return (
        figure(f"until the first poll, {bots}", "s", [each.first_poll for each in starts], most=1.5),
        figure(f"until every bot polls, {bots}", "s", [each.last_poll for each in starts], most=most),
        figure(f"CPU until every bot polls, {bots}", "s", [each.cpu for each in starts]),
    )


async def _start(scene: Scene, stage: Stage) -> _Start:
    inboxes = scene.stub.inboxes
    inboxes.clear()
    tokens = [MANAGER_TOKEN, *(actor.token for actor in stage.actors)]
    async with running(PLATFORM, settings_for(stage, scene.stub.url), stage.folder) as program:
        async with asyncio.timeout(PATIENCE):
            for token in tokens:
                await inboxes[token].polling()
        cpu = program.cpu()
        await _steady(program)
    polls = [at for token in tokens if (at := inboxes[token].first_poll_at) is not None]
    return _Start(
        first_poll=polls[0] - program.started_at,
        last_poll=max(polls) - program.started_at,
        cpu=cpu,
    )
