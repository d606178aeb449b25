"""What a run measures. Seconds everywhere; CPU is in seconds of one core, by part (`shares.PARTS`)."""

from collections.abc import Mapping

from benchmarks.machine import Machine
from benchmarks.waits import Times
from maskarad.values import Value


class Quiet(Value, frozen=True):
    """A cluster that nobody talks to, by the second."""

    cores: Mapping[str, float]
    statements: float
    commits: float
    wal_bytes: float
    redis_commands: float


class Cost(Value, frozen=True):
    """Of one message or press, what goes on anyway taken off; `count` were played, `rate` a second."""

    count: int
    rate: float
    cpu: Mapping[str, float]
    cores: Mapping[str, float]
    """Used while it was played, with `others` of the machine."""
    statements: float
    commits: float
    wal_bytes: float
    redis_commands: float
    asked_model: float
    waits: Times
    """Until the answer is in the chat; until a delivery is acknowledged for what is only listened to."""


class Unloaded(Value, frozen=True):
    """One message at a time, by the sandbox's clock."""

    count: int
    posted_to_accepted: Times
    accepted_to_asked: Times
    posted_to_asked: Times
    asked_to_shown: Times
    """The model answers at once."""


class Round(Value, frozen=True):
    """So many workers at a steady rate of private messages; `answered` a second within the round."""

    workers: int
    rate: float
    seconds: float
    seed: int
    said: int
    answered: float
    waits: Times
    cores: Mapping[str, float]


class Held(Value, frozen=True):
    """What is kept of messages and chats, and held open."""

    database_bytes_per_message: float
    redis_bytes_per_chat: float
    redis_bytes_empty: float
    postgres_connections: float
    """A process, under the load of private messages."""
    redis_connections: float
    wal_bytes_after_checkpoint: float
    """Of a private message answered right after a checkpoint, when each page that it changes is written whole."""


class Footprint(Value, frozen=True):
    """Megabytes that are resident when a process has started and all bots have their webhooks."""

    bots: int
    gateway_mb: float
    worker_mb: float


class Look(Value, frozen=True):
    """Seconds of CPU for one look of a process that knows so many bots: its own, and PostgreSQL's."""

    bots: int
    process: float
    postgres: float


class Results(Value, frozen=True):
    machine: Machine
    taken_on: str
    calibration: float
    """Milliseconds of CPU for the fixed loop."""
    quiet: Quiet
    unloaded: Unloaded
    costs: Mapping[str, Cost]
    """By kind: `private`, `listened`, `button`."""
    held: Held
    few: Footprint
    many: Footprint
    look: Look
    places: int
    """Calls to the model that a worker makes at once in the rounds."""
    model_seconds: float
    rounds: tuple[Round, ...]
