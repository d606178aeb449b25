"""What stands in deploy/monitoring, and Prometheus' own tool to judge it."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.servers import HOW_TO_INSTALL

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "monitoring"
RULES = (FOLDER / "alerts.yml").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")


def promtool(*words: str, at: Path) -> None:
    """The test fails with what it says when it is not content, and when it is not there."""
    program = shutil.which("promtool")
    if program is None:
        pytest.fail(f"promtool is not installed: {HOW_TO_INSTALL}", pytrace=False)
    done = subprocess.run([program, *words], cwd=at, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(done.stdout + done.stderr, pytrace=False)


def alerts() -> dict[str, str]:
    """The lines of each alert's rule, by its name."""
    _, *rules = re.split(r"(?m)^      - (?=alert:|record:)", RULES)
    return {rule.split()[1]: rule for rule in rules if rule.startswith("alert:")}


def dashboard() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((FOLDER / "grafana" / "dashboards" / "maskarad.json").read_text(encoding="utf-8"))
    return read


def panels() -> Iterator[dict[str, Any]]:
    """Without the rows that they stand in."""
    return (panel for panel in dashboard()["panels"] if panel["type"] != "row")


def questions() -> Iterator[str]:
    """What the dashboard asks Prometheus."""
    return (target["expr"] for panel in panels() for target in panel.get("targets", ()))
