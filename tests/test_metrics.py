"""Meters by themselves: what they count under which label, and what they forget."""

from maskarad.errors import DatabaseUnavailable, StatementTimedOut
from maskarad.metrics import Metrics
from maskarad.metrics.meters import MOST_PRESSES, PressMeter, error_kind
from maskarad.telegram.handling import UpdateFailed
from tests.support.clock import FakeClock
from tests.support.counts import sample


def test_an_error_is_counted_by_its_class_if_that_is_ours() -> None:
    found = [error_kind(error) for error in (StatementTimedOut("x"), UpdateFailed("x"), KeyError("canary"))]
    assert found == ["StatementTimedOut", "UpdateFailed", "fault"]


def test_a_failing_task_counts_its_errors() -> None:
    metrics = Metrics()
    task = metrics.task("sweep")
    for error in (DatabaseUnavailable("canary"), DatabaseUnavailable("canary"), ValueError("canary")):
        task.failed(error)
    assert sample(metrics, "maskarad_errors_total", kind="DatabaseUnavailable") == 2
    assert sample(metrics, "maskarad_errors_total", kind="fault") == 1
    assert "canary" not in metrics.exposition().decode()


def test_a_press_counts_once_from_its_begin_to_its_answer(clock: FakeClock) -> None:
    metrics = Metrics()
    presses = PressMeter(metrics.button_seconds, clock)
    presses.begun((1, "a"))
    clock.advance(0.25)
    presses.begun((2, "a"))
    presses.answered((1, "a"))
    presses.answered((1, "a"))
    presses.answered((1, "of another process"))
    assert sample(metrics, "maskarad_button_seconds_count") == 1
    assert sample(metrics, "maskarad_button_seconds_sum") == 0.25


def test_presses_that_are_never_answered_do_not_heap_up(clock: FakeClock) -> None:
    metrics = Metrics()
    presses = PressMeter(metrics.button_seconds, clock)
    for number in range(MOST_PRESSES + 1):
        presses.begun(number)
    presses.answered(0)
    assert sample(metrics, "maskarad_button_seconds_count") == 0
    presses.answered(1)
    assert sample(metrics, "maskarad_button_seconds_count") == 1


def test_rates_can_be_told_from_the_first_scrape_on() -> None:
    metrics = Metrics()
    assert sample(metrics, "maskarad_errors_total", kind="fault") == 0
    assert sample(metrics, "maskarad_updates_total", kind="message", result="failed") == 0
    assert sample(metrics, "maskarad_limits_reached_total", scope="owner") == 0
    assert sample(metrics, "maskarad_bots", state="deaf") == 0
    assert sample(metrics, "maskarad_backup_failures_total") == 0
