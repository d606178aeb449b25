"""Work that people have ordered and that takes long. One of a kind at a time in each place; done, its row goes.

Whoever works on an errand holds a claim with a lease, as turns do, and every change under a claim checks it.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    Double,
    Executable,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from maskarad.db.lists import padded
from maskarad.db.tables import errands
from maskarad.errors import ClaimLost
from maskarad.values import Value

BEHIND = 60.0
"""Seconds by which each errand that waits already puts its owner's next one of the kind further back in line."""

LOOKED_AT = 10
"""Errands that one look finds: of several processes that look at once each gets one of them."""


class NewErrand(Value, frozen=True):
    """`place` is where there may be one of the kind at a time, `owner_id` who waits when others do. Nothing secret
    stands in `payload`."""

    kind: str
    place: str
    owner_id: int
    payload: str


class OrderedErrand(Value, frozen=True):
    id: int
    kind: str
    payload: str


class ClaimedErrand(Value, frozen=True):
    """`attempts` counts this one too; `progress` is what earlier ones have left."""

    id: int
    token: str
    kind: str
    payload: str
    progress: str | None
    attempts: int
    cancelled: bool


class FailedErrand(Value, frozen=True):
    """It was tried too often; `error` is fit for a log."""

    id: int
    kind: str
    place: str
    attempts: int
    failed_at: float
    error: str


_IS_OPEN = errands.c.failed_at.is_(None)
_IS_PLACE = and_(errands.c.kind == bindparam("kind"), errands.c.place == bindparam("place"))
_IS_ERRAND = errands.c.id == bindparam("b_id")
_HOLDS = and_(_IS_ERRAND, errands.c.claim == bindparam("b_claim"))
_IS_FREE = or_(errands.c.claim.is_(None), errands.c.lease_until < bindparam("b_lapsed_before", type_=Double))
_IS_DUE = and_(_IS_OPEN, errands.c.due_at <= bindparam("b_now"), _IS_FREE)

_DROP_FAILED = delete(errands).where(_IS_PLACE, errands.c.failed_at.is_not(None))
_OWNS = case((errands.c.owner_id == bindparam("owner_id"), 1), else_=0)
_DROP = delete(errands).where(errands.c.place.in_(bindparam("places", expanding=True)))
_WAITING = select(func.count(), func.coalesce(func.sum(_OWNS), 0)).where(errands.c.kind == bindparam("kind"), _IS_OPEN)


def _add(insert: Callable[..., postgresql.Insert | sqlite.Insert]) -> Executable:
    names = ("kind", "place", "owner_id", "line_at", "payload", "created_at", "due_at")
    new = insert(errands).values({name: bindparam(name) for name in names})
    return new.on_conflict_do_nothing(index_elements=[errands.c.kind, errands.c.place]).returning(errands.c.id)


_ADD = {"sqlite": _add(sqlite.insert), "postgresql": _add(postgresql.insert)}
_ORDERED = (
    select(errands.c.id, errands.c.kind, errands.c.payload)
    .where(errands.c.kind.in_(bindparam("kinds", expanding=True)), errands.c.place == bindparam("place"), _IS_OPEN)
    .order_by(errands.c.id)
)
_CANCEL = update(errands).where(_IS_ERRAND, _IS_OPEN).values(cancelled=True, due_at=bindparam("b_now"))
_NEXT = (
    select(errands.c.id)
    .where(
        _IS_DUE,
        or_(
            errands.c.kind.in_(bindparam("kinds", expanding=True)),
            and_(errands.c.kind.in_(bindparam("known", expanding=True)), errands.c.cancelled),
            and_(errands.c.kind.in_(bindparam("greeted", expanding=True)), errands.c.progress.is_(None)),
        ),
    )
    .order_by(errands.c.cancelled.desc(), errands.c.line_at, errands.c.id)
    .limit(literal_column(str(LOOKED_AT)))
)
_CLAIM = (
    update(errands)
    .where(_IS_ERRAND, _IS_DUE)
    .values(claim=bindparam("b_claim"), lease_until=bindparam("b_until"), attempts=errands.c.attempts + 1)
    .returning(errands.c.kind, errands.c.payload, errands.c.progress, errands.c.attempts, errands.c.cancelled)
)
_RENEW = (
    update(errands)
    .where(errands.c.id.in_(bindparam("ids", expanding=True)), errands.c.claim.in_(bindparam("claims", expanding=True)))
    .values(lease_until=bindparam("b_until"))
    .returning(errands.c.claim, errands.c.cancelled)
)
_NOTE = update(errands).where(_HOLDS).values(progress=bindparam("b_progress"))
_DONE = delete(errands).where(_HOLDS)
_FREED = {"claim": None, "lease_until": 0}
_RELEASE = update(errands).where(_HOLDS).values(**_FREED, attempts=errands.c.attempts - 1, due_at=bindparam("b_due_at"))
_POSTPONE = update(errands).where(_HOLDS).values(**_FREED, due_at=bindparam("b_due_at"), error=bindparam("b_error"))
_FAIL = (
    update(errands)
    .where(_HOLDS)
    .values(**_FREED, progress=None, failed_at=bindparam("b_now"), error=bindparam("b_error"))
)
_RELEASE_ALL = update(errands).where(errands.c.claim.is_not(None)).values(**_FREED)
_FAILED = (
    select(
        *(errands.c.id, errands.c.kind, errands.c.place, errands.c.attempts, errands.c.failed_at),
        func.coalesce(errands.c.error, ""),
    )
    .where(errands.c.failed_at.is_not(None))
    .order_by(errands.c.failed_at.desc(), errands.c.id)
    .limit(bindparam("most"))
)
_REQUEUE = (
    update(errands)
    .where(_IS_ERRAND, errands.c.failed_at.is_not(None))
    .values(
        **_FREED,
        failed_at=None,
        error=None,
        attempts=0,
        cancelled=False,
        # Who has it tried again may sit at a machine whose clock is wrong.
        due_at=errands.c.created_at,
        line_at=errands.c.created_at,
    )
)
_OLD = (
    select(errands.c.id)
    .where(errands.c.failed_at < bindparam("before"))
    .order_by(errands.c.failed_at)
    .limit(bindparam("most"))
)
_FORGET = delete(errands).where(errands.c.id.in_(_OLD))


def order(connection: Connection, new: NewErrand, *, most: int, now: float) -> int | None:
    """The errand's id. None: one of the kind is under way in this place, or `most` wait (some more when several
    processes order at once). A failed one makes room."""
    place = {"kind": new.kind, "place": new.place}
    connection.execute(_DROP_FAILED, place)
    waiting, own = connection.execute(_WAITING, {"kind": new.kind, "owner_id": new.owner_id}).one()
    if waiting >= most:
        return None
    values = {**place, "owner_id": new.owner_id, "payload": new.payload, "created_at": now, "due_at": now}
    added = connection.execute(_ADD[connection.dialect.name], {**values, "line_at": now + BEHIND * own})
    return added.scalar_one_or_none()


def in_chat(bot_id: int, chat_id: int) -> str:
    """The place that a bot's chat is."""
    return f"{bot_id}:{chat_id}"


def of_person(user_id: int) -> str:
    """The place that somebody is, wherever they are."""
    return str(user_id)


def ordered(connection: Connection, kinds: Collection[str], place: str) -> list[OrderedErrand]:
    """Those that wait in a place or are under way there."""
    rows = connection.execute(_ORDERED, {"kinds": list(kinds), "place": place})
    return [OrderedErrand(id=id_, kind=kind, payload=payload) for id_, kind, payload in rows]


def cancel(connection: Connection, errand_id: int, *, now: float) -> bool:
    """Whoever works on it hears of it with the next renewal. False: it is not there any more."""
    return connection.execute(_CANCEL, {"b_id": errand_id, "b_now": now}).rowcount > 0


def drop(connection: Connection, places: Collection[str]) -> None:
    """Of no kind anything is left in these places; whoever is at it loses its claim."""
    connection.execute(_DROP, {"places": list(places)})


def waiting(
    connection: Connection,
    *,
    kinds: Sequence[str],
    known: Sequence[str],
    greeted: Sequence[str],
    now: float,
    takes_over: bool = True,
) -> list[int]:
    """Errands that are due and that nobody is at, those first that were cancelled, then as they stand in line: of
    `kinds`; of the `known` kinds what was cancelled; of the `greeted` ones what nobody has looked at yet. A claim
    whose lease has run out holds nothing where this process `takes_over`."""
    of_kinds = {"kinds": list(kinds), "known": list(known), "greeted": list(greeted)}
    until = {"b_now": now, "b_lapsed_before": _lapsed_before(now, takes_over)}
    return list(connection.execute(_NEXT, {**of_kinds, **until}).scalars())


def claim(
    connection: Connection, errand_id: int, token: str, *, lease: float, now: float, takes_over: bool = True
) -> ClaimedErrand | None:
    """None: it is gone, not due, or somebody is at it. `takes_over` is as in `waiting`."""
    values = {"b_id": errand_id, "b_claim": token, "b_until": now + lease, "b_now": now}
    values["b_lapsed_before"] = _lapsed_before(now, takes_over)
    row = connection.execute(_CLAIM, values).first()
    if row is None:
        return None
    kind, payload, progress, attempts, cancelled = row
    return ClaimedErrand(
        id=errand_id,
        token=token,
        kind=kind,
        payload=payload,
        progress=progress,
        attempts=attempts,
        cancelled=cancelled,
    )


def renew(connection: Connection, held: Sequence[ClaimedErrand], *, until: float) -> dict[str, bool]:
    """Lengthen the leases of those claims that still hold; returns their tokens, and whether the errand was
    cancelled."""
    values = {"ids": padded(each.id for each in held), "claims": padded(each.token for each in held), "b_until": until}
    return {row.claim: row.cancelled for row in connection.execute(_RENEW, values)}


def note(connection: Connection, held: ClaimedErrand, progress: str) -> None:
    """What whoever goes on with it must know. Raises ClaimLost."""
    if not connection.execute(_NOTE, {**_held(held), "b_progress": progress}).rowcount:
        raise ClaimLost(f"errand {held.id} is another's now")


def done(connection: Connection, held: ClaimedErrand) -> None:
    """Its row goes, unless the claim is lost."""
    connection.execute(_DONE, _held(held))


def release(connection: Connection, held: ClaimedErrand, *, due_at: float) -> None:
    """Give it back; this attempt does not count."""
    connection.execute(_RELEASE, {**_held(held), "b_due_at": due_at})


def postpone(connection: Connection, held: ClaimedErrand, *, due_at: float, error: str) -> None:
    """Give it back after an attempt that failed."""
    connection.execute(_POSTPONE, {**_held(held), "b_due_at": due_at, "b_error": error})


def fail(connection: Connection, held: ClaimedErrand, *, error: str, now: float) -> None:
    """Try it no more. The row stays until somebody looks at it, or the same is ordered again, but not what was noted:
    whoever ordered it was told."""
    connection.execute(_FAIL, {**_held(held), "b_error": error, "b_now": now})


def release_all(connection: Connection) -> int:
    """Free every claim. Only for a process that knows it is alone with this database."""
    return connection.execute(_RELEASE_ALL).rowcount


def failed(connection: Connection, *, most: int) -> list[FailedErrand]:
    """The latest first."""
    return [FailedErrand(*row) for row in connection.execute(_FAILED, {"most": most})]


def requeue(connection: Connection, errand_id: int) -> bool:
    """Try a failed one again, before all that were ordered after it. False: there is no such errand."""
    return connection.execute(_REQUEUE, {"b_id": errand_id}).rowcount > 0


def forget(connection: Connection, *, before: float, most: int) -> int:
    """Drop at most so many that failed before then; returns how many."""
    return connection.execute(_FORGET, {"before": before, "most": most}).rowcount


def _lapsed_before(now: float, takes_over: bool) -> float:
    return now if takes_over else 0.0


def _held(held: ClaimedErrand) -> dict[str, Any]:
    return {"b_id": held.id, "b_claim": held.token}
