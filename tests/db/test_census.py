"""Who is near a limit."""

import pytest

from maskarad.db import census, purses
from maskarad.db.engine import Database
from maskarad.db.purses import Bill, Most, Purse, Share, Spent
from maskarad.values import Scope

PERIODS = dict.fromkeys(Scope, 20_000)


@pytest.mark.parametrize(
    ("limit", "spent", "is_near"), [(1, 0, False), (1, 1, True), (4, 3, False), (4, 4, True), (5, 4, True)]
)
async def test_whoever_has_used_four_fifths_is_near_a_limit_and_nobody_before(
    database: Database, limit: int, spent: int, is_near: bool
) -> None:
    shares = tuple(
        Share(purse=Purse(scope=scope, holder=1, period=PERIODS[scope]), amount=Spent(messages=spent, money=1))
        for scope in (Scope.USER, Scope.BOT, Scope.OWNER)
    )
    await database.write(lambda c: purses.pay(c, Bill(differences=shares)))
    near = await database.read(lambda c: census.near_limits(c, PERIODS, lambda _: Most(messages=limit)))
    assert near == (dict.fromkeys((Scope.USER, Scope.BOT, Scope.OWNER), 1) if is_near else {})
