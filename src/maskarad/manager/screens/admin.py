"""/admin: whether all is well, on one screen."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo

from msgspec import structs

from maskarad.analytics.figures import grouped
from maskarad.db.alerts import Alert
from maskarad.db.backups import Backup
from maskarad.db.census import NEAR, Census
from maskarad.db.purses import Spent
from maskarad.manager.callbacks import button
from maskarad.manager.screens.amounts import money, size
from maskarad.manager.screens.parts import back, built_once
from maskarad.metrics.meters import MODEL_REASONS
from maskarad.ops.alert_texts import duration, message
from maskarad.ops.report import Figures, ProcessReport
from maskarad.ops.telling import Telling
from maskarad.texts import Words, ago
from maskarad.values import Keyboard, Scope, Screen, Value

MOST_PROCESSES = 8
MOST_ALERTS = 5
WARNING = "⚠️"
"""Before what is not well, in what is told below the first line."""

OLD_FIGURES = 30.0
"""Seconds after which what a process said of itself says little."""


class Overview(Value, frozen=True):
    """What was read in one go. `deaf` are bots that nobody hears, which the census counts as working. `waiting` are
    chats in which work is due and nobody at it, `waiting_since` since when the first of them; `today` and `month` are
    all that was spent."""

    alerts: Sequence[Alert]
    processes: Sequence[ProcessReport]
    census: Census
    deaf: int
    waiting: int
    waiting_since: float | None
    today: Spent
    month: Spent
    near: Mapping[Scope, int]
    """How many have used most of what they may."""
    backup: Backup | None


def overview(words: Words, seen: Overview, now: float, zone: tzinfo) -> Screen:
    """`now` is Unix seconds; the time is told by the clock of `zone`, and which that is."""
    title = words.html("admin.title", time=f"{datetime.fromtimestamp(now, zone):%H:%M:%S %Z}")
    facts = (
        _processes(words, seen.processes, now),
        _bots(words, seen),
        _queue(words, seen, now),
        words.html("admin.today", count=seen.today.messages, number=grouped(seen.today.messages)),
        _model(words, fresh(seen.processes, now)),
        words.html("admin.spend", today=money(words, seen.today.money), month=money(words, seen.month.money)),
        _near(words, seen.near),
        _backup(words, seen.backup, now),
    )
    told = "\n".join(filter(None, facts))
    stopped = seen.census.stopped_alone + seen.census.stopped_users
    html = "\n\n".join((title, _verdict(words, seen, told), told))
    return Screen(html=html, keyboard=_keyboard(words, stopped))


@built_once
def _keyboard(words: Words, stopped: int) -> Keyboard:
    listed = ((button(words.get("button.stopped", number=stopped), "al", 0),),) if stopped else ()
    return (
        (button(words.get("button.refresh_admin"), "a"), button(words.get("button.backup"), "ab")),
        (button(words.get("button.top_bots"), "at", "b"), button(words.get("button.top_users"), "at", "u")),
        (button(words.get("button.find"), "af"),),
        *listed,
        back(words, "m"),
    )


def fresh(reports: Sequence[ProcessReport], now: float) -> list[ProcessReport]:
    """Without the figures of those that have said nothing for long."""
    return [
        each if each.figures is None or _is_fresh(each.figures, now) else structs.replace(each, figures=None)
        for each in reports
    ]


def _is_fresh(figures: Figures, now: float) -> bool:
    return now - figures.at <= OLD_FIGURES


def _verdict(words: Words, seen: Overview, told: str) -> str:
    if not seen.alerts:
        return words.html("admin.fair" if WARNING in told else "admin.well")
    shown = seen.alerts[:MOST_ALERTS]
    told = message(words, Telling(began=tuple(shown)))
    more = len(seen.alerts) - len(shown)
    return f"{told}\n\n{words.html('admin.more_alerts', count=more)}" if more else told


def _processes(words: Words, reports: Sequence[ProcessReport], now: float) -> str:
    lines = [words.html("admin.processes")]
    roles = Counter(_role(each) for each in reports)
    for each in reports[:MOST_PROCESSES]:
        name = each.place if roles[_role(each)] > 1 else _role(each)
        lines.append(_process(words, each, name, now))
    if more := len(reports) - MOST_PROCESSES:
        lines += [words.html("admin.more_processes", count=more)] if more > 0 else []
    return "\n".join(lines)


def _role(report: ProcessReport) -> str:
    return report.process.role.partition(" ")[0]


def _process(words: Words, report: ProcessReport, name: str, now: float) -> str:
    figures, runs = report.figures, duration(words, now - report.process.started_at)
    if figures is None:
        return words.html("admin.process_unknown", name=name, runs=runs)
    if not _is_fresh(figures, now):
        return words.html("admin.process_silent", name=name, ago=ago(words, now - figures.at))
    lag = words.get("admin.milliseconds", number=grouped(round(1000 * figures.lag)))
    return words.html("admin.process", name=name, runs=runs, memory=size(words, figures.resident), lag=lag)


def _bots(words: Words, seen: Overview) -> str:
    census = seen.census
    counted = {
        "working": max(census.working - seen.deaf, 0),
        "resting": census.resting,
        "stopped": census.stopped,
        "invalid": census.invalid,
        "deaf": seen.deaf,
    }
    told = [words.get(f"admin.bots.{state}", number=number) for state, number in counted.items() if number]
    return words.html("admin.bots.line", told=", ".join(told) or words.get("admin.bots.none"))


def _queue(words: Words, seen: Overview, now: float) -> str:
    if seen.waiting_since is None:
        return words.html("admin.queue_empty")
    since = duration(words, max(now - seen.waiting_since, 0.0))
    return words.html("admin.queue", count=seen.waiting, number=grouped(seen.waiting), since=since)


def _model(words: Words, reports: Sequence[ProcessReport]) -> str:
    figures = [each.figures for each in reports if each.figures is not None]
    failed = sum(each.model_failed for each in figures)
    answered = grouped(sum(each.model_ok for each in figures))
    if not failed:
        return words.html("admin.model_well", answered=answered)
    worst = max(figures, key=lambda each: each.model_failed).model_reason
    reason = words.get(f"notice.model_reason.{worst if worst in MODEL_REASONS[:-1] else 'unavailable'}")
    return words.html("admin.model_failing", answered=answered, count=failed, number=grouped(failed), reason=reason)


def _near(words: Words, near: Mapping[Scope, int]) -> str:
    told = [words.get(f"admin.near.{scope.value}", number=number) for scope in Scope if (number := near.get(scope))]
    return words.html("admin.near.line", percent=round(100 * NEAR), told=", ".join(told)) if told else ""


def _backup(words: Words, backup: Backup | None, now: float) -> str:
    if backup is None:
        return words.html("admin.no_backup")
    return words.html("admin.backup", ago=ago(words, now - backup.made_at), size=size(words, backup.bytes))
