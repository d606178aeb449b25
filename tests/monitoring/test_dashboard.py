"""The dashboard, as far as it can be judged without Grafana."""

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

from tests.monitoring.deployed import FOLDER, dashboard, panels, promtool, questions

# What Grafana 10 and 11 bring along.
KINDS = {"row", "stat", "timeseries", "state-timeline"}
UNITS = {"none", "short", "s", "percentunit", "currencyUSD", "cpm", "cps", "bytes"}
WIDTH = 24
VARIABLES = {"$job": "maskarad", "$instance": ".*", "$__rate_interval": "1m", "$__interval": "1m"}


def filled_in(question: str) -> str:
    for name, value in VARIABLES.items():
        question = question.replace(name, value)
    return question


def test_prometheus_understands_every_question(tmp_path: Path) -> None:
    rules = [{"record": f"panel:{number}", "expr": filled_in(each)} for number, each in enumerate(questions())]
    assert len(rules) > 60
    assert "$" not in json.dumps(rules)
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}), encoding="utf-8")
    promtool("check", "rules", "rules.yml", at=tmp_path)


def test_every_question_is_of_the_chosen_platform() -> None:
    for question in questions():
        series = re.findall(r"\b(?:maskarad_|process_|ALERTS|up\b)\w*", question)
        bare = question.count("and on (job, instance) maskarad_shared_cache_reads_total")
        assert question.count('job="$job"') == len(series) - bare, question


def test_it_is_of_parts_that_grafana_has() -> None:
    read = dashboard()
    assert read["schemaVersion"] <= 39  # Grafana 10 reads it as it is, and newer ones carry it over
    assert {panel["type"] for panel in read["panels"]} == KINDS
    for panel in panels():
        assert panel["fieldConfig"]["defaults"].get("unit", "none") in UNITS
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert panel["title"]
        assert panel["description"]
        assert [each["refId"] for each in panel["targets"]] == list("ABCDEF"[: len(panel["targets"])])


def test_panels_have_numbers_and_places_of_their_own() -> None:
    every = dashboard()["panels"]
    assert len({panel["id"] for panel in every}) == len(every)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= WIDTH for panel in every)
    assert not [(one["title"], other["title"]) for one, other in combinations(every, 2) if overlap(one, other)]


def overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    a, b = one["gridPos"], other["gridPos"]
    apart_sideways = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
    return not (apart_sideways or a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"])


def test_platform_and_process_are_chosen_above() -> None:
    variables = {each["name"]: each for each in dashboard()["templating"]["list"]}
    assert list(variables) == ["datasource", "job", "instance"]
    assert variables["job"]["query"]["query"] == "label_values(maskarad_bots, job)"
    assert variables["instance"]["query"]["query"] == 'label_values(up{job="$job"}, instance)'
    assert variables["instance"]["allValue"] == ".*"


def test_grafana_is_led_to_it() -> None:
    compose = (FOLDER.parents[1] / "compose.yaml").read_text(encoding="utf-8")
    provider = (FOLDER / "grafana" / "providers" / "maskarad.yml").read_text(encoding="utf-8")
    (path,) = re.findall(r"path: (\S+)", provider)
    assert f"./deploy/monitoring/grafana/dashboards:{path}:ro" in compose
    assert f"{path}/maskarad.json" in compose
    assert re.findall(r"\./deploy/monitoring/grafana/(\w+):/etc/grafana/provisioning/(\w+):ro", compose) == [
        ("datasources", "datasources"),
        ("providers", "dashboards"),
    ]
