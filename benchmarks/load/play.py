"""One round: Locust posts at a rate for some seconds, then everything that is still to come is waited for."""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from benchmarks.figures import percentile
from benchmarks.load.ledger import Ledger
from benchmarks.load.mix import ASKING, PRESS
from benchmarks.load.plan import PLAN_VARIABLE, Plan, Posted, Seen
from benchmarks.program import ROOT

ACKNOWLEDGED_WITHIN = 50.0
SHOWN_WITHIN = 100.0
"""Milliseconds that 95 % of the acknowledgements, and of the presses, may take."""

FEWEST_CONNECTIONS, MOST_CONNECTIONS = 4, 100
"""Telegram opens at most 100 connections to a webhook. At low rates fewer are used, so that none falls idle."""
LOCUSTFILE = Path(__file__).parent / "locustfile.py"


class Times(msgspec.Struct, frozen=True):
    """Milliseconds from when an update was due."""

    p50: float
    p95: float


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a round. `rate` is that asked for, in updates a second."""

    rate: float
    seconds: float
    updates: int
    acknowledged: Times
    shown: Times
    refused: int
    """Updates that were not answered with 200."""
    unshown: int
    """Presses that were not answered, or changed no screen."""
    asked: int
    """Messages that called for an answer."""
    unanswered: int
    replies: int
    strays: int
    warnings: int
    cpu: dict[str, float]
    """Cores that each process was using, on average."""
    busy: float
    """Cores that the machine was using."""

    @property
    def is_clean(self) -> bool:
        return not (self.refused or self.unshown or self.unanswered or self.strays or self.warnings)

    @property
    def held(self) -> bool:
        return self.is_clean and self.acknowledged.p95 < ACKNOWLEDGED_WITHIN and self.shown.p95 < SHOWN_WITHIN


class Player:
    """Plays rounds against one platform; each is another day with the same people."""

    def __init__(self, plan: Plan, url: str, complaints: Callable[[], Sequence[str]], ledger: Ledger) -> None:
        """`plan` is that of every round, but for the rate, the seconds and the seed; `complaints` are all that the
        platform has logged so far."""
        self._plan = plan
        self._url = url
        self.complaints = complaints
        self._ledger = ledger

    async def play(self, rate: float, seconds: float) -> Played:
        """Raises RuntimeError when Locust does not end well."""
        self._plan = msgspec.structs.replace(self._plan, rate=rate, seconds=seconds, seed=self._plan.seed + 1)
        replies, strays, warnings = self._ledger.replies, len(self._ledger.strays), len(self.complaints())
        seen = await _locust(self._plan, self._url)
        presses = [each for each in seen.posted if each.kind == PRESS]
        asking = [each.number for each in seen.posted if each.kind in ASKING]
        await self._ledger.complete((each.number for each in presses), asking)
        shown = self._shown(presses)
        return Played(
            rate=rate,
            seconds=seconds,
            updates=len(seen.posted),
            acknowledged=_times([each.answered - each.due for each in seen.posted]),
            shown=_times(shown),
            refused=sum(each.status != 200 for each in seen.posted),
            unshown=len(presses) - len(shown),
            asked=len(asking),
            unanswered=len(set(asking) - self._ledger.covered),
            replies=self._ledger.replies - replies,
            strays=len(self._ledger.strays) - strays,
            warnings=len(self.complaints()) - warnings,
            cpu={name: used / seen.seconds for name, used in seen.cpu.items()},
            busy=seen.busy / seen.seconds,
        )

    def _shown(self, presses: Sequence[Posted]) -> list[float]:
        finished = ((each, self._ledger.finished_at(each.number)) for each in presses)
        return [at - each.due for each, at in finished if at is not None]


def _times(seconds: Sequence[float]) -> Times:
    if not seconds:
        return Times(p50=float("nan"), p95=float("nan"))
    return Times(p50=percentile(seconds, 0.50) * 1e3, p95=percentile(seconds, 0.95) * 1e3)


async def _locust(plan: Plan, url: str) -> Seen:
    users = str(round(min(MOST_CONNECTIONS, max(FEWEST_CONNECTIONS, plan.rate))))
    python_path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--only-summary", "--host", url),
        *("-u", users, "-r", users, "-L", "WARNING", "--exit-code-on-error", "0"),
        cwd=os.path.dirname(plan.seen),
        env={**os.environ, "PYTHONPATH": python_path, PLAN_VARIABLE: _hand_over(plan)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    seen = _take(plan)
    if process.returncode or seen is None:
        raise RuntimeError(f"Locust ended with {process.returncode}: {said.decode()[-2_000:]}")
    return seen


def _hand_over(plan: Plan) -> str:
    """The file that Locust is to read."""
    Path(plan.seen).unlink(missing_ok=True)
    file = Path(plan.seen).with_name("plan.json")
    file.write_bytes(msgspec.json.encode(plan))
    return str(file)


def _take(plan: Plan) -> Seen | None:
    file = Path(plan.seen)
    return msgspec.json.decode(file.read_bytes(), type=Seen) if file.exists() else None


def epoch() -> float:
    """Of a platform's life: numbers are counted from shortly before now."""
    return time.perf_counter() - 1.0
