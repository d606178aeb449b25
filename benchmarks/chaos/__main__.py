"""Processes and servers die every few seconds while people talk; Telegram's own record tells what was lost.

A full run writes its column into docs/reliability.md. The seed is printed and repeats plan and load. Ends with 1, and
the evidence, when a promise was broken.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import uvloop

from benchmarks.chaos import report
from benchmarks.chaos.plan import draw
from benchmarks.chaos.run import MODEL_FAILS, members, play
from benchmarks.chaos.troubles import PROXY, Happened, Troublemaker
from benchmarks.cluster.cluster import Cluster
from benchmarks.scene import tell
from maskarad.sandbox.person import Sandbox

MINUTES, BOTS, CHATS, RATE, PRESSES = 10.0, 50, 500, 8.0, 2.0


def main() -> None:
    options = _options()
    seed = options.seed if options.seed is not None else time.time_ns() % 100_000
    folder = Path(tempfile.mkdtemp(prefix="maskarad-chaos-"))
    plan = draw(
        seed,
        seconds=options.minutes * 60,
        bots=options.bots,
        chats=options.chats,
        rate=options.rate,
        presses=PRESSES,
        killable=(*members(), PROXY),
        freezable=members(),
    )
    tell(f"seed {seed}: {len(plan.lines)} lines, {len(plan.presses)} presses, {len(plan.troubles)} troubles")
    tell(f"logs: {folder}")

    async def disturb(cluster: Cluster, sandbox: Sandbox, start: float) -> Sequence[Happened]:
        return await Troublemaker(cluster, sandbox, tell).play(plan.troubles, start)

    run = uvloop.run(play(plan, folder, bots=options.bots, model_fails=MODEL_FAILS, disturb=disturb, tell=tell))
    print(report.table([report.figures(run)]), flush=True)
    for line in report.evidence(run, folder):
        tell(line)
    if _is_full(options):
        report.keep(report.figures(run))
    sys.exit(1 if run.verdict.broken else 0)


def _is_full(options: argparse.Namespace) -> bool:
    return (options.minutes, options.bots, options.chats, options.rate) == (MINUTES, BOTS, CHATS, RATE)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.chaos", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=MINUTES, help=f"of the storm ({MINUTES:g})")
    parser.add_argument("--seed", type=int, help="repeat the plan of another run (drawn)")
    parser.add_argument("--bots", type=int, default=BOTS, help=f"persona bots ({BOTS})")
    parser.add_argument("--chats", type=int, default=CHATS, help=f"private chats and groups ({CHATS})")
    parser.add_argument("--rate", type=float, default=RATE, help=f"lines a second ({RATE:g})")
    return parser.parse_args()


if __name__ == "__main__":
    main()
