import asyncio
from contextlib import suppress

from structlog.testing import capture_logs

from maskarad.jobs.ending import ended_by


async def test_what_hangs_and_hears_of_no_cancellation_holds_nothing_up() -> None:
    told, ended = asyncio.Event(), list[str]()

    async def deaf() -> None:
        while not told.is_set():
            with suppress(asyncio.CancelledError):
                await told.wait()

    async def quick() -> None:
        ended.append("quick")

    async with asyncio.timeout(5):
        with capture_logs() as logs:
            await ended_by(asyncio.get_running_loop().time() + 0.05, deaf=deaf(), quick=quick())
    assert ended == ["quick"]
    assert [(each["event"], each["step"]) for each in logs] == [("stop_cut_short", "deaf")]
    told.set()


async def test_what_fails_is_told_and_the_others_go_on() -> None:
    ended = list[str]()

    async def fails() -> None:
        raise ValueError("a fault of ours")

    async def slower() -> None:
        await asyncio.sleep(0.01)
        ended.append("slower")

    with capture_logs() as logs:
        await ended_by(asyncio.get_running_loop().time() + 5, fails=fails(), slower=slower())
    assert ended == ["slower"]
    assert [(each["event"], each["step"]) for each in logs] == [("stop_failed", "fails")]
