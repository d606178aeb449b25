"""Everything that is counted, by its exported name."""

from functools import partial

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from maskarad.metrics.meters import (
    ACCESSES,
    FAULT,
    AccessMeter,
    CacheMeter,
    ModelMeter,
    PressMeter,
    TaskMeter,
    TelegramMeter,
    TurnMeter,
    UpdateMeter,
    error_kind,
)
from maskarad.values import Purpose, Scope

CONTENT_TYPE = CONTENT_TYPE_LATEST

UPDATE_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
BUTTON_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 5, 10)
TURN_BUCKETS = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 300)
MODEL_BUCKETS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160)
TRANSACTION_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 20)

BOT_STATES = ("working", "resting", "invalid", "stopped", "deaf")


class Metrics:
    """One per process, handed to whoever counts."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        counter = partial(Counter, registry=self._registry)
        gauge = partial(Gauge, registry=self._registry)
        histogram = partial(Histogram, registry=self._registry)

        self._cache_requests = counter(
            "maskarad_cache_requests",
            "Snapshots asked for, by cache and by whether this process had them in memory.",
            ("cache", "result"),
        )
        self.shared_cache_reads = counter(
            "maskarad_shared_cache_reads",
            "Snapshots looked for in Redis: hit, miss, or away when Redis could not be asked.",
            ("result",),
        )
        self.shared_cache_up = gauge(
            "maskarad_shared_cache_up",
            "1 while Redis answers and tells of other processes' drops.",
        )
        self.rings = counter(
            "maskarad_rings",
            "Wake-ups of work by what became of them: sent to other processes over Redis; away, lost because it did "
            "not answer; full, turned away because too many waited. Sweeps find what was lost.",
            ("result",),
        )
        self.shared_counts = counter(
            "maskarad_shared_counts",
            "Questions to Redis about flood limits of all processes: answered, or away when Redis could not be asked.",
            ("result",),
        )
        self.shared_counts_up = gauge(
            "maskarad_shared_counts_up",
            "1 while flood limits are kept over all processes, 0 while each keeps them by itself.",
        )
        self.backlog = gauge(
            "maskarad_backlog_links",
            "Links that have work which is due and nobody at it; counted no further than QUEUE_MOST.",
        )
        self.crowded_bots = gauge(
            "maskarad_crowded_bots",
            "Bots with so much waiting that what people say to them is taken in more slowly.",
        )
        self.slowed_updates = counter(
            "maskarad_slowed_updates",
            "Messages that waited before they were stored, because too much was waiting for answers.",
        )
        self._pictures = histogram(
            "maskarad_picture_seconds",
            "From the order of a statistics picture to its end, by how it ended.",
            ("result",),
        )
        self._task_last_run = gauge(
            "maskarad_task_last_run_seconds",
            "When a background task's last run ended, Unix seconds.",
            ("task",),
        )
        self._task_duration = gauge(
            "maskarad_task_duration_seconds",
            "How long a background task's last run took.",
            ("task",),
        )
        self._task_result = gauge(
            "maskarad_task_result",
            "1 for what came of a background task's last run: ok, failed, or database_away.",
            ("task", "result"),
        )
        self.spontaneous = counter(
            "maskarad_spontaneous",
            "Times that a persona thought of speaking unasked: said; silent, it had nothing to say; overtaken, there "
            "was no silence to speak into any more; failed, the model did.",
            ("result",),
        )
        self.updates = counter(
            "maskarad_updates",
            "Updates from Telegram, each time that one came: ok, stored or of no concern; malformed, skipped; failed, "
            "by a fault of ours; away, there was no database or no room. What failed or was away comes again.",
            ("kind", "result"),
        )
        self.update_seconds = histogram(
            "maskarad_update_seconds",
            "From an update in hand until Telegram may forget it.",
            ("kind",),
            buckets=UPDATE_BUCKETS,
        )
        self.button_seconds = histogram(
            "maskarad_button_seconds",
            "From a pressed button's update in hand until Telegram has taken the answer to it.",
            buckets=BUTTON_BUCKETS,
        )
        self.turn_seconds = histogram(
            "maskarad_turn_seconds",
            "Stages of a turn: waiting, from the oldest line to be answered to the claim; prompt; model; storing the "
            "answer; sending it, with the pauses between its parts.",
            ("stage",),
            buckets=TURN_BUCKETS,
        )
        self.queue_age = gauge(
            "maskarad_queue_oldest_seconds",
            "How long the longest waiting link that nobody works on has been due; 0 when none waits.",
        )
        self.model_calls = counter(
            "maskarad_model_calls",
            "Answers asked of the model, with all tries of one counted once: ok, or why there was none.",
            ("purpose", "result"),
        )
        self.model_seconds = histogram(
            "maskarad_model_seconds",
            "From asking the model to its answer or its failure, with all tries and waits.",
            ("purpose",),
            buckets=MODEL_BUCKETS,
        )
        self.model_tokens = counter(
            "maskarad_model_tokens", "Tokens, of failed tries too, as the model's server counts them.", ("kind",)
        )
        self.model_dollars = counter("maskarad_model_dollars", "What the model's answers cost, by the price table.")
        self.limits_reached = counter(
            "maskarad_limits_reached",
            "Times that a model was not asked because a purse is empty, by whose it is.",
            ("scope",),
        )
        self.errors = counter(
            "maskarad_errors",
            'Errors where they ended, by the name of our own error, or "fault" for anything else.',
            ("kind",),
        )
        self.statements = counter("maskarad_statements", "SQL statements, by their transaction.", ("access",))
        self.transaction_seconds = histogram(
            "maskarad_transaction_seconds",
            "From asking for a transaction to its end, waiting for a thread or a connection included.",
            ("access",),
            buckets=TRANSACTION_BUCKETS,
        )
        self.telegram_calls = counter(
            "maskarad_telegram_calls",
            "Calls of the Bot API, each try: ok, or the name of the error.",
            ("method", "result"),
        )
        self.flood_waits = counter("maskarad_flood_waits", "Answers of Telegram that asked to wait (429).")
        self.flood_wait_seconds = counter("maskarad_flood_wait_seconds", "Seconds that they asked to wait.")
        self.loop_lag = gauge(
            "maskarad_loop_lag_seconds", "The longest that the event loop came late in the last 15 seconds."
        )
        self.tasks = gauge("maskarad_tasks", "Tasks of the event loop that are under way.")
        self.bots = gauge(
            "maskarad_bots",
            "Persona bots that this process knows, each in one state: stopped by an operator; resting, switched off "
            "by its owner; invalid, its token is refused; deaf, another program takes its updates or they are stuck; "
            "working.",
            ("state",),
        )
        self.alerts = gauge("maskarad_alerts", "1 for an alert that is open.", ("name",))
        self.backup_at = gauge(
            "maskarad_backup_last_success_timestamp_seconds", "When the last backup was finished, Unix seconds."
        )
        self.backup_bytes = gauge("maskarad_backup_last_bytes", "How large the last backup is.")
        self.backup_failures = counter("maskarad_backup_failures", "Backups that failed.")
        self.disk_free = gauge(
            "maskarad_disk_free_bytes",
            "Room left on the fullest of the disks that DATA_DIR, the backup folder and the SQLite file are on.",
        )
        self.disk_total = gauge("maskarad_disk_total_bytes", "Room on that disk altogether.")

        self.update = UpdateMeter(self.updates, self.update_seconds)
        self.presses = PressMeter(self.button_seconds)
        self.turn = TurnMeter(self.turn_seconds)
        self.telegram = TelegramMeter(self.telegram_calls, self.flood_waits, self.flood_wait_seconds)
        self.reading, self.writing = (
            AccessMeter(access, self.statements, self.transaction_seconds) for access in ACCESSES
        )
        self._start_at_nothing()

    def _start_at_nothing(self) -> None:
        """A rate can only be told from a count that was there before."""
        for state in BOT_STATES:
            self.bots.labels(state)
        for scope in Scope:
            self.limits_reached.labels(scope.value)
        self.errors.labels(FAULT)

    def error(self, error: BaseException) -> None:
        """An error that ends here: it is raised no further."""
        self.errors.labels(error_kind(error)).inc()

    def model(self, purpose: Purpose) -> ModelMeter:
        return ModelMeter(purpose, self.model_calls, self.model_seconds, self.model_tokens, self.errors)

    def task(self, name: str) -> TaskMeter:
        return TaskMeter(name, self._task_last_run, self._task_duration, self._task_result, self.errors)

    def picture(self, result: str, seconds: float) -> None:
        self._pictures.labels(result).observe(seconds)

    def cache(self, name: str) -> CacheMeter:
        return CacheMeter(self._cache_requests, name)

    def exposition(self) -> bytes:
        """Everything counted so far, as a scrape wants it (`CONTENT_TYPE`)."""
        return generate_latest(self._registry)
