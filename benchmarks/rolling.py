"""Every process is restarted by SIGTERM, one after the other, while people talk and press buttons without a pause.

Ends with 1, and the evidence, when a message was lost or answered twice, a process did not end well, or a button
waited longer than a second.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import uvloop

from benchmarks.chaos import report
from benchmarks.chaos.plan import draw
from benchmarks.chaos.run import Run, play
from benchmarks.chaos.troubles import Happened
from benchmarks.chaos.verdict import Broken
from benchmarks.cluster.cluster import Cluster
from benchmarks.scene import tell
from maskarad.sandbox.person import Sandbox

SECONDS, BOTS, CHATS, RATE, PRESSES = 90.0, 20, 200, 8.0, 5.0
BETWEEN = 3.0
"""Seconds from a process's being well again to the next one's end, and from the first line to the first."""
BUTTON_WITHIN = 1.0


class Restarts:
    """Takes every member down and up again, once."""

    def __init__(self) -> None:
        self.broken: list[Broken] = []
        self.done_at = 0.0

    async def roll(self, cluster: Cluster, _sandbox: Sandbox, start: float) -> Sequence[Happened]:
        for member in cluster.members:
            await asyncio.sleep(BETWEEN)
            began = time.time()
            code = await member.stop()
            ended = time.time()
            if code:
                self.broken.append(Broken(promise="a process ends well", what=f"{member.name}: {code}", at=ended))
            took = await member.start()
            tell(f"  {began - start:6.1f} s  {member.name} ended in {ended - began:.1f} s, was back in {took:.1f} s")
        self.done_at = time.time()
        return ()


def broken(run: Run, restarts: Restarts) -> list[Broken]:
    """All that a rolling restart must not do."""
    found = [*run.verdict.broken, *restarts.broken]
    if restarts.done_at > run.started + run.plan.seconds:
        found.append(Broken(promise="people talk all the time", what="the restarts took longer than the talk"))
    for each in run.evidence.pressed:
        if each.seconds is not None and each.seconds > BUTTON_WITHIN:
            found.append(Broken(promise="a button within a second", what=f"{each.seconds:.2f} s", at=each.at))
    return found


def main() -> None:
    options = _options()
    seed = options.seed if options.seed is not None else time.time_ns() % 100_000
    folder = Path(tempfile.mkdtemp(prefix="maskarad-rolling-"))
    plan = draw(
        seed,
        seconds=options.seconds,
        bots=options.bots,
        chats=options.chats,
        rate=options.rate,
        presses=PRESSES,
        killable=(),
        freezable=(),
    )
    tell(f"seed {seed}: {len(plan.lines)} lines, {len(plan.presses)} presses; logs: {folder}")
    restarts = Restarts()
    run = uvloop.run(play(plan, folder, bots=options.bots, model_fails=0.0, disturb=restarts.roll, tell=tell))
    verdict = msgspec.structs.replace(run.verdict, broken=tuple(broken(run, restarts)))
    run = msgspec.structs.replace(run, verdict=verdict)
    print(report.table([report.figures(run)]), flush=True)
    for line in report.evidence(run, folder):
        tell(line)
    sys.exit(1 if run.verdict.broken else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.rolling", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"of talk ({SECONDS:g})")
    parser.add_argument("--seed", type=int, help="repeat the talk of another run (drawn)")
    parser.add_argument("--bots", type=int, default=BOTS, help=f"persona bots ({BOTS})")
    parser.add_argument("--chats", type=int, default=CHATS, help=f"private chats and groups ({CHATS})")
    parser.add_argument("--rate", type=float, default=RATE, help=f"lines a second ({RATE:g})")
    return parser.parse_args()


if __name__ == "__main__":
    main()
