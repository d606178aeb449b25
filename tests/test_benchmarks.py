"""The arithmetic, the tables and the loads of the benchmarks; the measurements themselves are `make bench`."""

import asyncio
import os
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

import maskarad
from benchmarks import plots
from benchmarks.counted import COUNTED
from benchmarks.databases import Databases
from benchmarks.figures import Conditions, Workload, figure, grid, percentile
from benchmarks.machine import Machine
from benchmarks.pages import END
from benchmarks.program import ROOT, Program
from benchmarks.report import BEGIN, PICTURES, Results, page_part, table, write
from benchmarks.scene import Scene
from benchmarks.sides import AIOGRAM, BEFORE, FLOOR, KEPT, OURS, PTB, ratio
from benchmarks.stage import MANAGER_TOKEN, Stage
from benchmarks.stub import Stub
from benchmarks.summary import PROMISES, found
from benchmarks.talk import Covered, chats_out_of_order
from benchmarks.walk import Walkers
from benchmarks.workloads.compare import WrongSource, check_source

SOURCE = ROOT / "src"
MACHINE = Machine(processor="a processor", cores=2, kernel="6.1", python="3.11.7")
WORKLOAD = Workload(
    name="message",
    title="Private message",
    note="One at a time.",
    conditions=Conditions(calibration=7.94, others=0.125, seconds=18.4),
    figures=(
        figure("CPU per message", "ms", [4.2, 3.9, 4.0], most=4.0),
        figure("overhead, p95", "ms", [13.0, 12.5, 30.25], most=12.0),
        figure("replies", "", [100, 80, 99]),
        figure("CPU, before ÷ Maskarad", "×", [4.5, 5.5, 5.25], least=5),
        figure("CPU, before, bots kept ÷ Maskarad", "×", [2.0, 2.0, 2.0], least=5),
    ),
    grids=(grid("people at once", {"p95": "ms", "lost": "%"}, {"1, before": {"p95": [4.0, 6.0, 5.0]}}),),
)


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 5), (0.95, 10), (0.9, 9), (1.0, 10)])
def test_a_percentile_is_the_nearest_rank(share: float, value: float) -> None:
    assert percentile([7, 3, 1, 2, 10, 4, 5, 6, 8, 9], share) == value


def test_a_percentile_of_one_value_is_that_value() -> None:
    assert percentile([3.5], 0.95) == 3.5


def test_the_table_has_the_median_the_spread_and_the_verdict() -> None:
    lines = table(WORKLOAD).splitlines()
    assert "| CPU per message | 4 ms | 3.90 – 4.20 | 3 | ≤ 4 ms | reached |" in lines
    assert "| overhead, p95 | 13 ms | 12.5 – 30.2 | 3 | ≤ 12 ms | **not reached** |" in lines
    assert "| replies | 99 | 80 – 100 | 3 |  |  |" in lines
    assert "| CPU, before ÷ Maskarad | 5.25 × | 4.50 – 5.50 | 3 | ≥ 5 × | reached |" in lines
    assert "| CPU, before, bots kept ÷ Maskarad | 2 × | 2 – 2 | 3 | ≥ 5 × | **not reached** |" in lines
    assert "Fixed loop 7.9 ms, other programs took 12% of the machine, 18 s in all." in lines


def test_the_page_keeps_what_people_wrote_around_the_table(tmp_path: Path) -> None:
    page, file = tmp_path / "benchmarks.md", tmp_path / "results.json"
    page.write_text(f"Words before.\n\n{BEGIN}\nold\n{END}\n\nWords after.\n")
    results = Results(taken_on="2026-11-21", machine=MACHINE, workloads=(WORKLOAD,))
    write(results, page=page, file=file)
    write(results, page=page, file=file)
    text = page.read_text()
    assert text.startswith("Words before.\n\n")
    assert text.endswith("\n\nWords after.\n")
    assert text.count(table(WORKLOAD)) == 1
    assert "old" not in text
    assert msgspec.json.decode(file.read_bytes(), type=Results) == results


def test_a_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("Words.\n")
    with pytest.raises(ValueError, match="no marks"):
        write(Results(taken_on="2026-11-21", machine=MACHINE, workloads=()), page=page, file=tmp_path / "results.json")
    assert page.read_text() == "Words.\n"


def test_a_chat_is_out_of_order_when_a_later_line_was_answered_first() -> None:
    in_order = [Covered(chat_id=1, at=0.1, newest_line=4), Covered(chat_id=2, at=0.2, newest_line=3)]
    late = Covered(chat_id=1, at=0.3, newest_line=2)
    assert chats_out_of_order(in_order) == 0
    assert chats_out_of_order([*in_order, late, late]) == 1


def test_figures_that_are_compared_stand_beside_each_other() -> None:
    lines = table(WORKLOAD).splitlines()
    assert lines[lines.index("| people at once | p95 | lost |") + 2] == "| 1, before | 5 ms (4 – 6) | – |"


def test_a_ratio_is_made_of_neighbouring_rounds() -> None:
    assert ratio([10.0, 30.0], [5.0, 10.0]) == [2.0, 3.0]


def test_the_first_table_holds_each_promise_against_its_figure() -> None:
    page = page_part(Results(taken_on="2026-11-21", machine=MACHINE, workloads=(WORKLOAD,)))
    assert "| CPU an answered message, before ÷ Maskarad | 3–5 × | ≥ 5 × | 5.25 × | reached |" in page
    assert "| Resident, 1 bot |  |  | not measured |  |" in page
    assert all(f"](pictures/{name}.svg)" in page for name in PICTURES)


def test_what_was_measured_last_answers_every_promise() -> None:
    results = msgspec.json.decode((ROOT / "benchmarks" / "results.json").read_bytes(), type=Results)
    missing = [promise.question for promise, measured in found(results.workloads) if measured is None]
    assert missing == []
    assert len(PROMISES) == len(set(PROMISES))


def test_pictures_are_the_same_for_the_same_figures(tmp_path: Path) -> None:
    first, second = ({path.name: path.read_text() for path in _drawn(tmp_path / str(number))} for number in range(2))
    assert first == second
    assert {f"{name}.svg" for name in PICTURES} == first.keys()
    assert all(f">{who}</text>" in first["bench-latency.svg"] for who in (BEFORE, KEPT, OURS, FLOOR))
    assert all(f">{who}</text>" in first["bench-cpu.svg"] for who in (BEFORE, OURS, FLOOR, PTB, AIOGRAM))


def test_a_picture_whose_figures_are_missing_stays_as_it_is(tmp_path: Path) -> None:
    plots.draw([_with_grid("history", {"1000, before": {"reading the context": [2.0]}})], tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["bench-history.svg"]


def _drawn(folder: Path) -> list[Path]:
    folder.mkdir()
    sides = [f"{people}, {who}" for people in (1, 10) for who in (BEFORE, KEPT, OURS, FLOOR)]
    polling = [f"{bots}, {who}" for bots in (1, 100) for who in (BEFORE, OURS)]
    histories = [f"{size}, {who}" for size in (1_000, 1_000_000) for who in (f"{OURS}, SQLite", BEFORE)]
    plots.draw(
        [
            _with_grid("navigation", {line: {"p95": [2.0, 3.0], "CPU a press": [1.5]} for line in sides}),
            _with_grid("message", {who: {"CPU a message": [4.0]} for who in (BEFORE, KEPT, OURS, PTB, AIOGRAM)}),
            _with_grid("history", {line: {"reading the context": [0.5]} for line in histories}),
            _with_grid("start", {line: {"resident": [99.0]} for line in polling}),
        ],
        folder,
    )
    return list(folder.iterdir())


def _with_grid(name: str, lines: dict[str, dict[str, list[float]]]) -> Workload:
    columns = {column: "ms" for measured in lines.values() for column in measured}
    return msgspec.structs.replace(WORKLOAD, name=name, grids=(grid("", columns, lines),))


async def test_a_press_is_over_when_its_circle_has_ended_and_its_screen_has_changed(tmp_path: Path) -> None:
    stage = Stage(folder=tmp_path, database_url="", actors=(), personas=((7, 8),))
    async with Stub().running() as stub, aiohttp.ClientSession(f"{stub.url}/bot{MANAGER_TOKEN}/") as telegram:
        walkers = Walkers(stub, stub.inboxes[MANAGER_TOKEN], stage)
        walk = asyncio.create_task(walkers.together(5, 1))
        pressed = []
        for number in range(1, 6):
            updates = await _call(telegram, "getUpdates", offset=number, timeout=5)
            (query,) = [each["callback_query"] for each in updates]
            pressed.append(query["data"])
            await _call(telegram, "answerCallbackQuery", callback_query_id=query["id"])
            assert not walk.done()
            shown = query["message"]
            await _call(telegram, "editMessageText", chat_id=1, message_id=shown["message_id"], text="a screen")
        waits = await walk
    assert pressed == ["1:m", "1:ps:0", "1:p:7", "1:e:7", "1:p:7"]
    assert len(waits) == 5
    assert walkers.lost == 0


async def _call(telegram: aiohttp.ClientSession, method: str, **params: object) -> list[dict[str, Any]]:
    async with telegram.post(method, json=params) as answer:
        result: list[dict[str, Any]] = (await answer.json())["result"]
        return result


async def test_statements_of_a_program_are_counted_from_outside(tmp_path: Path) -> None:
    (tmp_path / "asking.py").write_text(ASKING)
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "benchmarks.counted", "asking", "3"),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert program.stdin is not None
    assert program.stdout is not None
    assert await program.stdout.readline() == b"asked\n"
    program.send_signal(signal.SIGUSR1)
    assert (await program.stdout.readline()).decode() == f"{COUNTED} 3\n"
    program.stdin.close()
    assert await program.wait() == 0


ASKING = """
import sys
from sqlalchemy import create_engine, text
with create_engine("sqlite://").begin() as connection:
    for _ in range(int(sys.argv[1])):
        connection.execute(text("SELECT 1"))
print("asked", flush=True)
sys.stdin.read()
"""


async def test_both_sides_get_the_same_people_in_databases_of_their_own(tmp_path: Path) -> None:
    databases = Databases(Scene(Stub(), tmp_path, lambda _: None))
    stage = await databases.stage(people=2, personas_each=3)
    copy = await databases.copy(stage)
    await databases.execute(copy, "DELETE FROM users")
    assert copy.personas == stage.personas
    assert (_count(stage, "users"), _count(stage, "persona_configs")) == (3, 7)
    assert _count(copy, "users") == 0


def _count(stage: Stage, table: str) -> int:
    with closing(sqlite3.connect(stage.folder / "maskarad.db")) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


async def test_a_source_without_the_package_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty" / "maskarad").mkdir(parents=True)
    code, _, told = await _compare(SOURCE, tmp_path / "empty")
    assert code == 2
    assert told.splitlines()[-1].endswith(
        f"there is no maskarad/__init__.py in {tmp_path / 'empty'}; SOURCE is the src folder of a checkout"
    )
    assert (await _compare(tmp_path / "missing", SOURCE))[0] == 2


async def test_a_source_that_is_not_what_runs_is_no_side_of_a_comparison(tmp_path: Path) -> None:
    """Python takes a colon for the end of a folder, finds no package in either half, and runs the installed one."""
    source = tmp_path / "one:two"
    (source / "maskarad").mkdir(parents=True)
    (source / "maskarad" / "__init__.py").touch()
    code, shown, told = await _compare(source, SOURCE)
    assert code == 1
    assert shown == ""
    assert told.splitlines()[-1] == f"{source}: not its package is run, but {Path(maskarad.__file__).parent}"


async def test_a_source_comes_before_what_is_installed(tmp_path: Path) -> None:
    package = tmp_path / "src" / "maskarad"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text("print('ours', flush=True); input()")
    settings = {"PYTHONPATH": str(package.parent)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "maskarad"),
        cwd=tmp_path,
        env=settings,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ours\n"
    program = Program(process, started_at=0.0, output=tmp_path / "output.txt")
    await check_source(program, str(package.parent))
    with pytest.raises(WrongSource, match="not its package is run"):
        await check_source(program, str(SOURCE))
    await process.communicate(b"\n")
    assert process.returncode == 0


async def _compare(*sources: Path) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks", "compare", *map(str, sources)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    shown, told = (each.decode() for each in await process.communicate())
    return process.returncode, shown, told
