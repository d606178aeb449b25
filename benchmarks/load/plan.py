"""What the two processes of a round tell each other: a plan goes to Locust in a file, what it saw comes back in one.

Times are seconds of `time.perf_counter`, which on Linux is one clock for all processes.
"""

import msgspec

PLAN_VARIABLE = "MASKARAD_LOAD_PLAN"
"""Names the plan's file to Locust."""

TICKS = 100_000
"""A second has so many numbers for each side."""


class Bot(msgspec.Struct, frozen=True):
    """Where the updates of a bot are posted, with which secret, and how it is called in groups."""

    public_id: str
    secret: str
    username: str


class Plan(msgspec.Struct, frozen=True):
    """`watched` are processes by the name under which their CPU is reported, each with its children that have no
    name of their own; `persona_ids`
    belong to as many people, in order. Numbers are counted from `epoch`."""

    rate: float
    seconds: float
    seed: int
    epoch: float
    manager: Bot
    actors: tuple[Bot, ...]
    persona_ids: tuple[int, ...]
    watched: dict[str, int]
    seen: str
    """The file into which Locust writes what it saw."""


class Posted(msgspec.Struct, frozen=True, array_like=True):
    """An update that was posted: `number` is its id and that of its message; `status` is 0 without an answer."""

    kind: str
    number: int
    due: float
    answered: float
    status: int


class Seen(msgspec.Struct, frozen=True):
    """`cpu` is in seconds, by the names of `watched` and "locust"; `busy` is what the machine did in the same
    `seconds`, in seconds of one core."""

    posted: tuple[Posted, ...]
    seconds: float
    cpu: dict[str, float]
    busy: float


def number_at(epoch: float, moment: float) -> int:
    """Message ids grow with time, whoever writes: people's are even, the odd ones are the bots'."""
    return 2 * int((moment - epoch) * TICKS)
