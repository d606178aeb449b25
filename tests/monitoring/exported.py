"""What the platform shows at /metrics, as it can be asked for. `python -m tests.monitoring.exported` prints the table
for docs/monitoring.md."""

from collections.abc import Iterator

from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families

from maskarad.metrics import Metrics

SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


def series() -> dict[str, frozenset[str]]:
    """The labels of each time series, by its name; those that Prometheus adds itself are left out."""
    metrics = Metrics()
    found = {
        name + suffix: frozenset(labels) | ({"le"} if suffix == "_bucket" else set())
        for name, kind, labels, _ in _described(metrics)
        for suffix in SUFFIXES[kind]
    }
    families = text_string_to_metric_families(metrics.exposition().decode())
    of_the_library = (sample for family in families for sample in family.samples if "maskarad_" not in sample.name)
    return found | {sample.name: frozenset(sample.labels) for sample in of_the_library}


def table() -> str:
    lines = ["| metric | labels | what it is |", "|---|---|---|"]
    for name, kind, labels, text in _described(Metrics()):
        shown = name + "_total" if kind == "counter" else name
        lines.append(f"| `{shown}` | {', '.join(f'`{label}`' for label in labels) or '–'} | {text} |")
    return "\n".join(lines)


def _described(metrics: Metrics) -> Iterator[tuple[str, str, tuple[str, ...], str]]:
    """Name, kind, labels and text of each."""
    for each in vars(metrics).values():
        if isinstance(each, MetricWrapperBase):
            (family,) = each.describe()
            yield family.name, family.type, tuple(each._labelnames), family.documentation


if __name__ == "__main__":
    print(table())  # noqa: T201
