"""What the platform counts of itself, in Prometheus' form. Labels have few known values: no people, no chats."""

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

CONTENT_TYPE = CONTENT_TYPE_LATEST


class CacheMeter:
    def __init__(self, requests: Counter, cache: str) -> None:
        self.hit = requests.labels(cache, "hit").inc
        self.miss = requests.labels(cache, "miss").inc


class Metrics:
    """One per process, handed to whoever counts."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._cache_requests = Counter(
            "maskarad_cache_requests",
            "Snapshots asked for, by cache and by whether this process had them in memory.",
            ("cache", "result"),
            registry=self._registry,
        )
        self.shared_cache_reads = Counter(
            "maskarad_shared_cache_reads",
            "Snapshots looked for in Redis: hit, miss, or away when Redis could not be asked.",
            ("result",),
            registry=self._registry,
        )
        self.shared_cache_up = Gauge(
            "maskarad_shared_cache_up",
            "1 while Redis answers and tells of other processes' drops.",
            registry=self._registry,
        )

    def cache(self, name: str) -> CacheMeter:
        return CacheMeter(self._cache_requests, name)

    def exposition(self) -> bytes:
        """Everything counted so far, as a scrape wants it (`CONTENT_TYPE`)."""
        return generate_latest(self._registry)
