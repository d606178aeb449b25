"""Private messages to one persona, the platform alone: one at a time, and all at once."""

import asyncio
import itertools
from collections.abc import Callable

import msgspec

from benchmarks.figures import figure
from benchmarks.people import person
from benchmarks.program import PLATFORM, Program, running, settings_for
from benchmarks.scene import Outcome, Scene, settle
from benchmarks.stage import Stage, set_up
from benchmarks.talk import Covered, Talk, chats_out_of_order

CHATS = 40
MESSAGES = 200
ROUNDS = 5

GAP = 0.005
"""Seconds from a reply to the next message: the platform has ended its transactions by then."""


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


async def all_at_once(scene: Scene) -> Outcome:
    stage = await set_up(scene.new_folder())
    waves = []
    async with running(PLATFORM, settings_for(stage, scene.stub.url), stage.folder) as program:
        talk = await warmed_up(scene, stage)
        for number in range(ROUNDS):
            waves.append(await _wave(scene, program, talk, stage.actors[0].token, MESSAGES // CHATS))
            scene.tell(f"  round {number + 1}: {waves[-1].seconds:.2f} s, {len(waves[-1].replies)} replies")

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
        complaints=tuple(program.complaints()),
    )
