"""Where a person stands in a wizard: a row keyed by (bot, user), so that any process goes on with it after any restart.

The state is JSON that only `manager/` understands.
"""

from collections.abc import Callable

from sqlalchemy import Connection, Executable, bindparam, delete, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from maskarad.db.tables import wizard_states

_KEY = (
    wizard_states.c.bot_instance_id == bindparam("bot_id"),
    wizard_states.c.user_id == bindparam("user_id"),
)
_LOAD = select(wizard_states.c.state).where(*_KEY)
_LOAD_FOR_CHANGE = _LOAD.with_for_update()
_CLEAR = delete(wizard_states).where(*_KEY)
_OLD = (
    select(wizard_states.c.bot_instance_id, wizard_states.c.user_id)
    .where(wizard_states.c.changed_at < bindparam("before"))
    .limit(bindparam("most"))
)
_FORGET = delete(wizard_states).where(tuple_(wizard_states.c.bot_instance_id, wizard_states.c.user_id).in_(_OLD))


def _save(insert: Callable[..., postgresql.Insert | sqlite.Insert]) -> Executable:
    new = insert(wizard_states).values(
        bot_instance_id=bindparam("bot_id"),
        user_id=bindparam("user_id"),
        state=bindparam("state"),
        changed_at=bindparam("now"),
    )
    return new.on_conflict_do_update(
        index_elements=[wizard_states.c.bot_instance_id, wizard_states.c.user_id],
        set_={"state": new.excluded.state, "changed_at": new.excluded.changed_at},
    )


_SAVE = {"sqlite": _save(sqlite.insert), "postgresql": _save(postgresql.insert)}


def load(connection: Connection, bot_id: int, user_id: int) -> str | None:
    return connection.execute(_LOAD, {"bot_id": bot_id, "user_id": user_id}).scalar_one_or_none()


def load_for_change(connection: Connection, bot_id: int, user_id: int) -> str | None:
    """As `load`; PostgreSQL keeps others off the row until the transaction ends (SQLite writes one by one)."""
    return connection.execute(_LOAD_FOR_CHANGE, {"bot_id": bot_id, "user_id": user_id}).scalar_one_or_none()


def save(connection: Connection, bot_id: int, user_id: int, state: str, *, now: float) -> None:
    values = {"bot_id": bot_id, "user_id": user_id, "state": state, "now": now}
    connection.execute(_SAVE[connection.dialect.name], values)


def clear(connection: Connection, bot_id: int, user_id: int) -> None:
    connection.execute(_CLEAR, {"bot_id": bot_id, "user_id": user_id})


def forget(connection: Connection, *, before: float, most: int) -> int:
    """Drop at most so many wizards that nobody has touched since then; returns how many."""
    return connection.execute(_FORGET, {"before": before, "most": most}).rowcount
