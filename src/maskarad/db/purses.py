"""Purses: what was spent in one period, and what calls under way may yet cost.

A reservation is one statement that takes from all purses of a call or, when one of them has too little left, from none.
Rows are always taken in the order of `Scope`, so that two calls never wait for each other in a circle. The reasons are
in docs/decisions/purses.md.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Connection, Double, Executable, Text, bindparam, case, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from maskarad.db import usage as usages
from maskarad.db.prepared import Prepared
from maskarad.db.tables import limit_notices, purses
from maskarad.errors import PurseEmpty
from maskarad.values import Scope, Usage, Value

ORDER = tuple(Scope)
NO_LIMIT = 2**62
SHARES = 3
"""Purses that one call is paid from."""


class Spent(Value, frozen=True):
    """`money` is millionths of a dollar."""

    messages: int = 0
    tokens: int = 0
    money: int = 0


class Most(Value, frozen=True):
    """What may be spent of a purse in its period; money as in `Spent`."""

    messages: int = NO_LIMIT
    tokens: int = NO_LIMIT
    money: int = NO_LIMIT


class Purse(Value, frozen=True):
    """`period`: whole days since January 1st 1970 UTC; of an owner whole months."""

    scope: Scope
    holder: int
    period: int


class Share(Value, frozen=True):
    """What one purse is to give; negative amounts are given back."""

    purse: Purse
    amount: Spent
    most: Most = Most()


class Bill(Value, frozen=True):
    """What is left to write when a call has ended: by how much the truth differs from what was reserved, and the usage;
    none where nothing came of the call."""

    differences: tuple[Share, ...]
    usage: Usage | None = None


_AMOUNTS = ("messages", "tokens", "money")


def _row(number: int) -> dict[str, Any]:
    return {column.name: bindparam(f"{column.name}_{number}", type_=column.type) for column in purses.c}


def _reserve(insert: Callable[..., postgresql.Insert | sqlite.Insert]) -> Prepared:
    new = insert(purses).values([_row(number) for number in range(SHARES)])
    sums = {name: purses.c[name] + new.excluded[name] for name in _AMOUNTS}

    def most(name: str) -> Any:
        of_scope = [
            (new.excluded.scope == bindparam(f"scope_{n}", type_=Text), bindparam(f"most_{name}_{n}", type_=BigInteger))
            for n in range(SHARES)
        ]
        return case(*of_scope)

    upserted = new.on_conflict_do_update(
        index_elements=list(purses.primary_key),
        set_=sums,
        where=(sums["messages"] <= most("messages"))
        & (sums["tokens"] <= most("tokens"))
        & (sums["money"] <= most("money")),
    )
    return Prepared(upserted.returning(purses.c.scope))


_RESERVE = {"sqlite": _reserve(sqlite.insert), "postgresql": _reserve(postgresql.insert)}
_IS_PURSE = (
    purses.c.scope == bindparam("b_scope"),
    purses.c.holder == bindparam("b_holder"),
    purses.c.period == bindparam("b_period"),
)
_ADD = update(purses).where(*_IS_PURSE).values({name: purses.c[name] + bindparam(f"b_{name}") for name in _AMOUNTS})
_SPENT = select(purses.c.messages, purses.c.tokens, purses.c.money).where(
    purses.c.scope == bindparam("scope"), purses.c.holder == bindparam("holder"), purses.c.period == bindparam("period")
)
_TOTALS = select(*(func.coalesce(func.sum(purses.c[name]), 0) for name in _AMOUNTS)).where(
    purses.c.scope == bindparam("scope"), purses.c.period == bindparam("period")
)
_TOP = (
    select(purses.c.holder, purses.c.messages, purses.c.tokens, purses.c.money)
    .where(purses.c.scope == bindparam("scope"), purses.c.period == bindparam("period"))
    .order_by(purses.c.money.desc(), purses.c.tokens.desc(), purses.c.holder)
    .limit(bindparam("most"))
)
_OF_SCOPE = purses.c.scope == bindparam("scope")
_FIRST = select(func.min(purses.c.period)).where(_OF_SCOPE).scalar_subquery()
_FORGET = delete(purses).where(_OF_SCOPE, purses.c.period == _FIRST, purses.c.period < bindparam("before"))
_FORGET_NOTICES = delete(limit_notices).where(limit_notices.c.told_at < bindparam("before", type_=Double))


def _tell_chat(insert: Callable[..., postgresql.Insert | sqlite.Insert]) -> Executable:
    new = insert(limit_notices).values({column.name: bindparam(column.name) for column in limit_notices.c})
    return new.on_conflict_do_nothing()


def _tell_owner(insert: Callable[..., postgresql.Insert | sqlite.Insert]) -> Executable:
    """A purse that is too small for a single call has no row yet."""
    new = insert(purses).values(
        **{name: bindparam(name) for name in ("scope", "holder", "period", "owner_told_at")},
        **dict.fromkeys(_AMOUNTS, 0),
    )
    return new.on_conflict_do_update(
        index_elements=list(purses.primary_key),
        set_={"owner_told_at": new.excluded.owner_told_at},
        where=purses.c.owner_told_at.is_(None),
    ).returning(purses.c.scope)


_TELL_CHAT = {"sqlite": _tell_chat(sqlite.insert), "postgresql": _tell_chat(postgresql.insert)}
_TELL_OWNER = {"sqlite": _tell_owner(sqlite.insert), "postgresql": _tell_owner(postgresql.insert)}


def reserve(connection: Connection, shares: Sequence[Share]) -> None:
    """Take from all these purses, or from none. Raises PurseEmpty, which has to roll the transaction back."""
    ordered = _in_order(shares)
    for share in ordered:
        if not _is_within(share.amount, share.most):
            raise PurseEmpty(share.purse)
    taken = {scope for (scope,) in _RESERVE[connection.dialect.name].all(connection, _values(ordered))}
    for share in ordered:
        if share.purse.scope not in taken:
            raise PurseEmpty(share.purse)


def pay(connection: Connection, bill: Bill) -> None:
    """Settle a reservation, whatever the limits, and keep the usage. Twice is twice: whoever calls it makes sure."""
    if bill.usage is not None:
        usages.add(connection, bill.usage)
    if bill.differences:
        unbounded = [Share(purse=each.purse, amount=each.amount) for each in bill.differences]
        _RESERVE[connection.dialect.name].all(connection, _values(_in_order(unbounded)))


def pay_late(connection: Connection, bill: Bill) -> None:
    """As `pay`, where no claim holds any more that what was there is there still: no purse that was erased meanwhile is
    brought back, and the usage is nobody's."""
    if bill.usage is not None:
        usages.add(connection, msgspec.structs.replace(bill.usage, user_id=0))
    for share in _in_order(bill.differences):
        values = {**_key(share.purse), **msgspec.structs.asdict(share.amount)}
        connection.execute(_ADD, {f"b_{name}": value for name, value in values.items()})


def spent(connection: Connection, scope: Scope, holder: int, period: int) -> Spent:
    """With what calls under way may yet cost."""
    row = connection.execute(_SPENT, {"scope": scope.value, "holder": holder, "period": period}).first()
    return Spent() if row is None else Spent(messages=row[0], tokens=row[1], money=row[2])


def totals(connection: Connection, scope: Scope, period: int) -> Spent:
    """Of all purses of that scope together."""
    row = connection.execute(_TOTALS, {"scope": scope.value, "period": period}).one()
    return Spent(messages=int(row[0]), tokens=int(row[1]), money=int(row[2]))


def top(connection: Connection, scope: Scope, period: int, most: int) -> list[tuple[int, Spent]]:
    """Holders, those who spent the most money first."""
    rows = connection.execute(_TOP, {"scope": scope.value, "period": period, "most": most})
    return [(row[0], Spent(messages=row[1], tokens=row[2], money=row[3])) for row in rows]


def tell_chat(connection: Connection, link_id: int, purse: Purse, *, now: float) -> bool:
    """Note that a chat is told that this purse is empty; False when it was told already."""
    values = {"chat_bot_instance_id": link_id, **_key(purse), "told_at": now}
    return connection.execute(_TELL_CHAT[connection.dialect.name], values).rowcount == 1


def tell_owner(connection: Connection, purse: Purse, *, now: float) -> bool:
    """Note that a bot's owner is told that this purse is empty; False when it is noted already."""
    values = {**_key(purse), "owner_told_at": now}
    return connection.execute(_TELL_OWNER[connection.dialect.name], values).first() is not None


def forget(connection: Connection, *, before_day: int, before_month: int) -> int:
    """Drop the purses of the first day, and of the first month, of each scope that are before these; returns how many.
    One day at a time is enough where one a day is added."""
    before = {scope: before_month if scope is Scope.OWNER else before_day for scope in Scope}
    values = [{"scope": scope.value, "before": period} for scope, period in before.items()]
    return sum(connection.execute(_FORGET, each).rowcount for each in values)


def forget_notices(connection: Connection, *, before: float) -> int:
    return connection.execute(_FORGET_NOTICES, {"before": before}).rowcount


def _in_order(shares: Sequence[Share]) -> list[Share]:
    return sorted(shares, key=lambda share: ORDER.index(share.purse.scope))


def _is_within(amount: Spent, most: Most) -> bool:
    return amount.messages <= most.messages and amount.tokens <= most.tokens and amount.money <= most.money


def _key(purse: Purse) -> Mapping[str, object]:
    return {"scope": purse.scope.value, "holder": purse.holder, "period": purse.period}


def _values(shares: Sequence[Share]) -> dict[str, object]:
    assert len(shares) == SHARES
    values: dict[str, object] = {}
    for number, share in enumerate(shares):
        values |= {f"{name}_{number}": value for name, value in _key(share.purse).items()}
        for name in _AMOUNTS:
            values[f"{name}_{number}"] = getattr(share.amount, name)
            values[f"most_{name}_{number}"] = getattr(share.most, name)
        values[f"owner_told_at_{number}"] = None
    return values
