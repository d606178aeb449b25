"""What a process writes of a fault: where it was, never what it said, for that may be people's words."""

import subprocess
import sys

import pytest

SCRIPT = """
import logging, sys
import structlog
from maskarad.errors import TelegramError
from maskarad.logs import configure

def read(words):
    try:
        int(words)
    except ValueError as error:
        raise KeyError(words) from error

configure("info", sys.argv[1])
try:
    read("canary of a person")
except KeyError as error:
    structlog.get_logger().error("update_failed", exc_info=error)
    logging.getLogger("asyncio").error("never retrieved", exc_info=error)
    structlog.get_logger().error("group", exc_info=ExceptionGroup("canary", [error]))
try:
    raise TelegramError("Telegram says no")
except TelegramError:
    structlog.get_logger().exception("own")
"""


@pytest.mark.parametrize("form", ["console", "json"])
def test_of_a_foreign_error_only_its_type_and_place_are_written(form: str) -> None:
    ran = subprocess.run([sys.executable, "-c", SCRIPT, form], capture_output=True, text=True, check=True, timeout=60)
    assert "canary" not in ran.stderr
    assert ran.stderr.count("ValueError") == ran.stderr.count("KeyError") == 3
    assert ran.stderr.count("in read") == 6
    assert "maskarad.errors.TelegramError: Telegram says no" in ran.stderr
