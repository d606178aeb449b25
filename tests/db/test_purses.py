"""Purses in rows: nothing is spent beyond a limit, however many ask at once, and sums are what was settled."""

import asyncio
from collections import Counter
from functools import partial
from random import Random

import pytest
from sqlalchemy import delete

from maskarad.db import purses
from maskarad.db.engine import Database
from maskarad.db.purses import NO_LIMIT, Bill, Most, Purse, Share, Spent
from maskarad.db.tables import purses as table
from maskarad.errors import PurseEmpty
from maskarad.purse.limits import Limits
from maskarad.settings import MOST_DOLLARS, MOST_MESSAGES, MOST_TOKENS, load
from maskarad.values import Scope
from tests.support import rows

DAY = 20_000
MONTH = 657
CALL = Spent(messages=1, tokens=700, money=150)


def shares(
    user: int = 1001,
    amount: Spent = CALL,
    *,
    user_most: Most = Most(),
    bot_most: Most = Most(),
    owner_most: Most = Most(),
) -> list[Share]:
    return [
        Share(purse=Purse(scope=Scope.OWNER, holder=1, period=MONTH), amount=amount, most=owner_most),
        Share(purse=Purse(scope=Scope.USER, holder=user, period=DAY), amount=amount, most=user_most),
        Share(purse=Purse(scope=Scope.BOT, holder=7, period=DAY), amount=amount, most=bot_most),
    ]


def _limited(scope: Scope, most: Most) -> list[Share]:
    mosts = {f"{each.value}_most": most if each is scope else Most() for each in (Scope.USER, Scope.BOT, Scope.OWNER)}
    return shares(1001, CALL, **mosts)


async def reserved(database: Database, asked: list[Share]) -> Scope | None:
    """None: it was; else whose purse is empty."""
    try:
        await database.write(partial(purses.reserve, shares=asked))
    except PurseEmpty as error:
        return error.purse.scope
    return None


async def spent(database: Database, scope: Scope, holder: int) -> Spent:
    period = MONTH if scope is Scope.OWNER else DAY
    return await database.read(lambda connection: purses.spent(connection, scope, holder, period))


async def test_a_call_is_taken_from_all_its_purses(database: Database) -> None:
    assert await reserved(database, shares()) is None
    assert await reserved(database, shares(user=1002)) is None
    assert await spent(database, Scope.USER, 1001) == CALL
    assert await spent(database, Scope.BOT, 7) == Spent(messages=2, tokens=1400, money=300)
    assert await spent(database, Scope.OWNER, 1) == Spent(messages=2, tokens=1400, money=300)
    assert await spent(database, Scope.OWNER, 2) == Spent()


@pytest.mark.parametrize(
    "most", [Most(messages=1), Most(tokens=1_399), Most(money=299)], ids=["messages", "tokens", "money"]
)
@pytest.mark.parametrize("scope", [Scope.USER, Scope.BOT, Scope.OWNER])
async def test_the_second_call_finds_the_purse_empty_and_takes_nothing(
    database: Database, scope: Scope, most: Most
) -> None:
    asked = _limited(scope, most)
    assert await reserved(database, asked) is None
    assert await reserved(database, asked) is scope
    for each, holder in ((Scope.USER, 1001), (Scope.BOT, 7), (Scope.OWNER, 1)):
        assert await spent(database, each, holder) == CALL


async def test_a_purse_may_be_spent_to_the_last(database: Database) -> None:
    exact = Most(messages=2, tokens=1400, money=300)
    asked = shares(user_most=exact, bot_most=exact, owner_most=exact)
    assert [await reserved(database, asked) for _ in range(3)] == [None, None, Scope.USER]


async def test_a_new_purse_has_its_limit_too(database: Database) -> None:
    assert await reserved(database, shares(bot_most=Most(money=149))) is Scope.BOT
    assert await reserved(database, shares(owner_most=Most(messages=0))) is Scope.OWNER
    assert await spent(database, Scope.USER, 1001) == Spent()


async def test_a_new_period_is_a_new_purse(database: Database) -> None:
    once = Most(messages=1)
    assert await reserved(database, shares(user_most=once)) is None
    tomorrow = [
        Share(purse=Purse(scope=each.purse.scope, holder=each.purse.holder, period=DAY + 1), amount=CALL, most=once)
        for each in shares()
    ]
    assert await reserved(database, tomorrow) is None


async def test_of_a_hundred_at_once_as_many_pass_as_there_is_room_for(database: Database) -> None:
    results = await asyncio.gather(
        *(reserved(database, shares(user=1000 + n % 10, bot_most=Most(messages=37))) for n in range(100))
    )
    assert Counter(results) == {None: 37, Scope.BOT: 63}
    assert await spent(database, Scope.BOT, 7) == Spent(messages=37, tokens=37 * 700, money=37 * 150)
    users = [await spent(database, Scope.USER, 1000 + n) for n in range(10)]
    assert sum(each.messages for each in users) == 37


async def test_sums_are_what_was_settled_though_calls_begin_and_end_all_at_once(database: Database) -> None:
    chance = Random(6)
    truths = [
        Spent(messages=chance.randint(0, 1), tokens=chance.randint(0, 900), money=chance.randint(0, 500))
        for _ in range(100)
    ]

    async def call(user: int, truth: Spent) -> None:
        await database.write(partial(purses.reserve, shares=shares(user)))
        await asyncio.sleep(0)
        difference = Spent(
            messages=truth.messages - CALL.messages, tokens=truth.tokens - CALL.tokens, money=truth.money - CALL.money
        )
        await database.write(partial(purses.pay, bill=Bill(differences=tuple(shares(user, difference)))))

    await asyncio.gather(*(call(1000 + n % 7, truth) for n, truth in enumerate(truths)))
    in_all = Spent(
        messages=sum(each.messages for each in truths),
        tokens=sum(each.tokens for each in truths),
        money=sum(each.money for each in truths),
    )
    assert await spent(database, Scope.BOT, 7) == in_all
    assert await spent(database, Scope.OWNER, 1) == in_all
    assert await database.read(lambda connection: purses.totals(connection, Scope.USER, DAY)) == in_all


async def test_a_settlement_may_go_beyond_a_limit_and_the_next_call_may_not(database: Database) -> None:
    asked = shares(bot_most=Most(money=200))
    assert await reserved(database, asked) is None
    dearer = Bill(differences=tuple(shares(amount=Spent(money=100))))
    await database.write(partial(purses.pay, bill=dearer))
    assert (await spent(database, Scope.BOT, 7)).money == 250
    assert await reserved(database, asked) is Scope.BOT


async def test_those_who_spent_most_come_first(database: Database) -> None:
    for user, money in ((1001, 5), (1002, 50), (1003, 20)):
        await reserved(database, shares(user, Spent(messages=1, tokens=1, money=money)))
    top = await database.read(lambda connection: purses.top(connection, Scope.USER, DAY, 2))
    assert [(holder, each.money) for holder, each in top] == [(1002, 50), (1003, 20)]
    assert await database.read(lambda connection: purses.totals(connection, Scope.USER, DAY)) == Spent(
        messages=3, tokens=3, money=75
    )
    assert await database.read(lambda connection: purses.totals(connection, Scope.USER, DAY - 1)) == Spent()


async def test_an_amount_too_large_to_add_up_is_no_limit(database: Database) -> None:
    assert await reserved(database, shares(bot_most=Most(tokens=NO_LIMIT))) is None


async def test_a_chat_and_an_owner_hear_of_a_purse_once(database: Database) -> None:
    link_id = await database.write(rows.link)
    today = Purse(scope=Scope.BOT, holder=7, period=DAY)
    tomorrow = Purse(scope=Scope.BOT, holder=7, period=DAY + 1)

    async def told(purse: Purse) -> tuple[bool, bool]:
        return await database.write(
            lambda c: (purses.tell_chat(c, link_id, purse, now=5.0), purses.tell_owner(c, purse, now=5.0))
        )

    assert [await told(today), await told(today), await told(tomorrow)] == [
        (True, True),
        (False, False),
        (True, True),
    ]
    assert await reserved(database, shares()) is None, "the owner's note made an empty row, no obstacle"
    assert await told(today) == (False, False)


async def test_purses_of_the_past_go(database: Database) -> None:
    await reserved(database, shares())
    assert await database.write(partial(purses.forget, before_day=DAY, before_month=MONTH)) == 0
    assert await database.write(partial(purses.forget, before_day=DAY + 1, before_month=MONTH)) == 2
    assert await spent(database, Scope.OWNER, 1) == CALL
    assert await database.write(partial(purses.forget, before_day=DAY + 1, before_month=MONTH + 1)) == 1


async def test_a_late_bill_brings_no_purse_back(database: Database) -> None:
    await reserved(database, shares())
    erase = delete(table).where(table.c.scope == Scope.USER.value)
    await database.write(lambda connection: connection.execute(erase).rowcount)
    late = Bill(differences=tuple(shares(amount=Spent(tokens=-100, money=-50))))
    await database.write(partial(purses.pay_late, bill=late))
    assert await database.read(lambda connection: purses.totals(connection, Scope.USER, DAY)) == Spent()
    assert await database.read(lambda connection: purses.top(connection, Scope.USER, DAY, 9)) == []
    assert await spent(database, Scope.BOT, 7) == Spent(messages=1, tokens=600, money=100)


async def test_the_largest_limits_that_can_be_set_are_counted(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind, largest in (("MESSAGES", MOST_MESSAGES), ("TOKENS", MOST_TOKENS), ("MONEY", MOST_DOLLARS)):
        monkeypatch.setenv(f"LIMIT_BOT_DAY_{kind}", str(largest))
    most = Limits.of(load(None)).bot
    assert await reserved(database, shares(bot_most=most)) is None
    assert await reserved(database, shares(bot_most=most)) is None
    assert await spent(database, Scope.BOT, 7) == Spent(messages=2, tokens=1_400, money=300)
