"""The alert rules, judged by `promtool` minute by minute: what fires, and what stays silent."""

import json
import re
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from maskarad.cli import COMMANDS
from tests.monitoring.deployed import FOLDER, PAGE, RULES, alerts, promtool
from tests.monitoring.scenarios import DAY, SCENARIOS, Scenario

FIRING = 'count by (alertname) (ALERTS{alertstate="firing"})'


def question(minute: int, alerts: frozenset[str]) -> dict[str, Any]:
    return {
        "expr": FIRING,
        "eval_time": f"{minute}m",
        "exp_samples": [{"labels": f'{{alertname="{each}"}}', "value": 1} for each in sorted(alerts)],
    }


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.story)
def test_what_fires(scenario: Scenario, tmp_path: Path) -> None:
    moments = scenario.fire or [(60, frozenset())]
    is_long = max(minute for minute, _ in moments) > DAY / 2
    test = {
        "rule_files": [str(FOLDER / "alerts.yml")],
        "evaluation_interval": "5m" if is_long else "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in scenario.series.items()],
                "promql_expr_test": [question(*each) for each in moments],
            }
        ],
    }
    (tmp_path / "test.yml").write_text(json.dumps(test), encoding="utf-8")
    promtool("test", "rules", "test.yml", at=tmp_path)


def test_every_alert_fires_in_some_scenario() -> None:
    fired = set(chain.from_iterable(names for each in SCENARIOS for _, names in each.fire))
    assert fired == set(alerts())


@pytest.mark.parametrize("name", alerts())
def test_an_alert_says_what_it_means_and_what_to_do(name: str) -> None:
    rule = alerts()[name]
    assert re.search(r"^        labels: \{severity: (critical|warning)\}$", rule, re.MULTILINE)
    assert re.findall(r"^          (\w+): \S", rule, re.MULTILINE) == ["summary", "description", "first", "runbook"]
    assert f"runbook: docs/monitoring.md#{name.lower()}\n" in rule
    assert f"\n### {name}\n" in PAGE


def test_the_page_tells_of_no_other_alerts() -> None:
    assert re.findall(r"^### (\w+)$", PAGE, re.MULTILINE) == list(alerts())


def test_what_is_to_be_typed_exists() -> None:
    typed = set(re.findall(r"`maskarad ([a-z]+)", PAGE + RULES))
    assert {"doctor", "worker", "backup", "updates"} <= typed
    assert typed <= set(COMMANDS)
