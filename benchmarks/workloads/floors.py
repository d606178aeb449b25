"""What needs no answer of a persona: buttons of the manager bot, and groups that talk among themselves.

Both are held against the floor (`benchmarks.floor`): the same transport and poller under a handler that does the least.
Platform and floor run side by side and are loaded in turn, so that a ratio is made of two neighbouring rounds.
"""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import msgspec

from benchmarks.figures import Figure, figure, percentile
from benchmarks.people import GROUPS, JsonObject, group_message, person, press
from benchmarks.program import PLATFORM, PROFILED, Program, running, settings_for
from benchmarks.scene import Outcome, Scene, settle
from benchmarks.stage import MANAGER_TOKEN, PEOPLE, Stage, set_up
from benchmarks.stub import Call, Inbox, Stub
from maskarad.manager.callbacks import encode

FLOOR_TOKEN = "1001:floor-of-the-benchmarks-AAAAAAAAAAAAAA"
ROUNDS = 5
PATIENCE = 60.0


class Round(msgspec.Struct, frozen=True):
    cpu: float
    """Microseconds an update."""
    waits: tuple[float, ...]
    """Milliseconds from each load put in to its end."""


Load = Callable[[Inbox, int], Awaitable[None]]
"""Put so many updates into the inbox and return when all have been dealt with."""


@asynccontextmanager
async def _side_by_side(
    scene: Scene, stage: Stage, kind: str, platform_token: str
) -> AsyncIterator[Mapping[str, tuple[Program, Inbox]]]:
    inboxes = scene.stub.inboxes
    floor = ("benchmarks.floor", scene.stub.url, FLOOR_TOKEN, kind)
    async with (
        running(PLATFORM, settings_for(stage, scene.stub.url), stage.folder) as program,
        running(floor, {}, scene.new_folder()) as least,
    ):
        yield {"floor": (least, inboxes[FLOOR_TOKEN]), "platform": (program, inboxes[platform_token])}


async def _round(program: Program, inbox: Inbox, load: Load, updates: int, together: int) -> Round:
    waits = []
    before = program.cpu()
    for _ in range(updates // together):
        put_at = time.perf_counter()
        async with asyncio.timeout(PATIENCE):
            await load(inbox, together)
        waits.append((time.perf_counter() - put_at) * 1e3)
    await settle()
    return Round(cpu=(program.cpu() - before) / (updates // together * together) * 1e6, waits=tuple(waits))


async def _compare(
    scene: Scene, sides: Mapping[str, tuple[Program, Inbox]], load: Load, updates: int, together: int
) -> dict[str, list[Round]]:
    """The first rounds warm up and do not count."""
    rounds: dict[str, list[Round]] = {name: [] for name in sides}
    for number in range(ROUNDS + 1):
        for name, (program, inbox) in sides.items():
            measured = await _round(program, inbox, load, updates, together)
            if number:
                rounds[name].append(measured)
    costs = {name: round(min(each.cpu for each in measured)) for name, measured in rounds.items()}
    scene.tell(f"  {together} together: {costs} µs of CPU")
    return rounds


def _figures(rounds: Mapping[str, Sequence[Round]], how: str, *, most: float | None) -> tuple[Figure, ...]:
    least, ours = ([each.cpu for each in rounds[name]] for name in ("floor", "platform"))
    return (
        figure(f"CPU, {how}", "µs", ours),
        figure(f"CPU of the floor, {how}", "µs", least),
        figure(f"ratio to the floor, {how}", "×", [a / b for a, b in zip(ours, least, strict=True)], most=most),
    )


class _Presses:
    """Hears both answers to each press: the circle ends, the screen changes."""

    def __init__(self, stub: Stub, persona_ids: Sequence[int]) -> None:
        self._persona_ids = persona_ids
        self._number = 0
        self._wanted = 0
        self._all_shown = asyncio.Event()
        self._shown = {"answerCallbackQuery": 0, "editMessageText": 0}
        stub.hear = self._heard

    async def load(self, inbox: Inbox, count: int) -> None:
        self._shown = dict.fromkeys(self._shown, 0)
        self._wanted = count
        self._all_shown.clear()
        inbox.put(*(self._next() for _ in range(count)))
        await self._all_shown.wait()

    def _next(self) -> JsonObject:
        who = self._number % PEOPLE
        buttons = (encode("m"), encode("ps", 0), encode("p", self._persona_ids[who]))
        self._number += 1
        return press(person(who), self._number, buttons[self._number % len(buttons)])

    def _heard(self, call: Call) -> None:
        if call.method in self._shown:
            self._shown[call.method] += 1
            if min(self._shown.values()) == self._wanted:
                self._all_shown.set()


async def button_press(scene: Scene) -> Outcome:
    stage = await set_up(scene.new_folder())
    presses = _Presses(scene.stub, stage.persona_ids)
    async with _side_by_side(scene, stage, "press", MANAGER_TOKEN) as sides:
        alone = await _compare(scene, sides, presses.load, 200, 1)
        together = await _compare(scene, sides, presses.load, 512, PEOPLE)
        complaints = sides["platform"][0].complaints()
    return Outcome(
        note=f"Menu, list and card by turns, {PEOPLE} people; both sides call answerCallbackQuery and editMessageText "
        f"at the same time. {ROUNDS} rounds a side, in turn: of 200 presses one at a time, of 512 by {PEOPLE}.",
        figures=(
            *_figures(alone, "one at a time", most=1.5),
            *_figures(together, f"{PEOPLE} at once", most=1.5),
            figure("until answered and shown, p50", "ms", [percentile(each.waits, 0.5) for each in alone["platform"]]),
        ),
        complaints=tuple(complaints),
    )


class _SmallTalk:
    """Messages between others; one is dealt with when the poll has moved past it."""

    def __init__(self, stub: Stub) -> None:
        self._stub = stub
        self._number = 0
        stub.hear = self._heard

    async def load(self, inbox: Inbox, count: int) -> None:
        await inbox.confirmed(inbox.put(*(self._next() for _ in range(count)))[-1])

    def _next(self) -> JsonObject:
        self._number += 1
        return group_message(self._number % GROUPS, person(self._number % PEOPLE), self._stub.new_message_id())

    def _heard(self, call: Call) -> None:
        if call.method == "sendMessage":
            raise RuntimeError("the persona answered what was not for it")


async def group_message_unanswered(scene: Scene) -> Outcome:
    stage = await set_up(scene.new_folder())
    talk = _SmallTalk(scene.stub)
    async with _side_by_side(scene, stage, "message", stage.actors[0].token) as sides:
        alone = await _compare(scene, sides, talk.load, 200, 1)
        together = await _compare(scene, sides, talk.load, 500, 100)
        complaints = sides["platform"][0].complaints()
    return Outcome(
        note=f"Small talk in {GROUPS} groups, the persona answers when meant (mentioned_or_contextual): kept, not "
        f"answered. The floor does nothing. {ROUNDS} rounds a side, in turn: of 200 messages one at a time, of 500 by "
        "100.",
        figures=(*_figures(alone, "one at a time", most=None), *_figures(together, "100 at once", most=None)),
        complaints=tuple(complaints),
    )


async def profile_presses(scene: Scene) -> str:
    """What the profiled platform printed of presses, one at a time."""
    stage = await set_up(scene.new_folder())
    presses = _Presses(scene.stub, stage.persona_ids)
    async with running(PROFILED, settings_for(stage, scene.stub.url), stage.folder) as program:
        inbox = scene.stub.inboxes[MANAGER_TOKEN]
        await _round(program, inbox, presses.load, 200, 1)
        program.tell(signal.SIGUSR1)
        await _round(program, inbox, presses.load, 1_000, 1)
    return program.said()
