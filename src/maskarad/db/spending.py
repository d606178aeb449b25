"""What one person's purses have in them: what they were given by all bots, and what their own bots gave."""

from sqlalchemy import Connection, Select, bindparam, select, union_all

from maskarad.db.purses import Spent
from maskarad.db.tables import bot_instances, persona_configs, purses
from maskarad.values import Scope, Value


class Spending(Value, frozen=True):
    """`given` is what all bots gave this person today, `bots` what the own ones gave today, by bot, where anything was;
    `month` what they gave since the month began. By UTC, with what calls under way may yet cost."""

    given: Spent
    month: Spent
    bots: dict[int, Spent]


_OWN_BOTS = (
    select(bot_instances.c.id)
    .join(persona_configs, persona_configs.c.id == bot_instances.c.persona_config_id)
    .where(persona_configs.c.owner_id == bindparam("user_id"))
)


def _of(scope: Scope, period: str) -> Select[str, int, int, int, int]:
    return select(purses.c.scope, purses.c.holder, purses.c.messages, purses.c.tokens, purses.c.money).where(
        purses.c.scope == scope.value, purses.c.period == bindparam(period)
    )


_IS_PERSON = purses.c.holder == bindparam("user_id")
_SPENDING = union_all(
    _of(Scope.USER, "day").where(_IS_PERSON),
    _of(Scope.OWNER, "month").where(_IS_PERSON),
    _of(Scope.BOT, "day").where(purses.c.holder.in_(_OWN_BOTS)),
)


def of_person(connection: Connection, user_id: int, *, day: int, month: int) -> Spending:
    """In one statement. `day` and `month` are periods of purses."""
    found: dict[str, dict[int, Spent]] = {scope.value: {} for scope in Scope}
    rows = connection.execute(_SPENDING, {"user_id": user_id, "day": day, "month": month})
    for scope, holder, messages, tokens, money in rows:
        found[scope][holder] = Spent(messages=messages, tokens=tokens, money=money)
    return Spending(
        given=found[Scope.USER].get(user_id, Spent()),
        month=found[Scope.OWNER].get(user_id, Spent()),
        bots=found[Scope.BOT],
    )
