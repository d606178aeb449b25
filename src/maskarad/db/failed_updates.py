"""Updates that could not be handled for a fault of ours: counted while they come again, put aside once they have failed
`ATTEMPTS` times, in whichever processes. Only what is put aside has a body. An erased one stays without: Telegram may
bring it again, and its words are not to come back."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Executable,
    Text,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal_column,
    not_,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from maskarad.db.tables import failed_updates as rows
from maskarad.values import Value

ATTEMPTS = 5
"""So often in all an update is handled before it is put aside, or it would come, and hold up others, for ever."""

MOST_ASIDE = 10_000
"""Put aside at most (some more where several processes do so at once); what fails beyond stays with Telegram."""

UpdateKey = tuple[int, int]
"""The bot's id and the update's: Telegram counts each bot's for itself."""


class FailedUpdate(Value, frozen=True):
    """`error` is the fault's type and place; `requeued_at` is a time from which it is to be handled again. Its body
    holds people's words, and is asked for apart."""

    bot_id: int
    update_id: int
    error: str
    attempts: int
    first_at: float
    last_at: float
    requeued_at: float | None


_IS_UPDATE = and_(rows.c.bot_instance_id == bindparam("b_bot_id"), rows.c.update_id == bindparam("b_update_id"))
_ATTEMPTS: ColumnElement[int] = literal_column(str(ATTEMPTS))
_IS_ASIDE = rows.c.body != literal_column("''")
_SHOWN = (
    rows.c.bot_instance_id,
    rows.c.update_id,
    rows.c.error,
    rows.c.attempts,
    rows.c.first_at,
    rows.c.last_at,
    rows.c.requeued_at,
)


def _count(insert: Callable[..., postgresql.Insert | sqlite.Insert]) -> Executable:
    new = insert(rows).values(
        bot_instance_id=bindparam("b_bot_id"),
        update_id=bindparam("b_update_id"),
        user_id=bindparam("b_user_id"),
        body="",
        error=bindparam("b_error"),
        attempts=1,
        first_at=bindparam("b_now"),
        last_at=bindparam("b_now"),
    )
    changes = {
        "attempts": rows.c.attempts + 1,
        "body": case((rows.c.attempts + 1 == _ATTEMPTS, bindparam("b_body", type_=Text)), else_=rows.c.body),
        "error": new.excluded.error,
        "last_at": new.excluded.last_at,
        "requeued_at": None,
    }
    return new.on_conflict_do_update(index_elements=[rows.c.bot_instance_id, rows.c.update_id], set_=changes).returning(
        rows.c.attempts
    )


_COUNT = {"sqlite": _count(sqlite.insert), "postgresql": _count(postgresql.insert)}
# It counts as one that has yet to come for the last time.
_TAKE_BACK = update(rows).where(_IS_UPDATE).values(attempts=_ATTEMPTS - 1, body="")
_FAIL_AGAIN = (
    update(rows)
    .where(_IS_UPDATE, _IS_ASIDE)
    .values(attempts=rows.c.attempts + 1, error=bindparam("b_error"), last_at=bindparam("b_now"), requeued_at=null())
    .returning(rows.c.attempts)
)
_DROP = delete(rows).where(_IS_UPDATE)
_DROP_ALL = delete(rows).where(_IS_ASIDE)
_LATEST = select(rows.c.bot_instance_id, rows.c.update_id).order_by(rows.c.last_at.desc()).limit(bindparam("most"))
_REQUEUED = (
    select(rows.c.bot_instance_id, rows.c.update_id)
    .where(rows.c.requeued_at.is_not(None), rows.c.requeued_at <= bindparam("now"))
    .order_by(rows.c.requeued_at)
    .limit(bindparam("most"))
)
_CLAIM = (
    update(rows)
    .where(_IS_UPDATE, rows.c.requeued_at <= bindparam("b_now"))
    .values(requeued_at=bindparam("b_until"))
    .returning(rows.c.body)
)
_ASIDE = select(*_SHOWN).where(_IS_ASIDE).order_by(rows.c.last_at.desc(), rows.c.update_id).limit(bindparam("most"))
_HOW_MANY = select(func.count()).select_from(rows).where(_IS_ASIDE)
_FIND = select(*_SHOWN, rows.c.body).where(_IS_UPDATE, _IS_ASIDE)
# From a time on that has passed by everybody's clock: whoever asks has one that may be wrong.
_REQUEUE_ALL = update(rows).where(_IS_ASIDE).values(requeued_at=rows.c.last_at)
_REQUEUE = _REQUEUE_ALL.where(_IS_UPDATE)
_FORGET = delete(rows).where(
    or_(
        rows.c.last_at < bindparam("before"),
        and_(rows.c.last_at < bindparam("counted_before"), not_(_IS_ASIDE)),
    )
)
_OF_THESE_BOTS = rows.c.bot_instance_id.in_(bindparam("bot_ids", expanding=True))
_ERASE = update(rows).values(
    user_id=0,
    body="",
    attempts=case((rows.c.attempts < _ATTEMPTS, _ATTEMPTS), else_=rows.c.attempts),
    requeued_at=null(),
)
_ERASE_SAID = _ERASE.where(_OF_THESE_BOTS, rows.c.user_id == bindparam("b_user_id"))
_ERASE_ABOUT = _ERASE.where(
    _OF_THESE_BOTS, _IS_ASIDE, rows.c.body.contains(bindparam("b_digits", type_=rows.c.body.type))
)


def count(connection: Connection, key: UpdateKey, *, user_id: int, body: str, error: str, now: float) -> int:
    """Note that an update of this person has failed once more; returns how often by now, less than `ATTEMPTS` as long
    as it cannot be put aside because `MOST_ASIDE` are."""
    values = {**_key(key), "b_user_id": user_id, "b_body": body, "b_error": error, "b_now": now}
    attempts = int(connection.execute(_COUNT[connection.dialect.name], values).scalar_one())
    if attempts == ATTEMPTS and how_many(connection) > MOST_ASIDE:
        connection.execute(_TAKE_BACK, _key(key))
        return ATTEMPTS - 1
    return attempts


def fail_again(connection: Connection, key: UpdateKey, *, error: str, now: float) -> int | None:
    """One that was put aside has failed once more, and stays aside; returns how often by now. None: it was erased or
    dropped meanwhile."""
    attempts: int | None = connection.execute(
        _FAIL_AGAIN, {**_key(key), "b_error": error, "b_now": now}
    ).scalar_one_or_none()
    return attempts


def drop(connection: Connection, key: UpdateKey) -> bool:
    """It was handled after all, or nobody wants it handled. False: it is not there."""
    return connection.execute(_DROP, _key(key)).rowcount > 0


def drop_all(connection: Connection) -> int:
    """All that were put aside; returns how many."""
    return connection.execute(_DROP_ALL).rowcount


def latest(connection: Connection, *, most: int) -> list[UpdateKey]:
    """Those that have failed, the latest first, put aside or not."""
    return [(bot_id, update_id) for bot_id, update_id in connection.execute(_LATEST, {"most": most})]


def requeued(connection: Connection, *, now: float, most: int) -> list[UpdateKey]:
    """Those that are to be handled again and that nobody is at."""
    return [(bot_id, update_id) for bot_id, update_id in connection.execute(_REQUEUED, {"now": now, "most": most})]


def claim(connection: Connection, key: UpdateKey, *, until: float, now: float) -> str | None:
    """The body of one that is to be handled again, for one process: others see it again at `until`, if it is still
    there. None: it is another's."""
    body: str | None = connection.execute(_CLAIM, {**_key(key), "b_until": until, "b_now": now}).scalar_one_or_none()
    return body


def put_aside(connection: Connection, *, most: int) -> list[FailedUpdate]:
    """The latest first."""
    return [_failed(row) for row in connection.execute(_ASIDE, {"most": most})]


def how_many(connection: Connection) -> int:
    """How many were put aside."""
    return connection.execute(_HOW_MANY).scalar_one()


def find(connection: Connection, key: UpdateKey) -> tuple[FailedUpdate, str] | None:
    """One that was put aside, with its body."""
    row = connection.execute(_FIND, _key(key)).first()
    return None if row is None else (_failed(row), row[-1])


def requeue(connection: Connection, key: UpdateKey) -> bool:
    """Have it handled again. False: it is not there."""
    return connection.execute(_REQUEUE, _key(key)).rowcount > 0


def requeue_all(connection: Connection) -> int:
    """Have all handled again that were put aside; returns how many."""
    return connection.execute(_REQUEUE_ALL).rowcount


def forget(connection: Connection, *, before: float, counted_before: float) -> int:
    """Drop what failed last before then, and what was not put aside already before `counted_before`; returns how
    many."""
    return connection.execute(_FORGET, {"before": before, "counted_before": counted_before}).rowcount


def forget_person(connection: Connection, bot_ids: Sequence[int], user_id: int) -> None:
    """Erase what came to these bots from somebody, and of what was put aside also what is about somebody: all where the
    id stands, be it as another number."""
    connection.execute(_ERASE_SAID, {"bot_ids": list(bot_ids), "b_user_id": user_id})
    connection.execute(_ERASE_ABOUT, {"bot_ids": list(bot_ids), "b_digits": str(user_id)})


def _key(key: UpdateKey) -> dict[str, Any]:
    bot_id, update_id = key
    return {"b_bot_id": bot_id, "b_update_id": update_id}


def _failed(row: Sequence[Any]) -> FailedUpdate:
    bot_id, update_id, error, attempts, first_at, last_at, requeued_at = row[: len(_SHOWN)]
    return FailedUpdate(
        bot_id=bot_id,
        update_id=update_id,
        error=error,
        attempts=attempts,
        first_at=first_at,
        last_at=last_at,
        requeued_at=requeued_at,
    )
