"""What a library would load and we do not use stays out of a process."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "foreign"),
    [
        ("maskarad.logs", "rich"),
        ("maskarad.jobs.redis_bells", "zmq"),
        ("maskarad.jobs.redis_bells", "orjson"),
        ("maskarad.jobs.redis_bells", "msgpack"),
    ],
)
def test_a_module_does_not_load_what_its_library_could(module: str, foreign: str) -> None:
    script = f"import sys, {module}; loaded = {foreign!r} in sys.modules; import {foreign}; sys.exit(loaded)"
    assert subprocess.run([sys.executable, "-c", script], env=dict(os.environ), check=False).returncode == 0
