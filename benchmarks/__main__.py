"""`python -m benchmarks [WORKLOAD…]`, `… profile`, `… compare SOURCE SOURCE`."""

import argparse
import datetime
import importlib
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import uvloop

from benchmarks import machine, report
from benchmarks.figures import Conditions, Workload
from benchmarks.profiling import paths
from benchmarks.profiling.recording import CannotWatch
from benchmarks.scene import Outcome, Scene, tell
from benchmarks.stub import Stub
from benchmarks.workloads import compare as sides
from benchmarks.workloads import floors, footprint, history, messages, navigation, private
from benchmarks.workloads.counting import statements_a_press
from benchmarks.workloads.start import start
from benchmarks.workloads.statements import statements
from benchmarks.workloads.webhooks import group_message_by_webhook

Measure = Callable[[Scene], Awaitable[Outcome]]

WORKLOADS: Mapping[str, tuple[str, Measure]] = {
    "navigation": ("Buttons of the manager bot", navigation.navigation),
    "navigation-postgresql": ("Buttons of the manager bot, on PostgreSQL", navigation.navigation_on_postgresql),
    "walks": ("Statements a press", statements_a_press),
    "message": ("Private message", messages.private),
    "postgresql": ("Private message, on PostgreSQL", messages.private_on_postgresql),
    "mention": ("Group message that is answered", messages.in_groups),
    "group": ("Group message that gets no reply", floors.group_message_unanswered),
    "webhook": ("Group message that gets no reply, by webhook", group_message_by_webhook),
    "slow": ("40 chats at once, a model of one second", messages.slow_model),
    "slow-groups": ("Groups at once, a model of one second", messages.slow_model_in_groups),
    "crowd": ("200 private messages at once", private.all_at_once),
    "statements": ("What the database is asked", statements),
    "history": ("Long histories", history.flat),
    "memory": ("Resident memory", footprint.memory),
    "start": ("Start", start),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("words", nargs="*", metavar="WORKLOAD", help=f"of {', '.join(WORKLOADS)}; none: all")
    words = parser.parse_args().words
    if words == ["profile"]:
        uvloop.run(profile())
    elif words[:1] == ["compare"] and len(words) == 3:
        for source in words[1:]:
            if not sides.holds_package(source):
                parser.error(f"there is no maskarad/__init__.py in {source}; SOURCE is the src folder of a checkout")
        uvloop.run(compare(*(str(Path(word).absolute()) for word in words[1:])))
    elif set(words) <= WORKLOADS.keys():
        uvloop.run(measure(words))
    else:
        parser.error(f"known are {', '.join(WORKLOADS)}; profile; compare SOURCE SOURCE")


async def measure(names: Sequence[str]) -> None:
    """All workloads are written to the page and the file; a few are only shown."""
    done = []
    for number, name in enumerate(names or WORKLOADS, 1):
        tell(f"[{number}/{len(names or WORKLOADS)}] {WORKLOADS[name][0]} …")
        done.append(await _one(name))
        print(report.table(done[-1]), end="\n\n", flush=True)
    if not names:
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        report.write(report.Results(taken_on=today, machine=machine.describe(), workloads=tuple(done)))
        importlib.import_module("benchmarks.plots").draw(done, report.PAGE.parent / "pictures")
        tell(f"written to {report.PAGE.name} and {report.RESULTS.name}")


async def profile() -> None:
    """Flame graphs are written, tables are printed."""
    try:
        async with _scene() as scene:
            async for found in paths.profile(scene):
                paths.draw(found)
                print(paths.table(found), end="\n\n", flush=True)
    except CannotWatch as error:
        sys.exit(str(error))


async def compare(before: str, after: str) -> None:
    """Absolute paths of two folders, each with a `maskarad` package in it (`src` of two checkouts)."""
    try:
        async with _scene() as scene:
            for each in await sides.compare(scene, before, after):
                print(f"{each.question:35} {each.median:.2f} {each.unit}  ({each.lowest:.2f} – {each.highest:.2f})")
    except sides.WrongSource as error:
        sys.exit(str(error))


@asynccontextmanager
async def _scene() -> AsyncIterator[Scene]:
    with tempfile.TemporaryDirectory(prefix="maskarad-bench-") as folder:
        async with Stub().running() as stub:
            yield Scene(stub, Path(folder), tell)


async def _one(name: str) -> Workload:
    title, workload = WORKLOADS[name]
    began_at, neighbours, before = time.perf_counter(), machine.Neighbours(), machine.calibrate()
    async with _scene() as scene:
        outcome = await workload(scene)
    conditions = Conditions(
        calibration=(before + machine.calibrate()) / 2,
        others=neighbours.share(),
        seconds=time.perf_counter() - began_at,
    )
    return Workload(
        name=name,
        title=title,
        note=outcome.note,
        conditions=conditions,
        figures=outcome.figures,
        grids=outcome.grids,
        complaints=outcome.complaints,
    )


if __name__ == "__main__":
    main()
