"""Programs that are held against each other: each has a Telegram and a model of its own, and they are loaded in turn,
so that a ratio is made of two neighbouring rounds."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec

from benchmarks.before.database import forget_indexes
from benchmarks.program import PLATFORM, Program, running, settings_for
from benchmarks.scene import Scene
from benchmarks.stage import MANAGER_TOKEN, Stage
from benchmarks.stub import Inbox, Stub

OURS = "Maskarad"
BEFORE = "before"
KEPT = "before, bots kept"
FLOOR = "floor"
PTB = "python-telegram-bot"
APPLICATIONS = "python-telegram-bot, an Application each"
AIOGRAM = "aiogram"
COMMANDS = {
    BEFORE: ("benchmarks.before",),
    OURS: PLATFORM,
    PTB: ("benchmarks.floors.ptb",),
    APPLICATIONS: ("benchmarks.floors.ptb_many",),
    AIOGRAM: ("benchmarks.floors.aiogram_bot",),
}

QUIET = 0.15
"""Seconds in which a program must use next to no CPU to count as done with everything."""
IDLE_SHARE = 0.02
PATIENCE = 120.0


class Side(msgspec.Struct, frozen=True):
    """`token` is that of the bot that is loaded."""

    name: str
    stub: Stub
    program: Program
    stage: Stage
    token: str

    @property
    def inbox(self) -> Inbox:
        return self.stub.inboxes[self.token]


class Entry(msgspec.Struct, frozen=True):
    """A program that takes part; it gets the platform's settings and `more`, and `{url}` in its command is the
    stub's."""

    name: str
    command: tuple[str, ...]
    stage: Stage
    token: str
    more: Mapping[str, str] = {}


def ours(stage: Stage, token: str) -> Entry:
    return Entry(OURS, COMMANDS[OURS], stage, token)


def before(stage: Stage, token: str) -> Entry:
    """The stage must be its own: it loses its indexes."""
    forget_indexes(stage.database_url)
    return Entry(BEFORE, COMMANDS[BEFORE], stage, token)


def kept(stage: Stage, token: str) -> Entry:
    """The lenient "before": it makes each bot once, and they share their connections."""
    return msgspec.structs.replace(before(stage, token), name=KEPT, more={"BEFORE_BOTS": "kept"})


def floor(stage: Stage, kind: str) -> Entry:
    """Of what the stage has it uses the manager bot's token."""
    return Entry(FLOOR, ("benchmarks.floor", "{url}", MANAGER_TOKEN, kind), stage, MANAGER_TOKEN)


def stock(name: str, stage: Stage) -> Entry:
    """One of the two stock echo bots, under the manager bot's token."""
    return Entry(name, COMMANDS[name], stage, MANAGER_TOKEN)


def counted(entry: Entry) -> Entry:
    return msgspec.structs.replace(entry, command=("benchmarks.counted", *entry.command))


@asynccontextmanager
async def side_by_side(scene: Scene, *entries: Entry) -> AsyncIterator[tuple[Side, ...]]:
    """All of them run, and poll, while the block does."""
    async with AsyncExitStack() as stack:
        sides = [await _enter(stack, scene, entry) for entry in entries]
        async with asyncio.timeout(PATIENCE):
            for side in sides:
                await side.inbox.polling()
        yield tuple(sides)


async def _enter(stack: AsyncExitStack, scene: Scene, entry: Entry) -> Side:
    stub = await stack.enter_async_context(Stub().running())
    command = [word.format(url=stub.url) for word in entry.command]
    settings = settings_for(entry.stage, stub.url, **entry.more)
    program = await stack.enter_async_context(running(command, settings, scene.new_folder()))
    return Side(name=entry.name, stub=stub, program=program, stage=entry.stage, token=entry.token)


async def quiet(program: Program) -> None:
    """Returns when a program has done all that it had been given, seen by its CPU."""
    async with asyncio.timeout(PATIENCE):
        used = -1.0
        while (now := program.cpu()) - used > QUIET * IDLE_SHARE:
            used = now
            await asyncio.sleep(QUIET)


def ratio(much: Sequence[float], little: Sequence[float]) -> list[float]:
    """Round by round."""
    return [a / b for a, b in zip(much, little, strict=True)]
