"""How soon the platform and the "before" receive, and what they hold while they poll, with few and with many bots."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from benchmarks.figures import Figure, Grid, figure, grid
from benchmarks.program import running, settings_for
from benchmarks.scene import Outcome, Scene
from benchmarks.sides import APPLICATIONS, BEFORE, COMMANDS, OURS, ratio
from benchmarks.stage import MANAGER_TOKEN, Stage
from benchmarks.workloads.footprint import (
    BOTS,
    FEW,
    MANY,
    PATIENCE,
    REPEATS,
    bots_text,
    contest_of,
    each_further,
    steady,
)

TARGETS = {FEW: 1.5, MANY: 5.0}
STOCK = (1, 21)
"""Bots of the stock program: the manager bot alone, and with twenty more."""
ALL_POLL, CPU, RESIDENT = "every bot polls after", "CPU until then", "resident"


class _Start(msgspec.Struct, frozen=True):
    first_poll: float
    last_poll: float
    cpu: float
    """At the last bot's first poll."""
    resident: float


Starts = Mapping[str, Mapping[int, Sequence[_Start]]]
"""By program and bots."""


async def start(scene: Scene) -> Outcome:
    contest = await contest_of(scene, BOTS)
    many = contest[OURS][MANY]
    stock = {bots: msgspec.structs.replace(many, actors=many.actors[: bots - 1]) for bots in STOCK}
    starts: dict[str, dict[int, list[_Start]]] = defaultdict(lambda: defaultdict(list))
    for _ in range(REPEATS):
        for name, stages in {**contest, APPLICATIONS: stock}.items():
            for bots, stage in stages.items():
                measured = await _start(scene, name, stage)
                starts[name][bots].append(measured)
                last, resident = measured.last_poll, measured.resident
                scene.tell(f"  {name}, {bots_text(bots)}: all polling {last:.2f} s, {resident:.1f} MB")
    return Outcome(
        note="Polling mode. From executing the program to the first getUpdates that Telegram sees: the manager bot's, "
        "and that of the last of all bots. Resident: once every bot polls. The database is up to date. Stock "
        "python-telegram-bot has an Application for each bot in one process, and no database.",
        figures=(
            *itertools.chain.from_iterable(_start_figures(bots, starts[OURS][bots]) for bots in TARGETS),
            *_figures_of_more(starts),
        ),
        grids=(_start_grid(starts),),
    )


def _figures_of_more(starts: Starts) -> Sequence[Figure]:
    more = {
        name: each_further({bots: [each.resident for each in starts[name][bots]] for bots in BOTS})
        for name in (OURS, BEFORE)
    }
    few, many = (starts[APPLICATIONS][bots] for bots in STOCK)
    applications = [
        (more.resident - less.resident) * 1e3 / (STOCK[1] - STOCK[0]) for less, more in zip(few, many, strict=True)
    ]
    return (
        figure("one more polling bot", "KB", more[OURS]),
        figure(f"one more polling bot, {BEFORE}", "KB", more[BEFORE]),
        figure(f"one more polling bot, less than {BEFORE}", "%", _saved(more[OURS], more[BEFORE]), least=95),
        figure("one more polling bot, an Application of python-telegram-bot", "KB", applications),
        figure(
            "one more polling bot, less than an Application of python-telegram-bot",
            "%",
            _saved(more[OURS], applications),
            least=95,
        ),
    )


def _saved(little: Sequence[float], much: Sequence[float]) -> list[float]:
    """Per cent, round by round."""
    return [(1 - each) * 100 for each in ratio(little, much)]


def _start_figures(bots: int, starts: Sequence[_Start]) -> Sequence[Figure]:
    return (
        figure(f"until the first poll, {bots_text(bots)}", "s", [each.first_poll for each in starts], most=1.5),
        figure(
            f"until every bot polls, {bots_text(bots)}", "s", [each.last_poll for each in starts], most=TARGETS[bots]
        ),
    )


def _start_grid(starts: Starts) -> Grid:
    lines = {
        f"{bots}, {name}": {
            ALL_POLL: [each.last_poll for each in measured],
            CPU: [each.cpu for each in measured],
            RESIDENT: [each.resident for each in measured],
        }
        for name, by_bots in starts.items()
        for bots, measured in by_bots.items()
    }
    return grid("bots", {ALL_POLL: "s", CPU: "s", RESIDENT: "MB"}, lines)


async def _start(scene: Scene, name: str, stage: Stage) -> _Start:
    inboxes = scene.stub.inboxes
    inboxes.clear()
    tokens = [MANAGER_TOKEN, *(actor.token for actor in stage.actors)]
    settings = settings_for(stage, scene.stub.url, TELEGRAM_BOT_TOKENS=",".join(tokens))
    async with running(COMMANDS[name], settings, scene.new_folder()) as program:
        async with asyncio.timeout(PATIENCE):
            for token in tokens:
                await inboxes[token].polling()
        cpu = program.cpu()
        resident = await steady(program)
    polls = [at for token in tokens if (at := inboxes[token].first_poll_at) is not None]
    return _Start(
        first_poll=polls[0] - program.started_at,
        last_poll=max(polls) - program.started_at,
        cpu=cpu,
        resident=resident,
    )
