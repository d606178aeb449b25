"""Who polls for which bot: a lease is a row that hangs on its holder's (`processes.py`). Taking one is inserting it, so
no two processes can; nobody renews leases one by one, the holder's row says that it lives."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    Executable,
    bindparam,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from maskarad.db.served import IS_SERVED
from maskarad.db.tables import bot_instances, polling_leases, processes
from maskarad.errors import ClaimLost
from maskarad.values import MANAGER_BOT_ID, Value


class Standing(Value, frozen=True):
    """What a process holds. It has too many of those in `surplus`, and nobody is to poll for those in `unwanted`;
    `missing` are as many as it has too few of, and `taken` those that nobody held until now."""

    held: frozenset[int]
    surplus: frozenset[int]
    unwanted: frozenset[int]
    missing: int
    taken: int


_SHARERS = (
    select(
        processes.c.id,
        select(func.count()).select_from(bot_instances).where(IS_SERVED).scalar_subquery().label("bots"),
    )
    .where(processes.c.polls)
    .order_by(processes.c.started_at, processes.c.id)
)
_IS_WANTED = or_(
    polling_leases.c.bot_instance_id == literal_column(str(MANAGER_BOT_ID)),
    exists().where(bot_instances.c.id == polling_leases.c.bot_instance_id, IS_SERVED),
)
_MINE = select(polling_leases.c.bot_instance_id, _IS_WANTED.label("is_wanted")).where(
    polling_leases.c.holder == bindparam("holder")
)
_WANTED = union_all(
    select(literal_column(str(MANAGER_BOT_ID)).label("id")), select(bot_instances.c.id).where(IS_SERVED)
).subquery("wanted")
# In one order, so that of two who take the same ones neither waits for the other in a circle.
_FREE = (
    select(_WANTED.c.id, bindparam("holder"))
    .where(~exists().where(polling_leases.c.bot_instance_id == _WANTED.c.id))
    .order_by(_WANTED.c.id)
    .limit(bindparam("most"))
)


def _take(insert: Callable[..., postgresql.Insert | sqlite.Insert]) -> Executable:
    new = insert(polling_leases).from_select(["bot_instance_id", "holder"], _FREE)
    return new.on_conflict_do_nothing().returning(polling_leases.c.bot_instance_id)


_TAKE = {"sqlite": _take(sqlite.insert), "postgresql": _take(postgresql.insert)}
_IS_MINE = polling_leases.c.holder == bindparam("holder")
_RELEASE = delete(polling_leases).where(
    _IS_MINE, polling_leases.c.bot_instance_id.in_(bindparam("bot_ids", expanding=True))
)
_RELEASE_OTHERS = delete(polling_leases).where(
    _IS_MINE, polling_leases.c.bot_instance_id.not_in(bindparam("bot_ids", expanding=True))
)
_UNPOLLED_BOTS = (
    select(bot_instances.c.username)
    .where(IS_SERVED, ~exists().where(polling_leases.c.bot_instance_id == bot_instances.c.id))
    .order_by(bot_instances.c.username)
)
_MANAGER_LEASE = select(polling_leases.c.holder).where(
    polling_leases.c.bot_instance_id == literal_column(str(MANAGER_BOT_ID))
)


def settle(connection: Connection, holder: str) -> Standing:
    """Look at what the process holds and take what it lacks of its share, if there is any free. Shares differ by one at
    most; the longest at work have the larger ones, so that nothing moves between them when one joins. Raises ClaimLost
    when the process is not known (any more)."""
    sharers = connection.execute(_SHARERS).all()
    places: dict[str, int] = {row.id: place for place, row in enumerate(sharers)}
    if holder not in places:
        raise ClaimLost("this process was taken for dead")
    share = _share(places[holder], of=len(places), bots=sharers[0].bots + 1)
    mine = connection.execute(_MINE, {"holder": holder}).all()
    wanted = sorted(row.bot_instance_id for row in mine if row.is_wanted)
    taken = _take_free(connection, holder, share - len(wanted)) if len(wanted) < share else []
    return Standing(
        held=frozenset(wanted).union(taken),
        surplus=frozenset(wanted[share:]),
        unwanted=frozenset(row.bot_instance_id for row in mine if not row.is_wanted),
        missing=max(0, share - len(wanted) - len(taken)),
        taken=len(taken),
    )


def _share(place: int, *, of: int, bots: int) -> int:
    least, left_over = divmod(bots, of)
    return least + (place < left_over)


def _take_free(connection: Connection, holder: str, most: int) -> Sequence[int]:
    try:
        return connection.execute(_TAKE[connection.dialect.name], {"holder": holder, "most": most}).scalars().all()
    except IntegrityError:
        raise ClaimLost("this process was taken for dead") from None


def release(connection: Connection, holder: str, bot_ids: Collection[int]) -> None:
    connection.execute(_RELEASE, _of(holder, bot_ids))


def release_all_but(connection: Connection, holder: str, bot_ids: Collection[int]) -> None:
    connection.execute(_RELEASE_OTHERS, _of(holder, bot_ids))


def _of(holder: str, bot_ids: Collection[int]) -> dict[str, Any]:
    return {"holder": holder, "bot_ids": list(bot_ids)}


def unpolled(connection: Connection) -> tuple[bool, Sequence[str]]:
    """Whether nobody polls for the manager bot, and the usernames of working bots that nobody polls for."""
    manager = connection.execute(_MANAGER_LEASE).first() is None
    return manager, connection.execute(_UNPOLLED_BOTS).scalars().all()
