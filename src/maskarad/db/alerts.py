"""Alerts: what is wrong, since when, and of what operators were told. Of many processes the one that tells is the one
whose `UPDATE` counted the row; its claim runs out, so that nothing stays untold when it dies."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Executable, bindparam, case, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from maskarad.db.tables import alerts, job_slots
from maskarad.values import Value

GONE = "gone"
"""The alert of a process that ended without a word; its row is made by whoever notices."""

MESSAGES = "alert_messages"
"""Messages to operators, as slots of a job: each hour has a few."""

HOUR = 3600.0

LAST_AT = "last_at"
"""The fact that tells when it was last so, where that is known better than by the last look."""

Facts = dict[str, str | int | float]
Key = tuple[str, str]


class Alert(Value, frozen=True, kw_only=True):
    """`subject` says what it is about, where there may be several. From `began_at` to `seen_at` it was so without a
    break; `told_at` is None as long as operators do not know, `over_at` while it is not known to be over."""

    name: str
    subject: str
    began_at: float
    seen_at: float
    told_at: float | None = None
    over_at: float | None = None
    facts: Facts

    @property
    def key(self) -> Key:
        return self.name, self.subject

    @property
    def held(self) -> float:
        """Seconds from the first look that found it to the last one."""
        return self.seen_at - self.began_at

    @property
    def lasted(self) -> float:
        """Seconds, for people: how long it is known to have been so, whenever it is found to be over."""
        return max(float(self.facts.get(LAST_AT, self.seen_at)) - self.began_at, 0.0)


_COLUMNS = tuple(alerts.c[name] for name in Alert.__struct_fields__)
_ALL = select(*_COLUMNS).order_by(alerts.c.name, alerts.c.began_at, alerts.c.subject)
_IS_IT = (alerts.c.name == bindparam("b_name")) & (alerts.c.subject == bindparam("b_subject"))


def _see(insert: Callable[..., postgresql.Insert | sqlite.Insert]) -> Executable:
    new = insert(alerts).values(
        name=bindparam("name"),
        subject=bindparam("subject"),
        began_at=bindparam("now"),
        seen_at=bindparam("now"),
        facts=bindparam("facts"),
    )
    is_new = alerts.c.told_at.is_(None) & (alerts.c.seen_at < bindparam("stale"))
    return new.on_conflict_do_update(
        index_elements=[alerts.c.name, alerts.c.subject],
        set_={
            "began_at": case((is_new, new.excluded.began_at), else_=alerts.c.began_at),
            "seen_at": new.excluded.seen_at,
            "facts": new.excluded.facts,
            "over_at": None,
        },
    )


_SEE = {"sqlite": _see(sqlite.insert), "postgresql": _see(postgresql.insert)}
_WAS_NOT_SEEN_SINCE = alerts.c.seen_at <= bindparam("b_seen_at")
_END = update(alerts).where(_IS_IT, _WAS_NOT_SEEN_SINCE, alerts.c.over_at.is_(None)).values(over_at=bindparam("b_now"))
_DROP = delete(alerts).where(_IS_IT, _WAS_NOT_SEEN_SINCE, alerts.c.told_at.is_(None))
_IS_FREE = or_(alerts.c.claim.is_(None), alerts.c.claimed_until <= bindparam("b_now"))
_CLAIM = (
    update(alerts)
    .where(
        _IS_IT,
        _IS_FREE,
        alerts.c.told_at.is_(None) == bindparam("b_untold"),
        alerts.c.over_at.is_(None) == bindparam("b_open"),
    )
    .values(claim=bindparam("b_claim"), claimed_until=bindparam("b_until"))
)
_IS_CLAIMED = alerts.c.claim == bindparam("b_claim")
_TOLD = update(alerts).where(_IS_CLAIMED, _IS_IT).values(told_at=bindparam("b_told_at"), claim=None, claimed_until=None)
_FORGET = delete(alerts).where(_IS_CLAIMED, _IS_IT, alerts.c.over_at.is_not(None))
_LET_GO = update(alerts).where(_IS_CLAIMED).values(claim=None, claimed_until=None)
_FREE_SLOT = delete(job_slots).where(job_slots.c.job == bindparam("b_job"), job_slots.c.slot == bindparam("b_slot"))


def everything(connection: Connection) -> list[Alert]:
    """By name, the oldest first."""
    rows = connection.execute(_ALL).mappings()
    return [Alert(**{**row, "facts": msgspec.json.decode(row["facts"])}) for row in rows]


def see(connection: Connection, name: str, subject: str, facts: Facts, *, now: float, stale: float) -> None:
    """It is so now. One that nobody was told of, and that was last seen before `stale`, begins anew; one that was over
    is not over."""
    values = {"name": name, "subject": subject, "now": now, "stale": stale, "facts": _as_text(facts)}
    connection.execute(_SEE[connection.dialect.name], values)


def end(connection: Connection, alert: Alert, *, now: float) -> None:
    """It is over, unless somebody has seen it since it was read."""
    connection.execute(_END, _of(alert) | {"b_seen_at": alert.seen_at, "b_now": now})


def drop(connection: Connection, alert: Alert) -> None:
    """It was too short to be told of, unless somebody has seen it since it was read."""
    connection.execute(_DROP, _of(alert) | {"b_seen_at": alert.seen_at})


def claim(connection: Connection, alert: Alert, token: str, *, now: float, until: float) -> bool:
    """True: the caller is to tell of it. False: another one is, or it is not any more as it was read."""
    values = {
        "b_claim": token,
        "b_now": now,
        "b_until": until,
        "b_untold": alert.told_at is None,
        "b_open": alert.over_at is None,
    }
    return connection.execute(_CLAIM, _of(alert) | values).rowcount == 1


def told(connection: Connection, told_of: Sequence[Alert], token: str, *, now: float) -> None:
    """Operators know of what was claimed. What was told to be over goes; if it has begun again meanwhile, it is to be
    told of again."""
    for alert in told_of:
        values = _of(alert) | {"b_claim": token}
        if alert.over_at is None:
            connection.execute(_TOLD, values | {"b_told_at": now})
        elif not connection.execute(_FORGET, values).rowcount:
            connection.execute(_TOLD, values | {"b_told_at": None})


def let_go(connection: Connection, token: str) -> None:
    """What was claimed is not told: anybody may."""
    connection.execute(_LET_GO, {"b_claim": token})


def free_slot(connection: Connection, slot: int) -> None:
    """The message of this slot was not sent."""
    connection.execute(_FREE_SLOT, {"b_job": MESSAGES, "b_slot": slot})


def _of(alert: Alert) -> dict[str, Any]:
    return {"b_name": alert.name, "b_subject": alert.subject}


def _as_text(facts: Facts) -> str:
    return msgspec.json.encode(facts).decode()
