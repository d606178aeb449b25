"""Programs of this repository, run as somebody at a terminal would."""

import asyncio
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


async def run_to_the_end(*command: str) -> str:
    """What it prints; the test fails with all of it when the run does."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *command), cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        shown, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()
    assert process.returncode == 0, shown.decode()
    return shown.decode()
