"""Groups that talk among themselves: the platform, the "before" and the floor (`benchmarks.floor`) side by side."""

import asyncio
from collections.abc import Sequence

from benchmarks.databases import Databases
from benchmarks.figures import figure, grid
from benchmarks.people import GROUPS, JsonObject, group_message, person, press
from benchmarks.scene import Outcome, Scene
from benchmarks.sides import BEFORE, FLOOR, KEPT, OURS, Side, before, floor, kept, ours, quiet, ratio, side_by_side
from benchmarks.stage import PEOPLE
from benchmarks.stub import Call, Inbox, Stub
from maskarad.manager.callbacks import encode

ROUNDS = 5
ALONE = 150
TOGETHER = 100
MESSAGES = {BEFORE: 15, KEPT: 100, OURS: 500, FLOOR: 500}
"""In a round."""

ONE, MANY = "CPU, one at a time", f"CPU, {TOGETHER} at once"


class Presses:
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


class SmallTalk:
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
    databases = Databases(scene)
    stage = await databases.stage()
    token = stage.actors[0].token
    befores = [await databases.copy(stage) for _ in range(2)]
    entries = (before(befores[0], token), kept(befores[1], token), ours(stage, token), floor(stage, "message"))
    costs: dict[str, dict[str, list[float]]] = {entry.name: {MANY: []} for entry in entries}
    for name in (OURS, FLOOR):
        costs[name][ONE] = []
    async with side_by_side(scene, *entries) as sides:
        talks = {side.name: SmallTalk(side.stub) for side in sides}
        for number in range(ROUNDS + 1):
            for side in sides:
                for column, measured in costs[side.name].items():
                    load = [1] * ALONE if column == ONE else _batches(MESSAGES[side.name])
                    cost = await _cost(side, talks[side.name], load)
                    if number:
                        measured.append(cost)
        complaints = [line for side in sides if side.name == OURS for line in side.program.complaints()]
    scene.tell("  " + ", ".join(f"{name} {min(each[MANY]):.2f} ms of CPU" for name, each in costs.items()))
    many = {name: each[MANY] for name, each in costs.items()}
    return Outcome(
        note=f"Small talk in {GROUPS} groups, the persona answers when meant (mentioned_or_contextual): kept, not "
        f"answered. The floor does nothing. {ROUNDS} rounds a side, in turn, each until the program is at rest.",
        figures=(
            figure(f"{ONE}, {OURS} ÷ {FLOOR}", "×", ratio(costs[OURS][ONE], costs[FLOOR][ONE]), most=2),
            figure(f"{MANY}, {OURS} ÷ {FLOOR}", "×", ratio(many[OURS], many[FLOOR]), most=2),
            figure(f"{MANY}, {BEFORE} ÷ {OURS}", "×", ratio(many[BEFORE], many[OURS]), least=5),
            figure(f"{MANY}, {KEPT} ÷ {OURS}", "×", ratio(many[KEPT], many[OURS])),
        ),
        grids=(grid("", {ONE: "ms", MANY: "ms"}, costs),),
        complaints=tuple(complaints),
    )


def _batches(count: int) -> Sequence[int]:
    return [min(TOGETHER, count)] * max(count // TOGETHER, 1)


async def _cost(side: Side, talk: SmallTalk, load: Sequence[int]) -> float:
    """Milliseconds of CPU a message; so many are put together."""
    used = side.program.cpu()
    for together in load:
        await talk.load(side.inbox, together)
    await quiet(side.program)
    return (side.program.cpu() - used) / sum(load) * 1e3
