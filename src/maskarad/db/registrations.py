"""What Telegram was told of each bot's webhook, so that of many processes one tells it.

Until `due_at` whoever registers it has it to itself; once that is done, it is the time at which somebody is to look
whether it is still so. A fingerprint says what was registered (`telegram/webhooks.py`). A bot that was removed keeps
its row until its webhook is deleted; only who still knows its token can do that.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    Executable,
    and_,
    bindparam,
    delete,
    exists,
    false,
    literal_column,
    not_,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from maskarad.db.tables import bot_instances
from maskarad.db.tables import webhook_registrations as registrations
from maskarad.values import MANAGER_BOT_ID

_KNOWN = select(registrations.c.bot_instance_id, registrations.c.fingerprint)


def _claim(insert: Callable[..., postgresql.Insert | sqlite.Insert]) -> Executable:
    new = insert(registrations).values(
        bot_instance_id=bindparam("bot_id"),
        fingerprint=bindparam("fingerprint"),
        done=false(),
        due_at=bindparam("until"),
    )
    is_abandoned = and_(not_(registrations.c.done), registrations.c.due_at <= bindparam("now"))
    return new.on_conflict_do_update(
        index_elements=[registrations.c.bot_instance_id],
        set_={"fingerprint": new.excluded.fingerprint, "done": new.excluded.done, "due_at": new.excluded.due_at},
        where=or_(registrations.c.fingerprint != new.excluded.fingerprint, is_abandoned),
    ).returning(registrations.c.bot_instance_id)


_CLAIM = {"sqlite": _claim(sqlite.insert), "postgresql": _claim(postgresql.insert)}
_IS_IT = and_(
    registrations.c.bot_instance_id == bindparam("b_id"), registrations.c.fingerprint == bindparam("b_fingerprint")
)
_POSTPONE = update(registrations).where(_IS_IT, not_(registrations.c.done)).values(due_at=bindparam("b_until"))
_DONE = update(registrations).where(_IS_IT).values(done=true(), due_at=bindparam("b_until"))
_LEAVE = (
    update(registrations)
    .where(
        registrations.c.bot_instance_id == bindparam("b_id"),
        or_(
            registrations.c.fingerprint != bindparam("b_fingerprint"),
            registrations.c.due_at <= bindparam("b_now"),
        ),
    )
    .values(fingerprint=bindparam("b_fingerprint"), done=false(), due_at=bindparam("b_until"))
)
_FIND = select(registrations.c.bot_instance_id).where(registrations.c.bot_instance_id == bindparam("b_id"))
_DROP = delete(registrations).where(_IS_IT)
_IS_PRESENT = or_(
    registrations.c.bot_instance_id == literal_column(str(MANAGER_BOT_ID)),
    exists().where(bot_instances.c.id == registrations.c.bot_instance_id),
)
_FORGET_GONE = delete(registrations).where(registrations.c.due_at <= bindparam("before"), not_(_IS_PRESENT))
_DROP_ALL = delete(registrations)
_DUE_IDS = (
    select(registrations.c.bot_instance_id)
    .where(registrations.c.due_at <= bindparam("b_now"), _IS_PRESENT)
    .order_by(registrations.c.due_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_DUE = (
    update(registrations)
    .where(registrations.c.bot_instance_id.in_(_DUE_IDS))
    .values(done=false(), due_at=bindparam("b_until"))
    .returning(registrations.c.bot_instance_id, registrations.c.fingerprint)
)


def known(connection: Connection) -> dict[int, str]:
    """Fingerprints of what is registered, or is being so, by bot."""
    return {row.bot_instance_id: row.fingerprint for row in connection.execute(_KNOWN)}


def claim(connection: Connection, bot_id: int, fingerprint: str, *, now: float, until: float) -> bool:
    """True: the caller is to register it. False: it is registered, or somebody is at it."""
    values = {"bot_id": bot_id, "fingerprint": fingerprint, "now": now, "until": until}
    return connection.execute(_CLAIM[connection.dialect.name], values).first() is not None


def postpone(connection: Connection, bot_id: int, fingerprint: str, *, until: float) -> None:
    """Keep others off what is not done yet for longer."""
    connection.execute(_POSTPONE, _values(bot_id, fingerprint, until))


def done(connection: Connection, bot_id: int, fingerprint: str, *, until: float) -> None:
    """Telegram has it so; to be looked at again at `until`."""
    connection.execute(_DONE, _values(bot_id, fingerprint, until))


def leave(connection: Connection, bot_id: int, fingerprint: str, *, now: float, until: float) -> bool | None:
    """True: the caller is to delete its webhook. False: another is at it. None: it is deleted."""
    values = {**_values(bot_id, fingerprint, until), "b_now": now}
    if connection.execute(_LEAVE, values).rowcount == 1:
        return True
    return None if connection.execute(_FIND, {"b_id": bot_id}).first() is None else False


def drop(connection: Connection, bot_id: int, fingerprint: str) -> None:
    connection.execute(_DROP, {"b_id": bot_id, "b_fingerprint": fingerprint})


def forget_gone(connection: Connection, *, before: float) -> None:
    """Rows of bots that were removed and that nobody has seen to since then: whoever knew the token is gone."""
    connection.execute(_FORGET_GONE, {"before": before})


def drop_all(connection: Connection) -> None:
    connection.execute(_DROP_ALL)


def take_due(connection: Connection, *, now: float, until: float, most: int) -> Sequence[tuple[int, str]]:
    """Bots (not those that were removed) and fingerprints that somebody is to see to; until then they are the caller's
    alone."""
    rows = connection.execute(_DUE, {"b_now": now, "b_until": until, "most": most})
    return [(row.bot_instance_id, row.fingerprint) for row in rows]


def _values(bot_id: int, fingerprint: str, until: float) -> dict[str, Any]:
    return {"b_id": bot_id, "b_fingerprint": fingerprint, "b_until": until}
