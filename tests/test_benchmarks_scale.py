"""A small run by the front door; that the simulation queues as it says; and that the page shows what was measured."""

import re
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path

import msgspec
import pytest

from benchmarks.capacity import publishing
from benchmarks.capacity import report as capacity_report
from benchmarks.capacity.model import limits, needs
from benchmarks.capacity.simulation import Seen, Service, Shape, Simulation
from benchmarks.capacity.usage import Arrival, Kind, Usage, busiest
from benchmarks.capacity.validation import beside
from benchmarks.pages import END
from benchmarks.scale import report
from benchmarks.scale.figures import Results
from benchmarks.scale.growth import arrivals
from tests.support.programs import run_to_the_end

AT_ONCE = Service(
    gateway=dict.fromkeys(("private", "asking", "listened", "button"), 0.0),
    intake_postgres=0.0,
    worker=0.0,
    turn_postgres=0.0,
    part_worker=0.0,
    part_postgres=0.0,
    ring=0.0,
    telegram=0.0,
)


@pytest.fixture(scope="module")
def measured() -> Results:
    return msgspec.json.decode(report.RESULTS.read_bytes(), type=Results)


@pytest.mark.timeout(175)
async def test_a_short_run_measures_all_that_the_page_shows() -> None:
    said = await run_to_the_end("benchmarks.scale", "--seconds", "3", "--workers", "1")
    kinds = re.findall(
        r"^\| (private message|group message|button)[^|]* \| ([\d.]+) \| ([\d.]+) \| ([\d,]+) \|", said, re.M
    )
    assert [name for name, *_ in kinds] == ["private message", "group message", "button"]
    (_, statements, commits, log), (_, fewer, _, less), (_, none, _, _) = kinds
    assert float(statements) > float(fewer) > 1 > float(none)
    assert float(commits) >= 3
    assert int(log.replace(",", "")) > int(less.replace(",", "")) > 100
    assert re.search(r"\*\*\d+ turns a second for each core\*\*", said)
    assert len(re.findall(r"^\| 1 \| [\d.]+ \| [\d.]+ \|", said, re.M)) == 4


def play(
    *said: tuple[float, int, Kind],
    workers: int = 1,
    places: int = 100,
    service: Service = AT_ONCE,
    parts: Iterator[int] | None = None,
    limited: bool = False,
) -> Seen:
    """Lines as (when, chat, kind) before a model that takes a second."""
    shape = Shape(gateways=1, workers=workers, places=places, postgres_cores=1)
    drawn = parts or repeat(1)
    simulation = Simulation(shape, service, model=lambda: 1.0, parts=lambda: next(drawn), limited=limited)
    return simulation.play([Arrival(at=at, bot=1, chat=chat, kind=kind) for at, chat, kind in said], 20.0)


def test_who_finds_no_place_to_think_waits_for_one() -> None:
    seen = play(*((0.0, chat, "private") for chat in range(6)), workers=2, places=1)
    assert [round(end, 6) for end in seen.ends] == [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]
    assert seen.most_waiting == 4


def test_what_is_said_while_a_turn_is_thought_about_is_answered_together_by_the_next() -> None:
    seen = play((0.0, 1, "private"), (0.2, 1, "private"), (0.4, 1, "private"))
    assert [round(end, 6) for end in seen.ends] == [1.0, 2.0, 2.0]
    assert [round(wait, 6) for wait in seen.answered] == [1.0, 1.8, 1.6]


def test_what_is_only_listened_to_is_acknowledged_and_nothing_more() -> None:
    seen = play((0.0, 1, "listened"), (0.0, 0, "button"))
    assert (len(seen.acknowledged), len(seen.pressed), list(seen.answered)) == (1, 1, [])


def test_a_core_serves_one_after_the_other() -> None:
    slow = msgspec.structs.replace(AT_ONCE, gateway={**AT_ONCE.gateway, "button": 0.25})
    seen = play(*((0.0, 0, "button") for _ in range(4)), service=slow)
    assert list(seen.pressed) == [0.25, 0.5, 0.75, 1.0]
    assert seen.busy["gateways"] == pytest.approx(1.0 / 20)


def test_a_chat_gets_a_message_a_second_and_a_group_twenty_in_a_minute() -> None:
    private = play((0.0, 1, "private"), (0.1, 1, "private"), parts=chain((22,), repeat(1)), limited=True)
    group = play((0.0, 1, "asking"), (0.1, 1, "asking"), parts=chain((22,), repeat(1)), limited=True)
    assert [round(end, 6) for end in private.ends] == [1.0, 23.0]
    assert [round(end, 6) for end in group.ends] == [1.0, 63.0]


def test_a_seed_draws_the_same_people_again_at_the_rate_that_was_asked_for() -> None:
    assert arrivals(20, 100, seed=1) == arrivals(20, 100, seed=1) != arrivals(20, 100, seed=2)
    usage = Usage()
    drawn = list(busiest(usage, 10_000, 60, seed=3))
    assert drawn == list(busiest(usage, 10_000, 60, seed=3))
    messages = [each for each in drawn if each.kind != "button"]
    expected = 10_000 * usage.messages_per_bot_hour * usage.peak / 60
    assert 0.9 * expected < len(messages) < 1.1 * expected
    asking = sum(each.kind != "listened" for each in messages) / len(messages)
    assert asking == pytest.approx(usage.answered, rel=0.1)


def test_more_bots_need_as_much_more_work_and_more_processes(measured: Results) -> None:
    few, many = (needs(measured, Usage(), bots) for bots in (1_000, 100_000))
    assert many.messages == pytest.approx(100 * few.messages)
    assert all(many.cores[part] == pytest.approx(100 * cores) for part, cores in few.cores.items())
    assert many.shape.workers > few.shape.workers
    assert max(many.busy.values()) < 0.9
    shares_of_ends = [limit.share for limit in limits(many)]
    assert shares_of_ends == sorted(shares_of_ends, reverse=True)


def test_the_simulation_keeps_up_where_the_cluster_did_and_falls_behind_where_it_did(measured: Results) -> None:
    for each in beside(measured):
        full = each.measured.workers * measured.places / measured.model_seconds
        if each.measured.rate > full:
            assert each.answered == pytest.approx(full, rel=0.1)
        assert each.off[0] == pytest.approx(0.0, abs=0.15)


def test_the_page_shows_what_was_measured_last(measured: Results, tmp_path: Path) -> None:
    assert report.part(measured) in report.PAGE.read_text()
    page = tmp_path / "scaling.md"
    page.write_text(f"before\n{report.BEGIN}\nSTALE\n{END}\nbetween\n{capacity_report.BEGIN}\nSTALE\n{END}\nafter\n")
    publishing.publish(measured, page=page, pictures=tmp_path)
    written = page.read_text()
    assert "STALE" not in written
    assert [word for word in ("before\n", "\nbetween\n", "\nafter\n") if word not in written] == []
    assert "100,000 bots" in written
    assert {each.name for each in tmp_path.glob("*.svg")} == {"scale-workers.svg", "scale-sizes.svg"}
