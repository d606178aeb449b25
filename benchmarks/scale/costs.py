"""What one message costs in each part, how soon a turn begins, and what is kept: one gateway and one worker."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from benchmarks.scale import looking, shares
from benchmarks.scale.figures import Cost, Footprint, Held, Look, Quiet, Unloaded
from benchmarks.scale.postgres import Counts
from benchmarks.scale.shares import Shares
from benchmarks.scale.town import Town, town
from benchmarks.waits import Times, times
from maskarad.sandbox.person import Object
from maskarad.values import Value

BOTS, CHATS, GROUPS, MENUS = 40, 96, 40, 24
AT_ONCE = 16
"""People who talk or press in a closed loop."""
LISTENED_RATE = 80.0
ALONE = 200
"""Messages that are said one at a time."""
AFTER_CHECKPOINT = 12
SETTLED = 2.0
"""Seconds after which what was begun has ended, and the servers' counts are theirs."""
DELIVERED_WITHIN = 30.0
COMMANDS = ("stats", "total_commands_processed")
MEMORY = ("memory", "used_memory_dataset")

Tell = Callable[[str], None]
Play = Callable[[float], Awaitable[Sequence[float]]]
"""For so many seconds; returns how long each took."""


class _Reading(Value, frozen=True):
    at: float
    counts: Counts
    redis_commands: int
    model: int


class Measured(Value, frozen=True):
    """All of this module."""

    quiet: Quiet
    unloaded: Unloaded
    costs: dict[str, Cost]
    held: Held
    footprint: Footprint
    look: Look


async def measure(folder: Path, seconds: float, tell: Tell) -> Measured:
    """`seconds` for each kind. Raises ServerMissing, MemberFailed, TimeoutError."""
    async with town(
        folder / "costs", gateways=1, workers=1, bots=BOTS, chats=CHATS, groups=GROUPS, settings={}
    ) as place:
        redis_empty = shares.information(place.cluster.redis, *MEMORY)
        await place.cluster.start(place.cluster.members)
        footprint = await place.footprint()
        await place.think_for(0.0)
        await place.open_menus(MENUS)
        for number in range(CHATS):
            await place.talk(number)
        for number in range(GROUPS):
            await place.chat_by(number)
        costs = Costs(place)
        quiet = await costs.quiet(seconds)
        tell("  quiet")
        unloaded = await alone(place, round(ALONE * min(seconds / 20, 1)))
        tell(f"  accepted to asked {_ms(unloaded.accepted_to_asked)}, posted to asked {_ms(unloaded.posted_to_asked)}")
        found, connections = {}, (0.0, 0.0)
        before = await asyncio.to_thread(place.postgres.counts)
        for kind, play in costs.plays().items():
            found[kind] = await costs.of(play, seconds, quiet)
            if kind == "private":
                connections = await _connections(place)
            tell(f"  {kind}: {found[kind].rate:.0f}/s, CPU {_platform_cpu(found[kind]) * 1e3:.2f} ms")
        after = await asyncio.to_thread(place.postgres.counts)
        redis_full = shares.information(place.cluster.redis, *MEMORY)
        pages = await _after_checkpoints(place)
        look = await looking.measure(place.postgres)
        tell(f"  a look at {look.bots} bots: {look.process * 1e3:.0f} ms")
    held = Held(
        database_bytes_per_message=(after.database_bytes - before.database_bytes) / (after.messages - before.messages),
        redis_bytes_per_chat=(redis_full - redis_empty) / (CHATS + GROUPS),
        redis_bytes_empty=redis_empty,
        postgres_connections=connections[0],
        redis_connections=connections[1],
        wal_bytes_after_checkpoint=pages,
    )
    return Measured(quiet=quiet, unloaded=unloaded, costs=found, held=held, footprint=footprint, look=look)


async def _connections(place: Town) -> tuple[float, float]:
    """Of PostgreSQL and of Redis, a process."""
    members = len(place.cluster.members)
    counts = await asyncio.to_thread(place.postgres.counts)
    clients = shares.information(place.cluster.redis, "clients", "connected_clients") - 1
    return counts.connections / members, clients / members


async def _after_checkpoints(place: Town) -> float:
    """Bytes of log of a private message, when all pages are clean."""
    written = []
    for number in range(AFTER_CHECKPOINT):
        await asyncio.to_thread(place.postgres.checkpoint)
        before = await asyncio.to_thread(place.postgres.counts)
        await place.talk(number)
        await asyncio.sleep(0.3)
        after = await asyncio.to_thread(place.postgres.counts)
        written.append(after.wal_bytes - before.wal_bytes)
    return sorted(written)[len(written) // 2]


class Costs:
    """The platform's and everybody's CPU, PostgreSQL's statements and log, while something is played."""

    def __init__(self, place: Town) -> None:
        self._place = place
        self._parts = shares.processes(place.cluster, place.postgres)
        self._asked = 0

    def plays(self) -> dict[str, Play]:
        return {"private": self._private, "listened": self._listened, "button": self._button}

    async def quiet(self, seconds: float) -> Quiet:
        used, before, after = await self._watch(lambda: asyncio.sleep(seconds))
        took = after.at - before.at
        return Quiet(
            cores={part: cpu / took for part, cpu in used.items()},
            statements=(after.counts.statements - before.counts.statements) / took,
            commits=(after.counts.commits - before.counts.commits) / took,
            wal_bytes=(after.counts.wal_bytes - before.counts.wal_bytes) / took,
            redis_commands=(after.redis_commands - before.redis_commands) / took,
        )

    async def of(self, play: Play, seconds: float, quiet: Quiet) -> Cost:
        await self._place.think_for(0.0)
        waits: list[float] = []
        took = 0.0

        async def played() -> None:
            nonlocal took
            began = time.perf_counter()
            waits.extend(await play(seconds))
            took = time.perf_counter() - began
            await asyncio.sleep(SETTLED)

        used, before, after = await self._watch(played)
        lasted, count = after.at - before.at, len(waits)

        def each(all_of_it: float, by_the_second: float) -> float:
            return max(all_of_it - by_the_second * lasted, 0.0) / count

        return Cost(
            count=count,
            rate=count / took,
            cpu={part: each(cpu, quiet.cores[part]) for part, cpu in used.items() if part != shares.OTHERS},
            cores={part: cpu / lasted for part, cpu in used.items()},
            statements=each(after.counts.statements - before.counts.statements, quiet.statements),
            commits=each(after.counts.commits - before.counts.commits, quiet.commits),
            wal_bytes=each(after.counts.wal_bytes - before.counts.wal_bytes, quiet.wal_bytes),
            redis_commands=each(after.redis_commands - before.redis_commands, quiet.redis_commands),
            asked_model=(after.model - before.model) / count,
            waits=times(waits),
        )

    async def _watch(self, work: Callable[[], Awaitable[object]]) -> tuple[dict[str, float], _Reading, _Reading]:
        before, used = await self._read(), Shares(self._parts)
        await work()
        cpu = used.used()
        return cpu, before, await self._read()

    async def _read(self) -> _Reading:
        asked = await self._place.sandbox.model_requests(self._asked)
        self._asked = _last(asked) or self._asked
        return _Reading(
            at=time.perf_counter(),
            counts=await asyncio.to_thread(self._place.postgres.counts),
            redis_commands=shares.information(self._place.cluster.redis, *COMMANDS),
            model=self._asked,
        )

    async def _private(self, seconds: float) -> Sequence[float]:
        self._place.ear.forget()
        await _in_a_loop(seconds, CHATS, self._place.talk)
        return [wait for _, wait in self._place.ear.waits]

    async def _button(self, seconds: float) -> Sequence[float]:
        waits: list[float] = []

        async def press(number: int) -> None:
            waits.append(await self._place.press(number))

        await _in_a_loop(seconds, MENUS, press)
        return waits

    async def _listened(self, seconds: float) -> Sequence[float]:
        after = _last(await self._place.sandbox.deliveries())
        said = round(seconds * LISTENED_RATE)
        for number in range(said):
            await asyncio.gather(self._place.chat_by(number), asyncio.sleep(1 / LISTENED_RATE))
        async with asyncio.timeout(DELIVERED_WITHIN):
            while True:
                found = await self._place.deliveries(after)
                if len(found) >= said:
                    return [each["seconds"] for each in found]
                await asyncio.sleep(SETTLED / 10)


async def _in_a_loop(seconds: float, most: int, act: Callable[[int], Awaitable[object]]) -> None:
    """`AT_ONCE` people act again as soon as they are answered, each in places of their own."""
    deadline = time.monotonic() + seconds

    async def person(first: int) -> None:
        for number in itertools.cycle(range(first, most, AT_ONCE)):
            await act(number)
            if time.monotonic() > deadline:
                return

    await asyncio.gather(*map(person, range(AT_ONCE)))


async def alone(place: Town, count: int) -> Unloaded:
    """One message at a time, when all was quiet before it."""
    after = _last(await place.sandbox.deliveries())
    asked_after = _last(await place.sandbox.model_requests())
    place.ear.forget()
    for number in range(count):
        await place.talk(number)
        await asyncio.sleep(0.03)
    posts = (await place.deliveries(after))[:count]
    asked = (await place.sandbox.model_requests(asked_after))[:count]
    spoken = [said + wait for said, wait in place.ear.waits]
    every = list(zip(posts, asked, spoken, strict=True))
    return Unloaded(
        count=count,
        posted_to_accepted=times([post["seconds"] for post, _, _ in every]),
        accepted_to_asked=times([asking["at"] - post["at"] for post, asking, _ in every]),
        posted_to_asked=times([asking["at"] - post["at"] + post["seconds"] for post, asking, _ in every]),
        asked_to_shown=times([shown - asking["at"] for _, asking, shown in every]),
    )


def _last(record: Sequence[Object]) -> int:
    return int(record[-1]["seq"]) if record else 0


def _platform_cpu(cost: Cost) -> float:
    return sum(cost.cpu[part] for part in shares.PLATFORM)


def _ms(found: Times) -> str:
    return f"{found.p50 * 1e3:.1f} / {found.p95 * 1e3:.1f} ms"
