"""The arithmetic and the table of the benchmarks; the measurements themselves are `make bench`."""

from pathlib import Path

import msgspec
import pytest

from benchmarks.figures import Conditions, Workload, figure, percentile
from benchmarks.machine import Machine
from benchmarks.report import BEGIN, END, Results, table, write
from benchmarks.talk import Covered, chats_out_of_order

WORKLOAD = Workload(
    title="Private message",
    note="One at a time.",
    conditions=Conditions(calibration=7.94, others=0.125, seconds=18.4),
    figures=(
        figure("CPU per message", "ms", [4.2, 3.9, 4.0], most=4.0),
        figure("overhead, p95", "ms", [13.0, 12.5, 30.25], most=12.0),
        figure("replies", "", [100, 80, 99]),
    ),
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
    assert "Fixed loop 7.9 ms, other programs took 12% of the machine, 18 s in all." in lines


def test_the_page_keeps_what_people_wrote_around_the_table(tmp_path: Path) -> None:
    page, file = tmp_path / "benchmarks.md", tmp_path / "results.json"
    page.write_text(f"Words before.\n\n{BEGIN}\nold\n{END}\n\nWords after.\n")
    machine = Machine(processor="a processor", cores=2, kernel="6.1", python="3.11.7")
    results = Results(taken_on="2026-11-21", machine=machine, workloads=(WORKLOAD,))
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
    machine = Machine(processor="a processor", cores=2, kernel="6.1", python="3.11.7")
    with pytest.raises(ValueError, match="no marks"):
        write(Results(taken_on="2026-11-21", machine=machine, workloads=()), page=page, file=tmp_path / "results.json")
    assert page.read_text() == "Words.\n"


def test_a_chat_is_out_of_order_when_a_later_line_was_answered_first() -> None:
    in_order = [Covered(chat_id=1, at=0.1, newest_line=4), Covered(chat_id=2, at=0.2, newest_line=3)]
    late = Covered(chat_id=1, at=0.3, newest_line=2)
    assert chats_out_of_order(in_order) == 0
    assert chats_out_of_order([*in_order, late, late]) == 1
