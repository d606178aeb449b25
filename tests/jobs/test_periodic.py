"""Background tasks run again and again, and the metrics say how."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from maskarad.errors import DatabaseUnavailable, SchemaOutdated
from maskarad.jobs.periodic import every, once, whenever
from maskarad.jobs.tasks import Task
from maskarad.metrics import Metrics
from tests.support.clock import FakeClock
from tests.support.until import until

OFTEN = Task(name="tea", interval=0.0)


class Job:
    """Does what it is told, run by run; then it waits for ever."""

    def __init__(self, clock: FakeClock, *outcomes: Exception | None) -> None:
        self.clock = clock
        self.outcomes = list(outcomes)
        self.done = asyncio.Event()

    async def run(self) -> None:
        if not self.outcomes:
            self.done.set()
            await asyncio.Event().wait()
        self.clock.advance(1)
        outcome = self.outcomes.pop(0)
        if outcome is not None:
            raise outcome


async def run_all(job: Job, metrics: Metrics) -> None:
    running = asyncio.ensure_future(every(OFTEN, job.run, meter=metrics.task("tea"), clock=job.clock))
    await asyncio.wait_for(job.done.wait(), 5)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


def lines(metrics: Metrics) -> set[str]:
    return {line for line in metrics.exposition().decode().splitlines() if 'task="tea"' in line}


@pytest.mark.parametrize(
    ("outcomes", "result"),
    [
        ([None, None], "ok"),
        ([None, ValueError("a bug")], "failed"),
        ([ValueError("a bug"), DatabaseUnavailable("away")], "database_away"),
        ([DatabaseUnavailable("away"), None], "ok"),
    ],
)
async def test_the_last_run_is_told(clock: FakeClock, outcomes: list[Exception | None], result: str) -> None:
    metrics = Metrics()
    await run_all(Job(clock, *outcomes), metrics)
    told = lines(metrics)
    for each in ("ok", "failed", "database_away"):
        assert f'maskarad_task_result{{result="{each}",task="tea"}} {float(each == result)}' in told
    [last_run] = [line for line in told if line.startswith("maskarad_task_last_run_seconds")]
    assert float(last_run.split()[-1]) == clock.now
    [duration] = [line for line in told if line.startswith("maskarad_task_duration_seconds")]
    assert 0.0 <= float(duration.split()[-1]) < 5.0


async def test_a_task_that_never_ran_tells_nothing_of_success(clock: FakeClock) -> None:
    metrics = Metrics()
    metrics.task("tea")
    assert 'maskarad_task_result{result="ok",task="tea"} 0.0' in lines(metrics)


async def _well() -> None:
    return None


async def _outdated() -> None:
    raise SchemaOutdated("old")


@pytest.mark.parametrize(("job", "result"), [(_well, "ok"), (_outdated, "failed")])
async def test_what_runs_once_is_told_too_and_its_error_reaches_the_caller(
    clock: FakeClock, job: Callable[[], Awaitable[None]], result: str
) -> None:
    metrics = Metrics()
    if result == "ok":
        await once(job, meter=metrics.task("tea"), clock=clock)
    else:
        with pytest.raises(SchemaOutdated):
            await once(job, meter=metrics.task("tea"), clock=clock)
    assert f'maskarad_task_result{{result="{result}",task="tea"}} 1.0' in lines(metrics)


async def test_it_runs_when_it_is_told_to_and_once_for_all_who_told_it() -> None:
    told, runs = asyncio.Event(), list[None]()

    async def job() -> None:
        runs.append(None)
        if len(runs) == 1:
            raise DatabaseUnavailable("away")
        if len(runs) == 2:
            for _ in range(3):
                told.set()

    running = asyncio.ensure_future(whenever(told, job, "tea"))
    told.set()
    await until(lambda: len(runs) == 1)
    told.set()
    await until(lambda: len(runs) == 3)
    await asyncio.sleep(0.01)
    assert len(runs) == 3
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
