"""`python -m benchmarks [WORKLOAD…]`, `python -m benchmarks profile press|message`."""

import argparse
import datetime
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import uvloop

from benchmarks import machine, report
from benchmarks.figures import Conditions, Workload
from benchmarks.scene import Outcome, Scene, tell
from benchmarks.stub import Stub
from benchmarks.workloads import floors, private

Measure = Callable[[Scene], Awaitable[Outcome]]

WORKLOADS: Mapping[str, tuple[str, Measure]] = {
    "press": ("Button press in the manager bot", floors.button_press),
    "group": ("Group message that gets no reply", floors.group_message_unanswered),
    "message": ("Private message, one at a time", private.one_at_a_time),
    "crowd": ("200 private messages at once", private.all_at_once),
    "slow": ("40 chats at once, a model of one second", private.slow_model),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("words", nargs="*", metavar="WORKLOAD", help=f"of {', '.join(WORKLOADS)}; none: all")
    words = parser.parse_args().words
    uvloop.run(measure(words))


async def measure(names: Sequence[str]) -> None:
    """All workloads are written to the page and the file; a few are only shown."""
    done = []
    with tempfile.TemporaryDirectory(prefix="maskarad-bench-") as folder:
        for number, name in enumerate(names or WORKLOADS, 1):
            tell(f"[{number}/{len(names or WORKLOADS)}] {WORKLOADS[name][0]} …")
            done.append(await _one(name, Path(folder)))
            print(report.table(done[-1]), end="\n\n", flush=True)
    if not names:
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        report.write(report.Results(taken_on=today, machine=machine.describe(), workloads=tuple(done)))
        tell(f"written to {os.path.relpath(report.PAGE)} and {os.path.relpath(report.RESULTS)}")


async def _one(name: str, folder: Path) -> Workload:
    title, workload = WORKLOADS[name]
    calibration, began_at, neighbours = machine.calibrate(), time.perf_counter(), machine.Neighbours()
    async with Stub().running() as stub:
        outcome = await workload(Scene(stub, folder, tell))
    conditions = Conditions(
        calibration=calibration, others=neighbours.share(), seconds=time.perf_counter() - began_at
    )
    return Workload(
        title=title,
        note=outcome.note,
        conditions=conditions,
        figures=outcome.figures,
        complaints=outcome.complaints,
    )


if __name__ == "__main__":
    main()
