"""What the platform counts of itself, in Prometheus' form. Labels have few known values: no people, no chats."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

CONTENT_TYPE = CONTENT_TYPE_LATEST

TASK_RESULTS = ("ok", "failed", "database_away")


class CacheMeter:
    def __init__(self, requests: Counter, cache: str) -> None:
        self.hit = requests.labels(cache, "hit").inc
        self.miss = requests.labels(cache, "miss").inc


class TaskMeter:
    """Of one background task, by its name."""

    def __init__(self, name: str, last_run: Gauge, duration: Gauge, result: Gauge) -> None:
        self._last_run = last_run.labels(name)
        self._duration = duration.labels(name)
        self._results = {each: result.labels(name, each) for each in TASK_RESULTS}

    def ran(self, result: str, *, at: float, seconds: float) -> None:
        """A run ended at that time, with one of `TASK_RESULTS`."""
        self._last_run.set(at)
        self._duration.set(seconds)
        for each, gauge in self._results.items():
            gauge.set(each == result)


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
        self.rings = Counter(
            "maskarad_rings",
            "Wake-ups of work by what became of them: sent to other processes over Redis; away, lost because it did "
            "not answer; full, turned away because too many waited. Sweeps find what was lost.",
            ("result",),
            registry=self._registry,
        )
        self.shared_counts = Counter(
            "maskarad_shared_counts",
            "Questions to Redis about flood limits of all processes: answered, or away when Redis could not be asked.",
            ("result",),
            registry=self._registry,
        )
        self.shared_counts_up = Gauge(
            "maskarad_shared_counts_up",
            "1 while flood limits are kept over all processes, 0 while each keeps them by itself.",
            registry=self._registry,
        )
        self.backlog = Gauge(
            "maskarad_backlog_links",
            "Links that have work which is due and nobody at it; counted no further than QUEUE_MOST.",
            registry=self._registry,
        )
        self.crowded_bots = Gauge(
            "maskarad_crowded_bots",
            "Bots with so much waiting that what people say to them is taken in more slowly.",
            registry=self._registry,
        )
        self.slowed_updates = Counter(
            "maskarad_slowed_updates",
            "Messages that waited before they were stored, because too much was waiting for answers.",
            registry=self._registry,
        )

        self._pictures = Histogram(
            "maskarad_picture_seconds",
            "From the order of a statistics picture to its end, by how it ended.",
            ("result",),
            registry=self._registry,
        )
        self._task_last_run = Gauge(
            "maskarad_task_last_run_seconds",
            "When a background task's last run ended, Unix seconds.",
            ("task",),
            registry=self._registry,
        )
        self._task_duration = Gauge(
            "maskarad_task_duration_seconds",
            "How long a background task's last run took.",
            ("task",),
            registry=self._registry,
        )
        self._task_result = Gauge(
            "maskarad_task_result",
            "1 for what came of a background task's last run: ok, failed, or database_away.",
            ("task", "result"),
            registry=self._registry,
        )
        self.spontaneous = Counter(
            "maskarad_spontaneous",
            "Times that a persona thought of speaking unasked: said; silent, it had nothing to say; overtaken, there "
            "was no silence to speak into any more; failed, the model did.",
            ("result",),
            registry=self._registry,
        )

    def task(self, name: str) -> TaskMeter:
        return TaskMeter(name, self._task_last_run, self._task_duration, self._task_result)

    def picture(self, result: str, seconds: float) -> None:
        self._pictures.labels(result).observe(seconds)

    def cache(self, name: str) -> CacheMeter:
        return CacheMeter(self._cache_requests, name)

    def exposition(self) -> bytes:
        """Everything counted so far, as a scrape wants it (`CONTENT_TYPE`)."""
        return generate_latest(self._registry)
