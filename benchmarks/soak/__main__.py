"""People talk and press buttons at a steady rate while nothing goes wrong; then what has grown is written down.

A full run writes its tables into docs/reliability.md. Ends with 1 when memory, files, tasks or connections grow, or a
promise of the chaos run was broken.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import uvloop

from benchmarks import machine, pages
from benchmarks.chaos import report as talk
from benchmarks.chaos.crowd import Crowd
from benchmarks.chaos.plan import draw
from benchmarks.chaos.run import Run, play
from benchmarks.chaos.troubles import Happened
from benchmarks.cluster.cluster import Cluster
from benchmarks.scene import tell
from benchmarks.soak import figures, past, report
from benchmarks.soak.samples import TOKEN, Sampler, rows
from benchmarks.stage import Stage
from maskarad.sandbox.person import Sandbox

MINUTES, BOTS, CHATS, RATE, PRESSES = 10.0, 50, 500, 8.0, 2.0
WARM_UP = 14.0
"""Minutes. What a process remembers for a while, it remembers for ten; its memory of 2,000 analyses is full after
twelve."""

RUSH_EVERY = 60.0
"""Seconds in the warm-up, but for its last two minutes, after which everybody speaks at once: each process has then
opened all its connections and has prepared its statements on each. Else that goes on for hours, as on a platform that
is seldom in a hurry."""


class Soak:
    """Waits until everything is warm, and then looks at it."""

    def __init__(self, *, warm_up: float, minutes: float) -> None:
        self.sampler: Sampler | None = None
        self.rows: dict[str, tuple[int, int]] = {}
        self._warm_up = warm_up * 60
        self._seconds = minutes * 60

    async def watch(self, cluster: Cluster, _sandbox: Sandbox, start: float) -> Sequence[Happened]:
        self.sampler = Sampler(cluster)
        await asyncio.sleep(max(start + self._warm_up - time.time(), 0.0))
        tell("  warm: what is seen from now on counts")
        before = await rows(cluster)
        await self.sampler.run(start + self._warm_up + self._seconds)
        after = await rows(cluster)
        self.rows = {name: (count, after[name] - count) for name, count in before.items() if after[name] > count}
        return ()

    def figures(self, run: Run) -> figures.Figures:
        assert self.sampler is not None
        found = talk.figures(run)
        return figures.Figures(
            minutes=self._seconds / 60,
            warm_up_minutes=self._warm_up / 60,
            said=found.said,
            answered=found.answered,
            processes=tuple(figures.of_process(name, samples) for name, samples in self.sampler.processes.items()),
            servers=figures.of_servers(self.sampler.servers),
            rows=self.rows,
        )


def main() -> None:
    options = _options()
    seed = time.time_ns() % 100_000 if options.seed is None else options.seed
    folder = Path(tempfile.mkdtemp(prefix="maskarad-soak-"))
    plan = draw(
        seed,
        seconds=(options.warm_up + options.minutes) * 60,
        bots=options.bots,
        chats=options.chats,
        rate=RATE,
        presses=PRESSES,
        killable=(),
        freezable=(),
        rushes=[number * RUSH_EVERY for number in range(1, int(options.warm_up) - 1)],
    )
    tell(f"seed {seed}: {len(plan.lines)} lines, {len(plan.presses)} presses; logs: {folder}")
    soak = Soak(warm_up=options.warm_up, minutes=options.minutes)

    async def give_past(cluster: Cluster, crowd: Crowd, stage: Stage) -> None:
        await past.give(cluster.database_url, plan.rooms, crowd.chats, stage.actors)

    played = play(
        plan,
        folder,
        bots=options.bots,
        model_fails=0.0,
        disturb=soak.watch,
        tell=tell,
        settings={"METRICS_TOKEN": TOKEN},
        prepare=give_past,
    )
    run = uvloop.run(played)
    found = soak.figures(run)
    print(report.tables(found), flush=True)
    for line in (*figures.broken(found), *talk.evidence(run, folder)):
        tell(line)
    if (options.minutes, options.warm_up, options.bots, options.chats) == (MINUTES, WARM_UP, BOTS, CHATS):
        pages.write(talk.PAGE, report.BEGIN, report.part(found, talk.figures(run).taken_on, machine.describe()))
    sys.exit(1 if figures.broken(found) or run.verdict.broken else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=MINUTES, help=f"that count ({MINUTES:g})")
    parser.add_argument("--warm-up", type=float, default=WARM_UP, help=f"minutes before them ({WARM_UP:g})")
    parser.add_argument("--bots", type=int, default=BOTS, help=f"persona bots ({BOTS})")
    parser.add_argument("--chats", type=int, default=CHATS, help=f"private chats and groups ({CHATS})")
    parser.add_argument("--seed", type=int, help="repeat the talk of another run (drawn)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
