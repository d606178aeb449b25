"""What workers add, what a message costs, how soon a turn begins; and the capacity model that is fitted to it.

A full run writes benchmarks/scale.json, docs/scaling.md and its pictures; it takes some ten minutes and wants the
machine for itself. Other rounds are only shown.
"""

import argparse
import datetime
import statistics
import tempfile
from pathlib import Path

import uvloop

from benchmarks import machine, pages
from benchmarks.capacity import publishing
from benchmarks.scale import costs, growth, report
from benchmarks.scale.figures import Results
from benchmarks.scene import tell

SECONDS = 20.0
WORKERS = 3
SHORTEST = 3 * growth.MODEL_SECONDS


async def measure(folder: Path, seconds: float, workers: int) -> Results:
    before = machine.calibrate()
    tell("what a message costs")
    cost = await costs.measure(folder, seconds, tell)
    tell("what workers add")
    rounds, many = await growth.measure(folder, seconds, workers, tell)
    return Results(
        machine=machine.describe(),
        taken_on=datetime.datetime.now(datetime.UTC).date().isoformat(),
        calibration=statistics.mean((before, machine.calibrate())),
        quiet=cost.quiet,
        unloaded=cost.unloaded,
        costs=cost.costs,
        held=cost.held,
        few=cost.footprint,
        many=many,
        look=cost.look,
        places=growth.PLACES,
        model_seconds=growth.MODEL_SECONDS,
        rounds=rounds,
    )


def main() -> None:
    options = _options()
    folder = Path(tempfile.mkdtemp(prefix="maskarad-scale-"))
    tell(f"logs: {folder}")
    found = uvloop.run(measure(folder, options.seconds, options.workers))
    print(report.part(found), flush=True)
    if (options.seconds, options.workers) == (SECONDS, WORKERS):
        pages.write_results(report.RESULTS, found)
        publishing.publish(found)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scale", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"of each round ({SECONDS:g})")
    parser.add_argument("--workers", type=int, default=WORKERS, help=f"at the most ({WORKERS})")
    options = parser.parse_args()
    if options.seconds < SHORTEST or options.workers < 1:
        parser.error(f"a round takes {SHORTEST:g} s at least, and there is one worker at least")
    return options


if __name__ == "__main__":
    main()
