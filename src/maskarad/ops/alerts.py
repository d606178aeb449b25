"""Operators hear what is wrong and that it is well again: once for each event, whatever process looks, dies or starts
anew meanwhile. The rows of `alerts` decide."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import structlog

from maskarad.db import Connection, slots, watching
from maskarad.db import alerts as rows
from maskarad.db.alerts import Alert
from maskarad.db.engine import Database
from maskarad.metrics import Metrics
from maskarad.ops.alert_texts import message
from maskarad.ops.conditions import CONDITIONS, Condition, Scene, Trouble
from maskarad.ops.deafness import deaf_bots
from maskarad.ops.post import Post
from maskarad.ops.report import ProcessReport, read_reports
from maskarad.ops.telling import Telling, has_held, is_open, to_tell
from maskarad.values import Value

log = structlog.get_logger()

MESSAGES_AN_HOUR = 6
"""What comes beyond is told with the first message of the next hour."""

CLAIMED_FOR = 90.0
"""Seconds: who has not told by then is dead."""

RETRIED_AFTER = 60.0
"""Seconds, when Telegram could not be reached."""


class Claimed(Value, frozen=True):
    """What this process is to tell, in which message of the hour, and the operators' languages as far as they have
    chosen any."""

    telling: Telling
    token: str
    slot: int
    languages: Mapping[int, str]


class Alerts:
    """`own` gives the report of a process that works alone; None where there are others."""

    def __init__(
        self,
        database: Database,
        post: Post,
        *,
        backs_up: bool,
        own: Callable[[], ProcessReport | None],
        metrics: Metrics,
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._post = post
        self._backs_up = backs_up
        self._own = own
        self._metrics = metrics
        self._clock = clock
        self._first_look: float | None = None
        self._rests_until = 0.0

    async def look(self) -> None:
        """See what is wrong and what is over, and tell what is to be told. Raises DatabaseUnavailable."""
        now = self._clock()
        self._first_look = now if self._first_look is None else self._first_look
        claimed = await self._database.write(partial(self._judge, now=now, since=self._first_look))
        if claimed is not None:
            await self._tell(claimed)

    def _judge(self, connection: Connection, *, now: float, since: float) -> Claimed | None:
        before = rows.everything(connection)
        scene = self._scene(connection, before, now)
        for name, condition in CONDITIONS.items():
            troubles = condition.look(scene)
            if troubles is not None:
                own = [each for each in before if each.name == name]
                _note(connection, name, condition, troubles, own, now=now, since=since)
        return self._claim(connection, now)

    def _scene(self, connection: Connection, before: Sequence[Alert], now: float) -> Scene:
        found, own = watching.watched(connection, now=now), self._own()
        reports = read_reports(found.processes) if own is None else (own,)
        deaf = deaf_bots(connection, reports)
        return Scene(
            now=now,
            reports=reports,
            is_alone=own is not None,
            deaf=deaf.names,
            deaf_unnamed=deaf.unnamed,
            waiting=found.waiting,
            oldest_due=found.oldest_due,
            last_backup=found.last_backup,
            any_bot=found.any_bot,
            missed=tuple(each for each in before if each.name == rows.GONE),
            backs_up=self._backs_up,
        )

    def _claim(self, connection: Connection, now: float) -> Claimed | None:
        """One message for all that is to be told."""
        found = rows.everything(connection)
        show(self._metrics, found)
        if now < self._rests_until:
            return None
        token = secrets.token_hex(8)
        claim = partial(rows.claim, connection, token=token, now=now, until=now + CLAIMED_FOR)
        telling = to_tell(found, now).only(claim)
        if not telling.all:
            return None
        slot = self._slot(connection, now) if self._post.operators else 0
        if slot is None:
            rows.let_go(connection, token)
            return None
        languages = watching.languages(connection, self._post.operators)
        return Claimed(telling=telling, token=token, slot=slot, languages=languages)

    def _slot(self, connection: Connection, now: float) -> int | None:
        """None: the hour has had its messages."""
        first = int(now // rows.HOUR) * MESSAGES_AN_HOUR
        numbers = range(first, first + MESSAGES_AN_HOUR)
        return next((each for each in numbers if slots.take(connection, rows.MESSAGES, each, now=now)), None)

    async def _tell(self, claimed: Claimed) -> None:
        is_told = await self._post.send(lambda words: message(words, claimed.telling), claimed.languages)
        now = self._clock()
        if is_told:
            _log(claimed.telling)
        else:
            self._rests_until = now + RETRIED_AFTER
        await self._database.write(partial(self._settle, claimed=claimed, is_told=is_told, now=now))

    def _settle(self, connection: Connection, *, claimed: Claimed, is_told: bool, now: float) -> None:
        if is_told:
            rows.told(connection, claimed.telling.all, claimed.token, now=now)
        else:
            rows.let_go(connection, claimed.token)
            rows.free_slot(connection, claimed.slot)
        show(self._metrics, rows.everything(connection))


def show(metrics: Metrics, found: Sequence[Alert]) -> None:
    """Which alerts are open."""
    open_now = {each.name for each in found if is_open(each)}
    for name in CONDITIONS:
        metrics.alerts.labels(name).set(name in open_now)


def _note(
    connection: Connection,
    name: str,
    condition: Condition,
    troubles: Sequence[Trouble],
    before: Sequence[Alert],
    *,
    now: float,
    since: float,
) -> None:
    """`since`: when this process began to look. What was seen before that may still be so, though it does not show
    yet."""
    stale = now - max(condition.calm, condition.holds)
    for trouble in sorted(troubles, key=lambda each: each.subject):
        rows.see(connection, name, trouble.subject, trouble.facts, now=now, stale=stale)
    seen = {trouble.subject for trouble in troubles}
    for alert in before:
        is_calm = now - max(alert.seen_at, since) >= condition.calm
        if is_calm and alert.over_at is None and alert.subject not in seen:
            _end(connection, alert, now)


def _end(connection: Connection, alert: Alert, now: float) -> None:
    """What was never told, and was too short for it, leaves no trace."""
    if alert.told_at is None and not has_held(alert):
        rows.drop(connection, alert)
    else:
        rows.end(connection, alert, now=now)


def _log(telling: Telling) -> None:
    for alert in telling.began:
        log.warning("alert", alert=alert.name, subject=alert.subject, **alert.facts)
    for alert in (*telling.over, *telling.passed):
        log.info("alert_over", alert=alert.name, subject=alert.subject, seconds=round(alert.lasted))
