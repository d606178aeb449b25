"""How long people waited, in three numbers."""

from collections.abc import Sequence

from benchmarks.figures import percentile
from maskarad.values import Value


class Times(Value, frozen=True):
    """Seconds."""

    p50: float
    p95: float
    most: float


def times(seconds: Sequence[float]) -> Times:
    """Zeros where nobody waited."""
    if not seconds:
        return Times(p50=0.0, p95=0.0, most=0.0)
    return Times(p50=percentile(seconds, 0.5), p95=percentile(seconds, 0.95), most=max(seconds))
