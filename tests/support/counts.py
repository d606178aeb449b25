"""What the platform has counted, as a scrape of its metrics finds it."""

from prometheus_client.parser import text_string_to_metric_families

from maskarad.metrics import Metrics


def sample(metrics: Metrics, name: str, **labels: str) -> float:
    """The value under exactly these labels. Raises LookupError when there is none."""
    for family in text_string_to_metric_families(metrics.exposition().decode()):
        for each in family.samples:
            if each.name == name and each.labels == labels:
                return each.value
    raise LookupError(f"{name} {labels}")
