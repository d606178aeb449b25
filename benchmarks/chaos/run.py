"""The story of a chaos run: a cluster is filled with people, they talk through the storm, and the record is judged."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from benchmarks.chaos.crowd import MANAGER_ID, Crowd
from benchmarks.chaos.plan import Plan, closing
from benchmarks.chaos.record import Record
from benchmarks.chaos.troubles import Happened
from benchmarks.chaos.verdict import Evidence, Verdict, judge
from benchmarks.cluster.cluster import Cluster, standing
from benchmarks.cluster.watch import Watch
from benchmarks.stage import PEOPLE, Stage
from maskarad.sandbox.person import Sandbox
from maskarad.settings import LANGUAGES
from maskarad.texts import load_texts
from maskarad.values import Value

GATEWAYS, WORKERS = 2, 3
GATEWAY_MB = 110.0
WORKER_MB = 200.0
MODEL_SECONDS = (0.2, 2.0)
MODEL_FAILS = 0.05
CLOSING_RATE = 25.0
"""Last lines a second."""
PATIENCE = 120.0
"""Seconds after the last line in which what is still missing may come."""
PROGRESS = 5.0
EVIDENCE = "evidence.msgpack"
"""All that is known of the run, beside the logs, to be judged again."""

Tell = Callable[[str], None]
Disturb = Callable[[Cluster, Sandbox, float], Coroutine[Any, Any, Sequence[Happened]]]
"""What befalls the cluster from the moment (Unix seconds) on at which people begin to talk."""
Prepare = Callable[[Cluster, Crowd, Stage], Coroutine[Any, Any, None]]


class Run(Value, frozen=True):
    """What came of a plan."""

    plan: Plan
    verdict: Verdict
    evidence: Evidence
    started: float
    """Unix seconds."""
    seconds: float
    """How long they talked."""
    deliveries: int
    in_vain: int
    """Starts of processes that found no database, and ended with a word about it."""


def members() -> tuple[str, ...]:
    """Their names."""
    return tuple(
        f"{role}-{number}"
        for role, count in (("gateway", GATEWAYS), ("worker", WORKERS))
        for number in range(1, count + 1)
    )


async def play(
    plan: Plan,
    folder: Path,
    *,
    bots: int,
    model_fails: float,
    disturb: Disturb,
    tell: Tell,
    settings: Mapping[str, str] = MappingProxyType({}),
    prepare: Prepare | None = None,
) -> Run:
    """Play the plan, until `disturb` returns if that is earlier, on a cluster that logs into the folder; `settings` are
    added to every member's, `prepare` finds people in their chats and no member started yet. Raises ServerMissing,
    MemberFailed, Gap."""
    async with standing(folder, gateways=GATEWAYS, workers=WORKERS) as cluster:
        added = {"SPONTANEITY_PER_DAY": "0", **settings}
        stage = await cluster.open(bots=bots, people=max(plan.people, PEOPLE), settings=added)
        async with Sandbox.at(cluster.sandbox_url) as sandbox:
            crowd = Crowd(sandbox, plan, stage.actors)
            await crowd.move_in()
            if prepare is not None:
                await prepare(cluster, crowd, stage)
            temper = {"quickest": MODEL_SECONDS[0], "slowest": MODEL_SECONDS[1], "fails": model_fails}
            await sandbox.direct_model(script="count", temper={**temper, "seed": plan.seed})
            await cluster.start(cluster.members)
            await crowd.open_menus()
            tell(f"{len(cluster.members)} processes, {bots} bots and {len(plan.rooms)} chats are ready")
            return await _storm(plan, cluster, sandbox, crowd, disturb, tell)


async def _storm(plan: Plan, cluster: Cluster, sandbox: Sandbox, crowd: Crowd, disturb: Disturb, tell: Tell) -> Run:
    texts = load_texts()
    apologies = frozenset(texts.get(language, "persona.apology") for language in LANGUAGES)
    record, watch = Record(sandbox, manager=MANAGER_ID, apologies=apologies), Watch(cluster.members)
    await record.begin()
    async with _beside(watch.run()), _beside(_progress(record, crowd, tell)):
        start, over = time.time(), asyncio.Event()
        async with asyncio.TaskGroup() as acting:
            acting.create_task(crowd.talk(plan.lines, start, over))
            acting.create_task(crowd.press(plan.presses, start, over))
            disturbing = acting.create_task(disturb(cluster, sandbox, start))
            disturbing.add_done_callback(lambda _: over.set())
        talked = min(time.time() - start, plan.seconds)
        await sandbox.clear_faults()
        tell("  it is over; a last word in every chat")
        last = closing(plan, spread=len(plan.rooms) / CLOSING_RATE)
        await crowd.talk(last, time.time(), asyncio.Event())
        await record.all_answered(PATIENCE)
    await record.end()
    await cluster.keep_rows()
    evidence = Evidence(
        said=record.said,
        spoken=tuple(record.spoken),
        cut=tuple(record.cut),
        asked=tuple(record.asked),
        accepted=record.accepted,
        bots=crowd.bots,
        closing=frozenset(line.number for line in last if line.number is not None),
        refused=tuple(record.refused),
        pressed=tuple(crowd.pressed),
        troubles=tuple(sorted(disturbing.result(), key=_began)),
        ended=tuple(watch.ended),
        apologies=apologies,
        resident=watch.most,
        bounds={each.name: GATEWAY_MB if each.role == "gateway" else WORKER_MB for each in cluster.members},
    )
    (cluster.folder / EVIDENCE).write_bytes(msgspec.msgpack.encode(evidence))
    return Run(
        plan=plan,
        verdict=judge(evidence),
        evidence=evidence,
        started=start,
        deliveries=record.deliveries,
        seconds=talked,
        in_vain=watch.in_vain,
    )


def _began(happened: Happened) -> float:
    return happened.began


async def _progress(record: Record, crowd: Crowd, tell: Tell) -> None:
    start = time.time()
    while True:
        await asyncio.sleep(PROGRESS)
        waiting = [record.said[number].at for number in record.unanswered]
        oldest = time.time() - min(waiting) if waiting else 0.0
        tell(
            f"  {time.time() - start:6.1f} s  said {len(record.said)}, waiting {len(waiting)} ({oldest:.0f} s), "
            f"spoken {len(record.spoken)}, buttons {len(crowd.pressed)}"
        )


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Runs `work` while the block does."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
