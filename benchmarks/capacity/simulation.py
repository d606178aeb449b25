"""Gateways, queue, workers, model and delivery, event by event: how long people wait, and how busy each part is.

As the platform does it: rings go round the workers that listen, each of which has so many places to think; what is
still unclaimed at a worker's sweep is known to that worker too; a turn answers all that is unread when it begins; a
place is held until the answer stands in the outbox; parts then wait for Telegram's limits. Assumed: every core serves
in order, and half of the worker's and of PostgreSQL's work for a turn comes before the model, half after it.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import cycle

from benchmarks.capacity.stations import Station, Timeline
from benchmarks.capacity.usage import Arrival
from maskarad.values import Value

SWEEP = 2.0
SWEPT = 200
"""Links that one sweep finds at most."""
PER_BOT, PER_CHAT, PER_GROUP = 1 / 30, 1.0, 3.0
"""Seconds between two messages of a bot, into a chat, into a group: Telegram's limits."""


class Shape(Value, frozen=True):
    """How many of what."""

    gateways: int
    workers: int
    places: int
    postgres_cores: int


class Service(Value, frozen=True):
    """Seconds: of a core where a part's name stands, of time for `ring` (stored until a worker has it) and
    `telegram`."""

    gateway: Mapping[str, float]
    """By kind of arrival."""
    intake_postgres: float
    worker: float
    turn_postgres: float
    part_worker: float
    part_postgres: float
    """Of each part beyond the first."""
    ring: float
    telegram: float


class Seen(Value, frozen=True):
    """What came of it: seconds of waiting, by what for, and shares of their cores that parts were busy."""

    acknowledged: Sequence[float]
    started: Sequence[float]
    """From stored to the turn's beginning."""
    answered: Sequence[float]
    """From the arrival to the answer's first message."""
    pressed: Sequence[float]
    ends: Sequence[float]
    """When each answer was shown."""
    busy: Mapping[str, float]
    thinking: float
    """Calls to the model at once, on average."""
    most_waiting: int
    """Chats that waited for a place at once."""


class _Chat:
    __slots__ = ("bot", "claimed", "free_at", "group", "rung", "unread")

    def __init__(self, bot: int, *, group: bool) -> None:
        self.bot = bot
        self.group = group
        self.unread: list[tuple[float, float]] = []
        self.rung = False
        self.claimed = False
        self.free_at = 0.0


class _Worker:
    __slots__ = ("cpu", "free", "queue")

    def __init__(self, cpu: Station, places: int) -> None:
        self.cpu = cpu
        self.free = places
        self.queue: deque[_Chat] = deque()


class Simulation:
    """`model` draws the seconds of a call, `parts` the messages of an answer. What arrives before `warm` counts for
    nothing."""

    def __init__(
        self,
        shape: Shape,
        service: Service,
        *,
        model: Callable[[], float],
        parts: Callable[[], int] = lambda: 1,
        limited: bool = True,
        warm: float = 0.0,
    ) -> None:
        self._time = Timeline()
        self._service = service
        self._model = model
        self._parts = parts
        self._limited = limited
        self._warm = warm
        self._gateways = [Station(self._time, 1) for _ in range(shape.gateways)]
        self._postgres = Station(self._time, shape.postgres_cores)
        self._cores = shape.postgres_cores
        self._workers = [_Worker(Station(self._time, 1), shape.places) for _ in range(shape.workers)]
        self._next_gateway, self._next_worker = cycle(self._gateways), cycle(self._workers)
        self._chats: dict[int, _Chat] = {}
        self._bots: dict[int, float] = {}
        self._waiting: dict[int, _Chat] = {}
        self._thought = 0.0
        self._most_waiting = 0
        self._seen: dict[str, list[float]] = {"acknowledged": [], "started": [], "answered": [], "pressed": []}
        self._ends: list[float] = []

    def play(self, arrivals: Iterable[Arrival], seconds: float) -> Seen:
        """Until all is answered; how busy parts were is by `seconds`."""
        for arrival in arrivals:
            self._time.after(arrival.at, partial(self._arrive, arrival))
        for number, worker in enumerate(self._workers):
            first = SWEEP * (number + 1) / len(self._workers)
            for sweep in range(int(seconds / SWEEP) + 30):
                self._time.after(first + sweep * SWEEP, partial(self._sweep, worker))
        self._time.run()
        busy = {
            "gateways": sum(each.busy for each in self._gateways) / len(self._gateways) / seconds,
            "workers": sum(each.cpu.busy for each in self._workers) / len(self._workers) / seconds,
            "PostgreSQL": self._postgres.busy / self._cores / seconds,
        }
        return Seen(
            **self._seen,
            ends=self._ends,
            busy=busy,
            thinking=self._thought / seconds,
            most_waiting=self._most_waiting,
        )

    def _note(self, what: str, since: float) -> None:
        if since >= self._warm:
            self._seen[what].append(self._time.now - since)

    def _arrive(self, arrival: Arrival) -> None:
        gateway = next(self._next_gateway)
        seconds = self._service.gateway[arrival.kind]
        if arrival.kind == "button":
            gateway.serve(seconds, partial(self._note, "pressed", arrival.at))
        else:
            store = partial(self._postgres.serve, self._service.intake_postgres, partial(self._stored, arrival))
            gateway.serve(seconds, store)

    def _stored(self, arrival: Arrival) -> None:
        self._note("acknowledged", arrival.at)
        if arrival.kind == "listened":
            return
        chat = self._chats.setdefault(arrival.chat, _Chat(arrival.bot, group=arrival.kind == "asking"))
        chat.unread.append((arrival.at, self._time.now))
        if not chat.rung and not chat.claimed:
            chat.rung = True
            self._time.after(self._service.ring, partial(self._ring, chat, next(self._next_worker)))

    def _ring(self, chat: _Chat, worker: _Worker) -> None:
        self._waiting[id(chat)] = chat
        self._most_waiting = max(self._most_waiting, len(self._waiting))
        worker.queue.append(chat)
        self._seat(worker)

    def _sweep(self, worker: _Worker) -> None:
        known = set(map(id, worker.queue))
        worker.queue.extend(each for key, each in list(self._waiting.items())[:SWEPT] if key not in known)
        self._seat(worker)

    def _seat(self, worker: _Worker) -> None:
        while worker.free and worker.queue:
            chat = worker.queue.popleft()
            if id(chat) in self._waiting:
                self._think(worker, chat)

    def _think(self, worker: _Worker, chat: _Chat) -> None:
        del self._waiting[id(chat)]
        worker.free -= 1
        chat.rung, chat.claimed = False, True
        unread, chat.unread = chat.unread, []
        for said, stored in unread:
            if said >= self._warm:
                self._seen["started"].append(self._time.now - stored)
        half, database = self._service.worker / 2, self._service.turn_postgres / 2
        thinking = self._model()
        self._thought += thinking
        parts = self._parts()
        more = (parts - 1) * self._service.part_worker
        more_database = (parts - 1) * self._service.part_postgres

        def ask() -> None:
            self._time.after(thinking, answer)

        def answer() -> None:
            worker.cpu.serve(half + more, partial(self._postgres.serve, database + more_database, stand))

        def stand() -> None:
            worker.free += 1
            self._deliver(worker, chat, [said for said, _ in unread], parts)
            self._seat(worker)

        worker.cpu.serve(half, partial(self._postgres.serve, database, ask))

    def _deliver(self, worker: _Worker, chat: _Chat, said: Sequence[float], parts: int) -> None:
        """Each part when the limits let it; the chat is free for its next turn when the last is sent."""
        sent = self._time.now
        for number in range(parts):
            sent = self._slot(chat, sent) + self._service.telegram
            if number == 0:
                self._time.after(sent - self._time.now, partial(self._shown, said))
        self._time.after(sent - self._time.now, partial(self._released, worker, chat))

    def _slot(self, chat: _Chat, at: float) -> float:
        if not self._limited:
            return at
        slot = max(at, chat.free_at, self._bots.get(chat.bot, 0.0))
        chat.free_at = slot + (PER_GROUP if chat.group else PER_CHAT)
        self._bots[chat.bot] = slot + PER_BOT
        return slot

    def _shown(self, said: Sequence[float]) -> None:
        for each in said:
            self._note("answered", each)
        self._ends += [self._time.now] * len(said)

    def _released(self, worker: _Worker, chat: _Chat) -> None:
        chat.claimed = False
        if chat.unread:
            chat.rung = True
            self._ring(chat, worker)
