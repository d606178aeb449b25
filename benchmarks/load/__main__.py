"""Locust plays Telegram: the highest rate that a platform holds on each database.

A full run (no options) looks for the rate on both databases, confirms it for 60 s, and writes benchmarks/load.json,
docs/pictures/load.svg and the measured part of docs/load.md. With options the tables are only shown. Ends with 1 when
no rate was held or, with --rate, when anything went wrong.
"""

import argparse
import datetime
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import uvloop

from benchmarks import machine
from benchmarks.load import plot, report
from benchmarks.load.ground import DATABASES, player
from benchmarks.load.play import Played
from benchmarks.load.report import Outcome, Results
from benchmarks.load.search import FIRST_RATE, alone, highest
from benchmarks.scene import tell
from tests.support.servers import ServerMissing

SECONDS = 60.0
WARM_UP_SECONDS = 5.0
"""Of a round that is not counted: links are made, connections opened, accounts read."""


def main() -> None:
    options = _options()
    names = tuple(DATABASES) if options.database == "both" else (options.database,)
    outcomes = uvloop.run(_all(names, options.seconds, options.rate))
    full = options.rate is None and options.seconds == SECONDS and len(outcomes) == len(DATABASES)
    if full:
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        report.write(Results(taken_on=today, machine=machine.describe(), outcomes=outcomes))
        plot.draw(outcomes, report.PICTURE)
        tell(f"written to {report.PAGE.name}, {report.RESULTS.name} and {report.PICTURE.name}")
    is_well = _found if options.rate is None else _without_faults
    sys.exit(0 if outcomes and all(map(is_well, outcomes)) else 1)


def _found(outcome: Outcome) -> bool:
    return outcome.confirmed is not None


def _without_faults(outcome: Outcome) -> bool:
    return all(each.is_clean for each in outcome.rounds) and not outcome.warnings


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.load", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--database", choices=(*DATABASES, "both"), default="both")
    parser.add_argument("--rate", type=_positive, metavar="N", help="play N updates a second instead of searching")
    parser.add_argument(
        "--seconds", type=_positive, default=SECONDS, metavar="S", help=f"of the round that counts ({SECONDS:.0f})"
    )
    return parser.parse_args()


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError("must be above 0")
    return number


async def _all(names: Sequence[str], seconds: float, rate: float | None) -> tuple[Outcome, ...]:
    outcomes = []
    for name in names:
        try:
            outcomes.append(await _one(name, seconds, rate))
        except ServerMissing as missing:
            tell(f"{report.TITLES[name]}: not measured, {missing}")
            continue
        print(report.section(outcomes[-1], machine.describe().cores), end="\n\n", flush=True)
    return tuple(outcomes)


async def _one(name: str, seconds: float, rate: float | None) -> Outcome:
    tell(f"{report.TITLES[name]}: {report.limits()}")
    before = machine.calibrate()
    with tempfile.TemporaryDirectory(prefix="maskarad-load-") as folder:
        async with player(Path(folder), name) as players:

            async def play(updates: float, how_long: float) -> Played:
                played = await players.play(updates, how_long)
                tell(f"  {report.in_short(played)}")
                return played

            await players.play(rate or FIRST_RATE, min(WARM_UP_SECONDS, seconds))
            search = await highest(play, seconds) if rate is None else alone(await play(rate, seconds))
        complaints = players.complaints()
    for line in complaints:
        tell(f"  logged: {line}")
    return Outcome(
        database=name,
        rounds=search.rounds,
        confirmed=search.confirmed,
        calibration=(before + machine.calibrate()) / 2,
        warnings=len(complaints),
    )


if __name__ == "__main__":
    main()
