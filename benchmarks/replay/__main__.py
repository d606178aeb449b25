"""`python -m benchmarks.replay`: a long chat, said again to a whole platform; writes docs/replay.md."""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import uvloop

from benchmarks.replay import export, page, pictures
from benchmarks.replay.figures import broken_promises
from benchmarks.replay.player import Replay, replay
from maskarad.logs import configure
from maskarad.values import Chattiness

DOCS = Path(__file__).parents[2] / "docs"
MESSAGES = 5_000
DIAL_MESSAGES = 1_600
"""Of the export, those of the persona among them."""
SEED = 7


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replay", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    configure("error", "console")
    sys.exit(uvloop.run(run(parser.parse_args().seed)))


async def run(seed: int) -> int:
    """How many promises were broken."""
    with tempfile.TemporaryDirectory(prefix="maskarad-replay-") as folder:
        file = Path(folder) / "result.json"
        export.write(file, messages=MESSAGES, seed=seed)
        said = export.read(file)
    beginning = msgspec.structs.replace(said, messages=said.messages[: DIAL_MESSAGES + 1])
    whole = await _played(said, Chattiness.NORMAL, seed)
    dials = [await _played(beginning, dial, seed) for dial in Chattiness]
    text = page.page(whole, dials, export_messages=len(said.messages) - 1, seed=seed)
    await asyncio.to_thread(page.write, DOCS / "replay.md", text)
    pictures.draw(whole, DOCS / "pictures")
    broken = broken_promises(whole)
    for each in broken:
        print(f"broken: {each}")
    return len(broken)


async def _played(said: export.Export, dial: Chattiness, seed: int) -> Replay:
    began_at = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="maskarad-replay-") as folder:
        played = await replay(said, Path(folder), dial=dial, seed=seed)
    took = time.perf_counter() - began_at
    print(f"{dial}: {len(played.heard):,} messages in {took:.0f} s", flush=True)
    return played


if __name__ == "__main__":
    main()
