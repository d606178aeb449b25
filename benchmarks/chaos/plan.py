"""What a run will be, drawn from its seed alone: who says what and when, which buttons are pressed, what goes wrong."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Literal

from maskarad.values import Value

GROUP_EVERY = 5
"""Of a bot's chats every fifth is a group."""
MEMBERS = 3
CHATS_PER_PERSON = 2
REST = 30.0
"""Seconds for which a chat is left alone after somebody spoke there, so that nobody floods."""
BURSTS = (1, 1, 1, 1, 1, 1, 1, 2, 2, 3)
"""How many lines are said in quick succession."""
CHATTER = 0.3
"""Share of the lines in groups that are not for the persona."""
RUSH = 10.0
"""Seconds in which somebody speaks in every chat."""
PRESSING = 40
"""People who press buttons, at most."""
PRESS_REST = 2.0

Kind = Literal[
    "process killed",
    "process frozen",
    "Redis killed",
    "Redis emptied",
    "Redis frozen",
    "PostgreSQL killed",
    "Telegram answers 429",
    "Telegram answers 500",
    "Telegram cuts connections",
    "webhooks twice and out of order",
]
WEIGHTS: dict[Kind, int] = {
    "process killed": 8,
    "process frozen": 2,
    "Redis killed": 2,
    "Redis emptied": 1,
    "Redis frozen": 2,
    "PostgreSQL killed": 2,
    "Telegram answers 429": 2,
    "Telegram answers 500": 2,
    "Telegram cuts connections": 2,
    "webhooks twice and out of order": 3,
}
LASTS: dict[Kind, tuple[float, float]] = {
    "process killed": (0.2, 3.0),
    "process frozen": (12.0, 12.0),
    "Redis killed": (0.2, 2.0),
    "Redis emptied": (0.2, 2.0),
    "Redis frozen": (10.0, 10.0),
    "PostgreSQL killed": (0.5, 5.0),
    "Telegram answers 429": (2.0, 6.0),
    "Telegram answers 500": (2.0, 6.0),
    "Telegram cuts connections": (2.0, 6.0),
    "webhooks twice and out of order": (4.0, 8.0),
}
"""Seconds; a frozen process sleeps past its lease of 8."""
RECOVERY = 6.0
"""Seconds after a trouble before the same part gets the next."""
FIRST_TROUBLE = 8.0
PAUSES = (3.0, 7.0)


class Room(Value, frozen=True):
    """A chat of a bot: private with the first of the people, or a group of them."""

    bot: int
    people: tuple[int, ...]

    @property
    def is_group(self) -> bool:
        return len(self.people) > 1


class Line(Value, frozen=True):
    """Something said in a room by the person of that place in it. Those with a number ask for an answer; numbers grow
    with time. Times are seconds from the start."""

    at: float
    room: int
    person: int
    number: int | None


class PressAt(Value, frozen=True):
    at: float
    person: int


class Trouble(Value, frozen=True):
    """`target` is a member's name, or the server's."""

    at: float
    kind: Kind
    target: str
    seconds: float
    seed: int


class Plan(Value, frozen=True):
    seed: int
    seconds: float
    rooms: tuple[Room, ...]
    lines: tuple[Line, ...]
    presses: tuple[PressAt, ...]
    troubles: tuple[Trouble, ...]

    @property
    def people(self) -> int:
        return max(person for room in self.rooms for person in room.people) + 1

    @property
    def last_number(self) -> int:
        return max((line.number or 0 for line in self.lines), default=0)


def draw(
    seed: int,
    *,
    seconds: float,
    bots: int,
    chats: int,
    rate: float,
    presses: float,
    killable: Sequence[str],
    freezable: Sequence[str],
    rushes: Sequence[float] = (),
) -> Plan:
    """`rate` is lines and `presses` button presses a second; `killable` and `freezable` name members, without which
    nothing goes wrong. From each of the `rushes` on (seconds from the start) all chats speak within `RUSH`."""
    rooms = tuple(_rooms(bots, chats))
    lines = [
        *_lines(Random(f"{seed} lines"), rooms, seconds, rate),
        *(Line(at=at + RUSH * room / chats, room=room, person=0, number=0) for at in rushes for room in range(chats)),
    ]
    return Plan(
        seed=seed,
        seconds=seconds,
        rooms=rooms,
        lines=tuple(_numbered(sorted(lines, key=lambda line: line.at))),
        presses=tuple(_presses(Random(f"{seed} presses"), min(chats // 2, PRESSING), seconds, presses)),
        troubles=tuple(_troubles(Random(f"{seed} troubles"), seconds, killable, freezable)) if killable else (),
    )


def closing(plan: Plan, *, spread: float) -> tuple[Line, ...]:
    """A last line in every room, from 0 to `spread` seconds."""
    first, step = plan.last_number + 1, spread / len(plan.rooms)
    return tuple(Line(at=room * step, room=room, person=0, number=first + room) for room in range(len(plan.rooms)))


def _rooms(bots: int, chats: int) -> Iterator[Room]:
    people = max(chats // CHATS_PER_PERSON, MEMBERS)
    for number in range(chats):
        first = number // CHATS_PER_PERSON
        members = MEMBERS if number // bots % GROUP_EVERY == GROUP_EVERY - 1 else 1
        yield Room(bot=number % bots, people=tuple((first + each) % people for each in range(members)))


def _lines(chance: Random, rooms: Sequence[Room], seconds: float, rate: float) -> Iterator[Line]:
    """Not numbered yet; a number of 0 marks those to be numbered."""
    free_at = [0.0] * len(rooms)
    at, mean = 0.0, sum(BURSTS) / len(BURSTS)
    while (at := at + chance.expovariate(rate / mean)) < seconds:
        free = [room for room in chance.sample(range(len(rooms)), k=min(len(rooms), 20)) if free_at[room] <= at]
        if not free:
            continue
        moment, room = at, free[0]
        free_at[room] = at + REST
        for _ in range(chance.choice(BURSTS)):
            is_chatter = rooms[room].is_group and chance.random() < CHATTER
            person = chance.randrange(len(rooms[room].people))
            yield Line(at=moment, room=room, person=person, number=None if is_chatter else 0)
            moment += chance.uniform(0.05, 0.8)


def _numbered(lines: Sequence[Line]) -> Iterator[Line]:
    number = 0
    for line in lines:
        if line.number is None:
            yield line
        else:
            number += 1
            yield Line(at=line.at, room=line.room, person=line.person, number=number)


def _presses(chance: Random, people: int, seconds: float, rate: float) -> Iterator[PressAt]:
    free_at, at = [0.0] * people, 0.0
    while (at := at + chance.expovariate(rate)) < seconds:
        person = chance.randrange(people)
        if free_at[person] <= at:
            free_at[person] = at + PRESS_REST
            yield PressAt(at=at, person=person)


def _troubles(chance: Random, seconds: float, killable: Sequence[str], freezable: Sequence[str]) -> Iterator[Trouble]:
    """One every few seconds; what is in trouble already is left alone."""
    free_at: dict[str, float] = {}
    at = FIRST_TROUBLE
    while at < seconds - max(PAUSES):
        trouble = _trouble(chance, at, killable, freezable)
        if free_at.get(trouble.target, 0.0) <= at:
            free_at[trouble.target] = at + trouble.seconds + RECOVERY
            yield trouble
            at += chance.uniform(*PAUSES)


def _trouble(chance: Random, at: float, killable: Sequence[str], freezable: Sequence[str]) -> Trouble:
    (kind,) = chance.choices(tuple(WEIGHTS), tuple(WEIGHTS.values()))
    targets = {"process killed": killable, "process frozen": freezable}.get(kind, (kind.partition(" ")[0],))
    return Trouble(
        at=at,
        kind=kind,
        target=chance.choice(targets),
        seconds=chance.uniform(*LASTS[kind]),
        seed=chance.getrandbits(32),
    )
