"""Rules and dashboard ask for what the platform shows, and for nothing else."""

import inspect
import re
from collections.abc import Iterable, Iterator

import pytest

from maskarad import errors
from maskarad.jobs import tasks
from maskarad.metrics import meters, registry
from maskarad.values import Purpose
from tests.monitoring.deployed import PAGE, RULES, questions
from tests.monitoring.exported import series, table

SELECTOR = re.compile(r"\b((?:maskarad|process|python)_\w+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+) *(?:=~|!=|!~|=) *"([^"]*)"')
GROUPING = re.compile(r"\b(?:by|on) *\(([^)]*)\)")

OF_PROMETHEUS = {"job", "instance", "alertname", "alertstate"}
"""Labels that Prometheus gives."""

ERRORS = {name for name, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, errors.MaskaradError)}
TELEGRAM = {name for name in ERRORS if issubclass(getattr(errors, name), errors.TelegramError)}

VALUES: dict[tuple[str, str], Iterable[str]] = {
    ("maskarad_bots", "state"): registry.BOT_STATES,
    ("maskarad_cache_requests_total", "result"): ("hit", "miss"),
    ("maskarad_errors_total", "kind"): {meters.FAULT, *ERRORS},
    ("maskarad_model_calls_total", "purpose"): tuple(Purpose),
    ("maskarad_model_calls_total", "result"): {"ok", *meters.MODEL_REASONS},
    ("maskarad_rings_total", "result"): ("sent", "away", "full"),
    ("maskarad_task_last_run_seconds", "task"): {
        each.name for each in vars(tasks).values() if isinstance(each, tasks.Task)
    },
    ("maskarad_task_result", "result"): meters.TASK_RESULTS,
    ("maskarad_telegram_calls_total", "result"): {"ok", *TELEGRAM},
    ("maskarad_turn_seconds_count", "stage"): meters.TURN_STAGES,
    ("maskarad_updates_total", "result"): meters.UPDATE_RESULTS,
}
VALUES["maskarad_task_result", "task"] = VALUES["maskarad_task_last_run_seconds", "task"]

ASKED = [*re.findall(r"(?:expr: (?!\|)(.*)|expr: \|\n((?: {10}.*\n)+))", RULES)]
EXPRESSIONS = ["".join(each) for each in ASKED] + list(questions())


def selectors() -> Iterator[tuple[str, dict[str, str]]]:
    """Names of series, and what their labels are to be."""
    for expression in EXPRESSIONS:
        for name, matchers in SELECTOR.findall(re.sub(r"job:\w+:\w+", "", expression)):
            yield name, dict(MATCHER.findall(matchers))


def test_the_questions_are_found() -> None:
    assert len(ASKED) == RULES.count("expr:")
    assert len({name for name, _ in selectors()}) > 30


def test_everything_asked_for_is_shown() -> None:
    shown = series()
    assert {name for name, _ in selectors()} - shown.keys() == set()
    wrong = {(name, label) for name, labels in selectors() for label in labels.keys() - shown[name] - OF_PROMETHEUS}
    assert wrong == set()


def test_values_that_are_asked_for_are_given() -> None:
    for name, labels in selectors():
        for label in labels.keys() - OF_PROMETHEUS:
            assert set(labels[label].split("|")) <= set(VALUES[name, label]), (name, label)


def test_groups_are_of_labels_that_there_are() -> None:
    known = OF_PROMETHEUS.union(*series().values())
    asked = {label.strip() for each in EXPRESSIONS for group in GROUPING.findall(each) for label in group.split(",")}
    assert asked <= known


def test_what_rules_record_is_what_they_use() -> None:
    recorded = set(re.findall(r"record: (\S+)", RULES))
    used = set(re.findall(r"\bjob:\w+:\w+", "\n".join(EXPRESSIONS)))
    assert recorded == used


def test_the_page_has_every_metric() -> None:
    if table() not in PAGE:
        pytest.fail("the table of docs/monitoring.md is out of date: python -m tests.monitoring.exported prints it")
