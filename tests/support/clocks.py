"""A process on a machine whose clock is wrong: libfaketime tells it another time."""

from pathlib import Path

from tests.support.servers import HOW_TO_INSTALL, ServerMissing


def told_another_time(seconds: float) -> dict[str, str]:
    """Variables of a process whose clock is so much ahead (below 0: behind). What never goes back goes on as it is.
    Raises ServerMissing."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    if not found:
        raise ServerMissing(f"libfaketime is not installed: {HOW_TO_INSTALL}")
    return {"LD_PRELOAD": str(found[0]), "FAKETIME": f"{seconds:+.0f}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
