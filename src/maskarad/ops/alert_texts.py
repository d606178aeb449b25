"""The message that tells operators of alerts, in their language."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter

from maskarad.db.alerts import Alert
from maskarad.metrics.meters import MODEL_REASONS
from maskarad.ops.telling import Telling
from maskarad.texts import Words

MOST_NAMES = 5

_LENGTHS = (("days", 86_400), ("hours", 3_600), ("minutes", 60))


def message(words: Words, telling: Telling) -> str:
    """Telegram HTML."""
    return "\n\n".join(
        (
            *(_began(words, name, alerts) for name, alerts in _by_name(telling.began)),
            *(_over(words, name, alerts) for name, alerts in _by_name(telling.over)),
            *(_passed(words, name, alerts) for name, alerts in _by_name(telling.passed)),
        )
    )


def duration(words: Words, seconds: float) -> str:
    """In the largest unit that fits."""
    for unit, length in _LENGTHS:
        if seconds >= length:
            return words.get(f"alert.duration.{unit}", count=int(seconds // length))
    return words.get("alert.duration.moment")


def _by_name(alerts: Iterable[Alert]) -> Iterator[tuple[str, Sequence[Alert]]]:
    for name, each in groupby(alerts, key=attrgetter("name")):
        yield name, list(each)


def _began(words: Words, name: str, alerts: Sequence[Alert]) -> str:
    todo = words.html(f"alert.{name}.todo", button=words.get("button.backup"))
    return f"🔴 {_sentence(words, name, alerts)}\n{todo}"


def _over(words: Words, name: str, alerts: Sequence[Alert]) -> str:
    sentence = words.html(f"alert.{name}.over", count=_count(alerts), names=_names(words, alerts))
    return f"🟢 {sentence} {words.html('alert.lasted', duration=_longest(words, alerts))}"


def _passed(words: Words, name: str, alerts: Sequence[Alert]) -> str:
    over = words.html("alert.passed", duration=_longest(words, alerts))
    return f"⚪ {_sentence(words, name, alerts)} {over}"


def _sentence(words: Words, name: str, alerts: Sequence[Alert]) -> str:
    facts = alerts[0].facts
    reason = facts.get("reason")
    return words.html(
        f"alert.{name}.began",
        count=_count(alerts),
        names=_names(words, alerts),
        failed=facts.get("failed", 0),
        updates=facts.get("updates", 0),
        duration=duration(words, float(facts.get("seconds", 0.0))),
        seconds=max(float(each.facts.get("seconds", 0.0)) for each in alerts),
        reason=words.get(f"notice.model_reason.{reason if reason in MODEL_REASONS[:-1] else 'unavailable'}"),
    )


def _longest(words: Words, alerts: Sequence[Alert]) -> str:
    return duration(words, max(each.lasted for each in alerts))


def _count(alerts: Sequence[Alert]) -> int:
    """An alert may stand for several that it does not name."""
    return sum(int(each.facts.get("count", 1)) for each in alerts)


def _names(words: Words, alerts: Sequence[Alert]) -> str:
    named = [each for each in alerts if each.facts.get("name") != "…"]
    names = ", ".join(_name(words, each) for each in named[:MOST_NAMES])
    more = _count(alerts) - len(named[:MOST_NAMES])
    return words.get("alert.and_more", names=names, count=more) if more > 0 and names else names


def _name(words: Words, alert: Alert) -> str:
    name = str(alert.facts.get("name", "")) or words.get("alert.manager_bot")
    if "free" in alert.facts:
        return words.get("alert.room", name=name, megabytes=int(alert.facts["free"]) // 1_000_000)
    return name
