"""How many bots are in which state, how many people are stopped, and who is near a limit: operators' first glance."""

import math
from collections.abc import Callable, Mapping

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, not_, or_, select

from maskarad.db.purses import Most
from maskarad.db.served import IS_SERVED
from maskarad.db.tables import bot_instances, purses, users
from maskarad.values import BotState, Scope, Value


class Census(Value, frozen=True):
    """Each bot is counted once, under the first of these that it is: stopped, invalid, resting, working. Of the stopped
    ones `stopped_alone` are not so with their owners."""

    stopped: int
    stopped_alone: int
    invalid: int
    resting: int
    working: int
    stopped_users: int


_IS_STOPPED = bot_instances.c.stopped_at.is_not(None)
_IS_INVALID = bot_instances.c.state == BotState.INVALID.value
_STOPPED_USERS = select(func.count()).select_from(users).where(users.c.stopped_at.is_not(None))
_CENSUS = select(
    func.count().filter(_IS_STOPPED).label("stopped"),
    func.count().filter(and_(_IS_STOPPED, not_(bot_instances.c.stopped_with_owner))).label("stopped_alone"),
    func.count().filter(and_(not_(_IS_STOPPED), _IS_INVALID)).label("invalid"),
    func.count().filter(and_(not_(_IS_STOPPED), not_(_IS_INVALID), not_(bot_instances.c.enabled))).label("resting"),
    func.count().filter(IS_SERVED).label("working"),
    _STOPPED_USERS.scalar_subquery().label("stopped_users"),
).select_from(bot_instances)


NEAR = 0.8
"""Of a limit: whoever has used as much is near it."""

_SCOPES = (Scope.USER, Scope.BOT, Scope.OWNER)


def _is_near(scope: Scope) -> ColumnElement[bool]:
    used = (purses.c[name] >= bindparam(f"{scope.value}_{name}") for name in ("messages", "tokens", "money"))
    return and_(purses.c.scope == scope.value, purses.c.period == bindparam(f"{scope.value}_period"), or_(*used))


_NEAR = (
    select(purses.c.scope, func.count()).where(or_(*(_is_near(scope) for scope in _SCOPES))).group_by(purses.c.scope)
)


def near_limits(
    connection: Connection, periods: Mapping[Scope, int], most: Callable[[Scope], Most]
) -> Mapping[Scope, int]:
    """How many people, bots and owners have used `NEAR` of what they may."""
    values: dict[str, int] = {}
    for scope in _SCOPES:
        limits = most(scope)
        values[f"{scope.value}_period"] = periods[scope]
        values |= {
            f"{scope.value}_{name}": math.ceil(NEAR * getattr(limits, name)) for name in ("messages", "tokens", "money")
        }
    return {Scope(scope): count for scope, count in connection.execute(_NEAR, values)}


def count(connection: Connection) -> Census:
    return Census(**connection.execute(_CENSUS).one()._mapping)
