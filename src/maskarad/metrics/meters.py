"""Handles on what is counted, with their labels bound: a count on a hot path is one call."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from time import perf_counter

from prometheus_client import Counter, Gauge, Histogram

from maskarad.errors import MaskaradError
from maskarad.values import Purpose

TASK_RESULTS = ("ok", "failed", "database_away")
UPDATE_KINDS = ("message", "edited_message", "callback_query", "my_chat_member", "message_reaction", "other")
UPDATE_RESULTS = ("ok", "malformed", "failed", "away")
TURN_STAGES = ("waiting", "prompt", "model", "storing", "sending")
MODEL_REASONS = ("rate_limited", "unavailable", "timeout", "unauthorized", "no_credit", "refused", "empty", "other")
ACCESSES = ("read", "write")

FAULT = "fault"
"""The kind of an error that is none of our own."""

MOST_PRESSES = 10_000
"""That wait for their answers at once; what was never answered gives way to what came later."""


def error_kind(error: BaseException) -> str:
    """The name of our own error's class. Whatever else went wrong is one kind: there is no end to those."""
    return type(error).__name__ if isinstance(error, MaskaradError) else FAULT


@contextmanager
def timed(observe: Callable[[float], None]) -> Iterator[None]:
    """Tells `observe` how many seconds the block took, however it ended."""
    began = perf_counter()
    try:
        yield
    finally:
        observe(perf_counter() - began)


class CacheMeter:
    def __init__(self, requests: Counter, cache: str) -> None:
        self.hit = requests.labels(cache, "hit").inc
        self.miss = requests.labels(cache, "miss").inc


class TaskMeter:
    """Of one background task, by its name."""

    def __init__(self, name: str, last_run: Gauge, duration: Gauge, result: Gauge, errors: Counter) -> None:
        self._last_run = last_run.labels(name)
        self._duration = duration.labels(name)
        self._results = {each: result.labels(name, each) for each in TASK_RESULTS}
        self._errors = errors

    def ran(self, result: str, *, at: float, seconds: float) -> None:
        """A run ended at that time, with one of `TASK_RESULTS`."""
        self._last_run.set(at)
        self._duration.set(seconds)
        for each, gauge in self._results.items():
            gauge.set(each == result)

    def failed(self, error: Exception) -> None:
        self._errors.labels(error_kind(error)).inc()


class UpdateMeter:
    """What came from Telegram: by kind, what became of it, and how long until Telegram could forget it."""

    def __init__(self, updates: Counter, seconds: Histogram) -> None:
        self._results = {
            (kind, result): updates.labels(kind, result).inc for kind in UPDATE_KINDS for result in UPDATE_RESULTS
        }
        self._seconds = {kind: seconds.labels(kind).observe for kind in UPDATE_KINDS}

    def count(self, kind: str, result: str) -> None:
        """`kind` and `result` are of `UPDATE_KINDS` and `UPDATE_RESULTS`."""
        self._results[kind, result]()

    def acknowledged(self, kind: str, seconds: float) -> None:
        self._results[kind, "ok"]()
        self._seconds[kind](seconds)


class PressMeter:
    """From a press in hand until Telegram has taken its answer, in a process that does both."""

    def __init__(self, seconds: Histogram, clock: Callable[[], float] = perf_counter) -> None:
        self._seconds = seconds.observe
        self._clock = clock
        self._begun: OrderedDict[Hashable, float] = OrderedDict()

    def begun(self, press: Hashable) -> None:
        self._begun[press] = self._clock()
        if len(self._begun) > MOST_PRESSES:
            self._begun.popitem(last=False)

    def answered(self, press: Hashable) -> None:
        began = self._begun.pop(press, None)
        if began is not None:
            self._seconds(self._clock() - began)


class TurnMeter:
    """How long each stage of a turn took, in seconds."""

    def __init__(self, seconds: Histogram) -> None:
        self.waiting, self.prompt, self.model, self.storing, self.sending = (
            seconds.labels(stage).observe for stage in TURN_STAGES
        )


class ModelMeter:
    """Of the calls for one purpose."""

    def __init__(self, purpose: Purpose, calls: Counter, seconds: Histogram, tokens: Counter, errors: Counter) -> None:
        self._results = {each: calls.labels(purpose.value, each) for each in ("ok", *MODEL_REASONS)}
        self._seconds = seconds.labels(purpose.value)
        self._prompt_tokens, self._completion_tokens = tokens.labels("prompt"), tokens.labels("completion")
        self._errors = errors

    def answered(self, *, seconds: float) -> None:
        self._results["ok"].inc()
        self._seconds.observe(seconds)

    def took(self, prompt_tokens: int, completion_tokens: int) -> None:
        """By a try, answered or not."""
        self._prompt_tokens.inc(prompt_tokens)
        self._completion_tokens.inc(completion_tokens)

    def failed(self, error: MaskaradError, reason: str, *, seconds: float) -> None:
        self._results[reason if reason in self._results else "other"].inc()
        self._seconds.observe(seconds)
        self._errors.labels(error_kind(error)).inc()


class TelegramMeter:
    """Calls of the Bot API, by their results: ok, or the name of our error's class."""

    def __init__(self, calls: Counter, flood_waits: Counter, flood_wait_seconds: Counter) -> None:
        self._calls = calls
        self._flood_waits = flood_waits
        self._flood_wait_seconds = flood_wait_seconds
        self._known: dict[tuple[str, str], Callable[[], None]] = {}

    def called(self, method: str, result: str) -> None:
        count = self._known.get((method, result))
        if count is None:
            count = self._known[method, result] = self._calls.labels(method, result).inc
        count()

    def flooded(self, seconds: float) -> None:
        """Telegram asked to wait so long."""
        self._flood_waits.inc()
        self._flood_wait_seconds.inc(seconds)


class AccessMeter:
    """Of reading or of writing transactions."""

    def __init__(self, access: str, statements: Counter, seconds: Histogram) -> None:
        self.statement = statements.labels(access).inc
        self.transaction = seconds.labels(access).observe
