"""When something is wrong: pure conditions over what processes report and rows tell."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from maskarad.db.alerts import GONE, LAST_AT, Alert, Facts
from maskarad.db.processes import DUTIES
from maskarad.ops.report import Figures, ProcessReport, place
from maskarad.values import Value

MINUTE = 60.0
HOUR = 3_600.0

QUEUE_AGE = 60.0
"""Seconds that the longest waiting answer may be due without anybody at it."""

CALLS_FAILED = 3
CALLS_OK = 3
"""So many in a minute, and none that failed: it works again, whatever was before."""
ERRORS_SEEN = 5
ERROR_SHARE = 0.05
"""Faults of ours for each update, where there are at least so many."""

LAG = 1.0
"""Seconds that an event loop may come late."""

LEAST_FREE = 200_000_000
ENOUGH_FREE = 2_000_000_000
FREE_SHARE = 0.05
"""A disk is nearly full with less than this share of it free; but never with so much, and always with so little, or
a tenth of it where the disk is small (a container's memory)."""

BACKUP_AGE = 26 * HOUR
"""One is made each day, and may take its time."""

MISSED_FOR = 24 * HOUR
"""A process that nobody follows for as long is not missed any more."""


class Trouble(Value, frozen=True):
    """`subject` says what it is about, where there may be several; `facts` are for its sentence. `name` among them is
    what people call the subject, `count` how many it stands for."""

    subject: str = ""
    facts: Facts = msgspec.field(default_factory=dict)


class Scene(Value, frozen=True):
    """All that is known at a moment. `deaf` are names of bots (the manager's is empty) that nobody hears;
    `deaf_unnamed` are more of them. `missed` are alerts of processes that are gone."""

    now: float
    reports: tuple[ProcessReport, ...]
    is_alone: bool
    deaf: frozenset[str]
    deaf_unnamed: int
    waiting: int
    oldest_due: float | None
    last_backup: float | None
    any_bot: bool
    missed: tuple[Alert, ...]
    backs_up: bool

    @property
    def figures(self) -> Sequence[tuple[ProcessReport, Figures]]:
        return [(each, each.figures) for each in self.reports if each.figures is not None]


Look = Callable[[Scene], Sequence[Trouble] | None]
"""What is wrong; None where nothing can be known."""


class Condition(Value, frozen=True):
    """Operators hear of it once it has been so for `holds` seconds without `calm` seconds between, and that it is over
    after `calm` seconds."""

    look: Look
    holds: float
    calm: float


def deaf(scene: Scene) -> Sequence[Trouble]:
    named = [Trouble(subject=name, facts={"name": f"@{name}" if name else ""}) for name in sorted(scene.deaf)]
    more = [Trouble(subject="…", facts={"name": "…", "count": scene.deaf_unnamed})] if scene.deaf_unnamed else []
    return [*named, *more]


def queue(scene: Scene) -> Sequence[Trouble]:
    age = 0.0 if scene.oldest_due is None else scene.now - scene.oldest_due
    return [Trouble(facts={"count": scene.waiting, "seconds": round(age)})] if age > QUEUE_AGE else []


def model(scene: Scene) -> Sequence[Trouble] | None:
    """Nobody asks, nobody knows: it is not well before a call has shown that."""
    ok = sum(figures.model_ok for _, figures in scene.figures)
    failed = sum(figures.model_failed for _, figures in scene.figures)
    if _works_again([figures for _, figures in scene.figures]):
        return []
    if failed >= CALLS_FAILED and failed > ok:
        worst = max((figures for _, figures in scene.figures), key=lambda figures: figures.model_failed)
        facts: Facts = {"failed": failed, "count": failed + ok, "reason": worst.model_reason}
        # A call that failed counts for minutes: the outage may be over for as long.
        if last_at := max(figures.model_failed_at for _, figures in scene.figures):
            facts[LAST_AT] = last_at
        return [Trouble(facts=facts)]
    return [] if ok and ok >= failed else None


def _works_again(figures: Sequence[Figures]) -> bool:
    ok = sum(each.model_ok_lately for each in figures)
    return ok >= CALLS_OK and not any(each.model_failed_lately for each in figures)


def errors(scene: Scene) -> Sequence[Trouble]:
    faults = sum(figures.errors for _, figures in scene.figures)
    updates = sum(figures.updates for _, figures in scene.figures)
    is_much = faults >= ERRORS_SEEN and faults > ERROR_SHARE * updates
    return [Trouble(facts={"count": faults, "updates": updates})] if is_much else []


def disk(scene: Scene) -> Sequence[Trouble]:
    return [
        Trouble(
            subject=f"{report.process.host} {each.path}",
            facts={"name": f"{report.process.host}:{each.path}", "free": each.free},
        )
        for report, figures in scene.figures
        for each in figures.disks
        if each.free < least_free(each.total)
    ]


def least_free(total: float) -> float:
    """Bytes of a disk of so many: with less it is nearly full."""
    return max(min(LEAST_FREE, total / 10), min(ENOUGH_FREE, FREE_SHARE * total))


def backup(scene: Scene) -> Sequence[Trouble]:
    if not scene.backs_up or scene.last_backup is None:
        return []
    age = scene.now - scene.last_backup
    return [Trouble(facts={"seconds": round(age)})] if age > BACKUP_AGE else []


def no_backup(scene: Scene) -> Sequence[Trouble]:
    """There is something to lose."""
    return [Trouble()] if scene.backs_up and scene.any_bot and scene.last_backup is None else []


def lag(scene: Scene) -> Sequence[Trouble]:
    return [
        Trouble(subject=report.process.id, facts={"name": report.place, "seconds": round(figures.lag, 1)})
        for report, figures in scene.figures
        if figures.lag > LAG
    ]


def redis(scene: Scene) -> Sequence[Trouble]:
    return [
        Trouble(subject=report.process.id, facts={"name": report.place})
        for report, figures in scene.figures
        if figures.redis is False
    ]


def gone(scene: Scene) -> Sequence[Trouble]:
    """Until another one does the same. Whoever was buried before that is missed from then on."""
    return [
        Trouble(subject=each.subject, facts=each.facts | {"name": place_of(each.facts)})
        for each in scene.missed
        if scene.now - float(each.facts["seen_at"]) < MISSED_FOR and not _is_followed(each, scene.reports)
    ]


def place_of(facts: Facts) -> str:
    return place(host=str(facts["host"]), role=str(facts["role"]), pid=facts["pid"])


def _is_followed(missed: Alert, reports: Sequence[ProcessReport]) -> bool:
    return any(
        each.process.role == missed.facts["role"] and each.process.started_at > float(missed.facts["seen_at"])
        for each in reports
    )


def undone(scene: Scene) -> Sequence[Trouble]:
    if scene.is_alone:
        return []
    done = {duty for each in scene.reports for duty in each.process.duties}
    return [Trouble(subject=duty, facts={"name": duty}) for duty in DUTIES if duty not in done]


CONDITIONS: Mapping[str, Condition] = {
    "deaf": Condition(look=deaf, holds=90.0, calm=MINUTE),
    "queue": Condition(look=queue, holds=MINUTE, calm=2 * MINUTE),
    "model": Condition(look=model, holds=MINUTE, calm=MINUTE),
    "errors": Condition(look=errors, holds=MINUTE, calm=5 * MINUTE),
    "disk": Condition(look=disk, holds=MINUTE, calm=5 * MINUTE),
    "backup": Condition(look=backup, holds=MINUTE, calm=0.0),
    "no_backup": Condition(look=no_backup, holds=BACKUP_AGE, calm=0.0),
    "lag": Condition(look=lag, holds=MINUTE, calm=2 * MINUTE),
    "redis": Condition(look=redis, holds=MINUTE, calm=MINUTE),
    GONE: Condition(look=gone, holds=30.0, calm=2 * MINUTE),
    "undone": Condition(look=undone, holds=MINUTE, calm=30.0),
}
