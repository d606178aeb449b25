"""What Prometheus is started with, and what it is started beside."""

import re
from pathlib import Path

from tests.monitoring.deployed import FOLDER, RULES, promtool

COMPOSE = (FOLDER.parents[1] / "compose.yaml").read_text(encoding="utf-8")
CONFIGURATION = (FOLDER / "prometheus.yml").read_text(encoding="utf-8")
TOKEN = "/run/secrets/metrics_token"


def test_prometheus_understands_its_configuration_and_rules(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret", encoding="utf-8")
    (tmp_path / "prometheus.yml").write_text(CONFIGURATION.replace(TOKEN, "token"), encoding="utf-8")
    (tmp_path / "alerts.yml").write_text(RULES, encoding="utf-8")
    promtool("check", "config", "--lint=all", "--lint-fatal", "prometheus.yml", at=tmp_path)
    promtool("check", "rules", "--lint=all", "--lint-fatal", "alerts.yml", at=tmp_path)


def test_compose_puts_every_file_where_prometheus_looks() -> None:
    (rules,) = re.findall(r"^rule_files:\n  - (\S+)$", CONFIGURATION, re.MULTILINE)
    for file in ("prometheus.yml", rules):
        assert f"./deploy/monitoring/{file}:/etc/prometheus/{file}:ro" in COMPOSE
        assert (FOLDER / file).is_file()
    assert TOKEN in CONFIGURATION
    assert "secrets: [metrics_token]" in COMPOSE


def test_prometheus_asks_every_service_that_shows_figures() -> None:
    (names,) = re.findall(r"names: \[(.*)\]", CONFIGURATION)
    services = COMPOSE.split("\nservices:\n")[1].split("\nnetworks:\n")[0]
    ours = re.findall(
        r"^  ([\w-]+):\n(?:    <<: \*gateway\n|    <<: \*maskarad\n    command: \[worker)", services, re.M
    )
    assert names.split(", ") == ours
