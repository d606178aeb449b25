"""The drawing process: started on demand, gone when idle, killed when it takes too long, known no secrets."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from io import BytesIO
from pathlib import Path

import psutil
import pytest
import uvloop

from maskarad.analytics.order import encode
from maskarad.analytics.painter import COMMAND, Painter, PictureFailed
from maskarad.analytics.worker import serve
from tests.analytics.days import TODAY, days, order
from tests.support.until import until

PNG = b"\x89PNG"
Make = Callable[..., Painter]


@pytest.fixture
async def painter(tmp_path: Path) -> AsyncIterator[Make]:
    made: list[Painter] = []

    def make(script: str | None = None, *, patience: float = 60.0, idle: float = 60.0) -> Painter:
        """One that runs a script in the drawing process' place, if there is one."""
        command = COMMAND if script is None else (sys.executable, "-c", script)
        made.append(Painter(tmp_path, command=command, patience=patience, idle=idle))
        return made[-1]

    yield make
    for each in made:
        await each.close()


async def test_one_process_draws_picture_after_picture(painter: Make) -> None:
    artist = painter()
    before = artist.process_id
    wanted = order(days(TODAY - 30, TODAY))
    first = await artist.draw(wanted)
    process_id = artist.process_id
    assert (before, process_id is None) == (None, False)
    several = await asyncio.gather(*(artist.draw(wanted) for _ in range(3)))
    assert {first[:4], *(each[:4] for each in several)} == {PNG}
    assert artist.process_id == process_id
    await artist.close()
    assert artist.process_id is None
    assert process_id not in psutil.pids()


async def test_an_idle_process_ends_and_the_next_order_starts_another(painter: Make) -> None:
    artist = painter(idle=0.01)
    await artist.draw(order())
    await until(lambda: artist.process_id is None)
    assert (await artist.draw(order()))[:4] == PNG


async def test_a_picture_that_takes_too_long_is_given_up_and_its_process_killed(painter: Make) -> None:
    artist = painter("import time; time.sleep(600)", patience=0.5)
    with pytest.raises(PictureFailed) as failure:
        await artist.draw(order())
    assert failure.value.reason == "late"
    assert artist.process_id is None
    assert [child for child in psutil.Process().children() if "sleep(600)" in "".join(child.cmdline())] == []


@pytest.mark.parametrize(
    "script", ["raise SystemExit(1)", "import sys; sys.stdin.buffer.read(4); sys.stdout.write('xx')"]
)
async def test_a_process_that_dies_fails_one_picture(painter: Make, script: str) -> None:
    artist = painter(script)
    for _ in range(2):
        with pytest.raises(PictureFailed) as failure:
            await artist.draw(order(days(TODAY - 365, TODAY)))
        assert failure.value.reason == "died"


def test_a_process_that_dies_before_it_is_told_fails_one_picture(tmp_path: Path) -> None:
    async def draw_in_vain() -> set[str]:
        reasons = set()
        for _ in range(100):
            artist = Painter(tmp_path, command=("true",))
            with pytest.raises(PictureFailed) as failure:
                await artist.draw(order())
            reasons.add(failure.value.reason)
            await artist.close()
        return reasons

    # Some die between their start and the first write, which uvloop tells in its own way.
    assert uvloop.run(draw_in_vain()) == {"died"}


async def test_an_order_that_cannot_be_drawn_does_not_end_the_process(painter: Make) -> None:
    artist = painter()
    with pytest.raises(PictureFailed) as failure:
        await artist.draw(order(((TODAY, "no json"),)))
    assert failure.value.reason == "refused"
    process_id = artist.process_id
    assert (await artist.draw(order()))[:4] == PNG
    assert artist.process_id == process_id


async def test_giving_up_the_wait_leaves_no_process(painter: Make) -> None:
    artist = painter("import time; time.sleep(600)")
    waiting = asyncio.create_task(artist.draw(order()))
    await until(lambda: artist.process_id is not None)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert artist.process_id is None


async def test_the_process_gets_none_of_the_platforms_secrets(
    painter: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MASKARAD_SECRET_KEY", "not for you")
    told = tmp_path / "environment"
    artist = painter(f"import os; open({str(told)!r}, 'w').write(' '.join(os.environ))")
    with pytest.raises(PictureFailed):
        await artist.draw(order())
    assert set(told.read_text().split()) <= {"PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LC_CTYPE", "MPLCONFIGDIR"}


def test_the_worker_ends_with_its_input() -> None:
    wanted = encode(order())
    pictures = BytesIO()
    serve(BytesIO(len(wanted).to_bytes(4) + wanted), pictures)
    answer = pictures.getvalue()
    assert int.from_bytes(answer[:4]) == len(answer) - 4
    assert answer[4:9] == b"\x01" + PNG


@pytest.mark.parametrize(
    ("module", "foreign"), [("maskarad.app", "matplotlib"), ("maskarad.analytics.worker", "sqlalchemy")]
)
def test_neither_process_imports_what_is_the_others(module: str, foreign: str) -> None:
    script = f"import sys, {module}; sys.exit({foreign!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], env=dict(os.environ), check=False).returncode == 0
