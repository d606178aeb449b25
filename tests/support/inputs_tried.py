"""A line at the end of the run for each test that tried many inputs: how many, whatever pytest hides of its output."""

from typing import Any

import pytest

TRIED = "inputs tried"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports: list[pytest.TestReport] = [
        *terminalreporter.stats.get("passed", ()),
        *terminalreporter.stats.get("failed", ()),
    ]
    for report in reports:
        for name, value in getattr(report, "user_properties", ()):
            if name == TRIED and getattr(report, "when", None) == "call":
                terminalreporter.write_line(f"{report.nodeid}: {TRIED}: {value}")
