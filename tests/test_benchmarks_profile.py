"""`make profile`: samples become parts and pictures; a short run names the functions that the platform ran."""

import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from benchmarks.profiling import paths
from benchmarks.profiling.flame import HEAD, ROW, ROWS, flame_graph
from benchmarks.profiling.recording import CannotWatch, recording
from benchmarks.profiling.stacks import Frame, by_function, by_part, part_of, read_stacks
from benchmarks.scene import Scene
from benchmarks.stub import Stub

LOOP = "thread (12): MainThread;<module> (maskarad/__main__.py);run (uvloop/__init__.py)"
RAW = f"""\
{LOOP};Poller.run (maskarad/telegram/poll.py);BotApi.call (maskarad/telegram/api.py);_request (aiohttp/client.py) 4
{LOOP};data_received (aiohttp/client_proto.py) 1
{LOOP} 2
thread (13): database-read_0;Thread.run (threading.py);claim (/somewhere/src/maskarad/db/turns.py);\
execute (/usr/lib/python3.11/site-packages/sqlalchemy/engine/base.py) 3
"""
SVG = "{http://www.w3.org/2000/svg}"


def frame(function: str, file: str) -> Frame:
    return Frame(function=function, file=file)


def test_time_belongs_to_the_innermost_part() -> None:
    assert by_part(read_stacks(RAW)) == pytest.approx(
        {"HTTP and polling": 0.5, "database": 0.3, "event loop": 0.2}, abs=1e-9
    )


def test_a_library_that_several_parts_use_counts_for_the_caller() -> None:
    loop, client = frame("event loop", ""), frame("ClientSession._request", "aiohttp/client.py")
    assert part_of((loop, frame("Wire.complete", "maskarad/llm/wire.py"), client)) == "model client"
    assert part_of((loop, frame("Sender.send_text", "maskarad/telegram/send.py"), client)) == "sending"
    assert part_of((loop, client)) == "HTTP and polling"


def test_frames_are_named_from_their_package_on() -> None:
    functions = by_function(read_stacks(RAW))
    assert frame("execute", "sqlalchemy/engine/base.py") in functions
    assert frame("claim", "maskarad/db/turns.py") not in functions  # it was never on top


def boxes(svg: str) -> dict[str, tuple[float, float, float]]:
    """By title up to the share: left and width in percent, top in pixels."""
    found = {}
    for each in ElementTree.fromstring(svg).iter(f"{SVG}svg"):
        if each.get("class") == "frame":
            name = (each.findtext(f"{SVG}title") or "").split(":")[0]
            left, width = (float((each.get(side) or "").rstrip("%")) for side in ("x", "width"))
            found[name] = (left, width, float(each.get("y") or 0))
    return found


def test_a_frame_is_as_wide_as_its_time_and_stands_below_its_caller() -> None:
    drawn = boxes(flame_graph("A path", "a note", read_stacks(RAW)))
    left, width, top = drawn["Poller.run (maskarad.telegram.poll)"]
    assert width == pytest.approx(40)
    assert drawn["BotApi.call (maskarad.telegram.api)"] == (left, width, top + ROW)
    assert drawn["claim (maskarad.db.turns)"][1] == pytest.approx(30)
    assert drawn["event loop"][1] == pytest.approx(70)


def test_a_picture_is_the_same_for_the_same_samples_and_of_one_size() -> None:
    turned = "\n".join(reversed(RAW.splitlines()))
    svg = flame_graph("A path", "a <note>", read_stacks(RAW))
    assert flame_graph("A path", "a <note>", read_stacks(turned)) == svg
    deep = ";".join(["thread (1): MainThread", *(f"f{number} (maskarad/app.py)" for number in range(300))])
    for each in (svg, flame_graph("Deep", "", read_stacks(f"{deep} 5"))):
        assert ElementTree.fromstring(each).get("height") == str(HEAD + ROW * ROWS)
    assert "prefers-color-scheme: dark" in svg


async def test_a_short_run_draws_what_the_platform_ran(tmp_path: Path) -> None:
    names = {
        "press": "Manager.on_press (maskarad.manager.bot)",
        "message": "Turns.run (maskarad.turn.run)",
        "crowd": "Turns.run (maskarad.turn.run)",
        "group": "Intake.accept (maskarad.intake.accept)",
    }
    async with Stub().running() as stub:
        async for found in paths.profile(Scene(stub, tmp_path, lambda _line: None), scale=0.2):
            paths.draw(found, tmp_path)
            svg = (tmp_path / f"flame-{found.path.name}.svg").read_text()
            assert names.pop(found.path.name) in boxes(svg)
            assert not re.search(r"/(?:home|root|work|usr|opt|site-packages|src)/", svg)
            assert "HTTP and polling" in paths.table(found)
    assert not names


async def test_without_the_right_to_look_it_says_what_to_do(tmp_path: Path) -> None:
    refusing = tmp_path / "py-spy"
    refusing.write_text(f"#!{sys.executable}\nprint('Error: Permission denied (os error 13)')\nraise SystemExit(1)\n")
    refusing.chmod(0o755)
    with pytest.raises(CannotWatch, match=r"ptrace_scope.*SYS_PTRACE"):
        async with recording(1, tmp_path, py_spy=str(refusing)):
            pytest.fail("it must not go on")
    with pytest.raises(CannotWatch, match="not installed"):
        async with recording(1, tmp_path, py_spy=str(tmp_path / "nowhere")):
            pytest.fail("it must not go on")
