"""Private messages to one persona: one at a time, all at once, and with a model that takes its time."""

import asyncio
import itertools
import signal
from collections.abc import Callable

import msgspec

from benchmarks.figures import figure, percentile
from benchmarks.people import person
from benchmarks.program import PLATFORM, PROFILED, Program, running, settings_for
from benchmarks.scene import Outcome, Scene, settle
from benchmarks.stage import Stage, set_up
from benchmarks.talk import Covered, Talk, chats_out_of_order
from tests.support.servers import PostgresServer, ServerMissing

CHATS = 40
MESSAGES = 200
ROUNDS = 5
MODEL_SECONDS = 1.0
MODEL_ROUNDS = 3

GAP = 0.005
"""Seconds from a reply to the next message: the platform has ended its transactions by then."""

ONE_AT_A_TIME_NOTE = (
    f"{MESSAGES} messages a round in {CHATS} chats, the next one {GAP * 1e3:g} ms after the reply; {ROUNDS} rounds, "
    f"the histories growing from 2 to {2 + 2 * ROUNDS * MESSAGES // CHATS} lines. Overhead: from the update handed out "
    "to sendMessage seen; the model answers at once."
)


async def one_at_a_time(scene: Scene, database_url: str = "") -> Outcome:
    stage = await set_up(scene.new_folder(), database_url=database_url)
    overheads, costs = [], []
    async with running(PLATFORM, settings_for(stage, scene.stub.url), stage.folder) as program:
        talk = await warmed_up(scene, stage)
        for number in range(ROUNDS):
            before = program.cpu()
            overheads.append(await one_by_one(scene, talk, stage))
            await settle()
            costs.append((program.cpu() - before) / MESSAGES * 1e3)
            scene.tell(f"  round {number + 1}: {costs[-1]:.2f} ms of CPU a message")
    return Outcome(
        note=ONE_AT_A_TIME_NOTE,
        figures=(
            figure("CPU per answered message", "ms", costs, most=4.0),
            figure("overhead, p50", "ms", [percentile(each, 0.50) for each in overheads], most=6.0),
            figure("overhead, p95", "ms", [percentile(each, 0.95) for each in overheads], most=12.0),
        ),
        complaints=tuple(program.complaints()),
    )


async def one_at_a_time_on_postgresql(scene: Scene) -> Outcome:
    try:
        server = await asyncio.to_thread(PostgresServer)
    except ServerMissing as missing:
        return Outcome(note=f"Not measured: {missing}.", figures=())
    try:
        await asyncio.to_thread(server.start)
        await asyncio.to_thread(server.execute, "CREATE DATABASE bench")
        outcome = await one_at_a_time(scene, server.url("bench"))
    finally:
        await asyncio.to_thread(server.close)
    return msgspec.structs.replace(
        outcome, note=f"{outcome.note} The server runs without fsync, and its CPU is not counted."
    )


async def warmed_up(scene: Scene, stage: Stage) -> Talk:
    """Every chat has its link, every connection is open, the persona is in memory."""
    talk = Talk(scene.stub)
    for number in range(CHATS):
        talk.say(stage.actors[0].token, [person(number)])
        await talk.all_covered()
    await settle()
    return talk


async def one_by_one(scene: Scene, talk: Talk, stage: Stage) -> list[float]:
    """Overheads in milliseconds."""
    token = stage.actors[0].token
    handed_at = scene.stub.inboxes[token].handed_at
    overheads = []
    for number in range(MESSAGES):
        ((line, update_id),) = talk.say(token, [person(number % CHATS)]).items()
        await talk.all_covered()
        overheads.append((talk.covered_at[line] - handed_at[update_id]) * 1e3)
        await asyncio.sleep(GAP)
    return overheads


class _Wave(msgspec.Struct, frozen=True):
    seconds: float
    cpu: float
    replies: tuple[Covered, ...]


async def _wave(scene: Scene, program: Program, talk: Talk, token: str, each: int) -> _Wave:
    """Everybody says so many lines at once, in turn."""
    before, heard = program.cpu(), len(talk.replies)
    said = talk.say(token, itertools.chain.from_iterable(map(person, range(CHATS)) for _ in range(each)))
    await talk.all_covered()
    handed_at = scene.stub.inboxes[token].handed_at
    started_at = min(handed_at[update_id] for update_id in said.values())
    ended_at = max(talk.covered_at[line] for line in said)
    await settle()
    return _Wave(
        seconds=ended_at - started_at, cpu=(program.cpu() - before) / len(said), replies=tuple(talk.replies[heard:])
    )


async def _waves(
    scene: Scene, count: int, each: int, *, model_seconds: float = 0.0
) -> tuple[list[_Wave], tuple[str, ...]]:
    stage = await set_up(scene.new_folder())
    waves = []
    async with running(PLATFORM, settings_for(stage, scene.stub.url), stage.folder) as program:
        talk = await warmed_up(scene, stage)
        with scene.stub.thinking(model_seconds):
            for number in range(count):
                waves.append(await _wave(scene, program, talk, stage.actors[0].token, each))
                scene.tell(f"  round {number + 1}: {waves[-1].seconds:.2f} s, {len(waves[-1].replies)} replies")
    return waves, tuple(program.complaints())


async def all_at_once(scene: Scene) -> Outcome:
    waves, complaints = await _waves(scene, ROUNDS, MESSAGES // CHATS)

    def of(value: Callable[[_Wave], float]) -> list[float]:
        return [value(wave) for wave in waves]

    return Outcome(
        note=f"{MESSAGES} messages in {CHATS} chats handed out at once (Telegram gives at most 100 in one answer), "
        f"until each is covered by a reply whose prompt held it; {ROUNDS} rounds.",
        figures=(
            figure("until all are answered", "s", of(lambda wave: wave.seconds), most=1.0),
            figure("chats with a reply out of order", "", of(lambda wave: chats_out_of_order(wave.replies)), most=0),
            figure("CPU per message", "ms", of(lambda wave: wave.cpu * 1e3), most=4.0),
            figure("replies (messages of a chat are answered together)", "", of(lambda wave: len(wave.replies))),
        ),
        complaints=complaints,
    )


async def slow_model(scene: Scene) -> Outcome:
    waves, complaints = await _waves(scene, MODEL_ROUNDS, 1, model_seconds=MODEL_SECONDS)
    return Outcome(
        note=f"One message in each of {CHATS} chats at once, the model answers after {MODEL_SECONDS:g} s; "
        f"{MODEL_ROUNDS} rounds.",
        figures=(figure("until all are answered", "s", [wave.seconds for wave in waves], most=1.2),),
        complaints=complaints,
    )


async def profile(scene: Scene) -> str:
    """What the profiled platform printed of one round of messages, one at a time."""
    stage = await set_up(scene.new_folder())
    async with running(PROFILED, settings_for(stage, scene.stub.url), stage.folder) as program:
        talk = await warmed_up(scene, stage)
        program.tell(signal.SIGUSR1)
        for _ in range(ROUNDS):
            await one_by_one(scene, talk, stage)
        await settle()
    return program.said()
