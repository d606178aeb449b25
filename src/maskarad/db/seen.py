"""Updates that are not messages are remembered by (bot, update id), so that the same one twice changes nothing."""

from sqlalchemy import Connection, bindparam, delete, insert, select
from sqlalchemy.exc import IntegrityError

from maskarad.db.prepared import Prepared, named_values
from maskarad.db.tables import seen_updates
from maskarad.errors import AlreadySeen

_ADD = Prepared(insert(seen_updates).values(named_values(seen_updates)))
_FIND = select(seen_updates.c.seen_at).where(
    seen_updates.c.bot_instance_id == bindparam("bot_id"), seen_updates.c.update_id == bindparam("update_id")
)
_FORGET = delete(seen_updates).where(seen_updates.c.seen_at < bindparam("before"))


def once(connection: Connection, bot_id: int, update_id: int, *, now: float) -> None:
    """To be called first in the transaction that acts on the update. Raises AlreadySeen."""
    try:
        _ADD.run(connection, {"bot_instance_id": bot_id, "update_id": update_id, "seen_at": now})
    except IntegrityError:
        raise AlreadySeen(f"update {update_id} was handled before") from None


def is_seen(connection: Connection, bot_id: int, update_id: int) -> bool:
    return connection.execute(_FIND, {"bot_id": bot_id, "update_id": update_id}).first() is not None


def forget(connection: Connection, *, before: float) -> int:
    """Drop what is older than Telegram keeps updates (24 hours); returns how many."""
    return connection.execute(_FORGET, {"before": before}).rowcount
