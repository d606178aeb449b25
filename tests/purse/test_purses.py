"""How a call is paid: what is reserved, what is settled, what is given back, from which purses."""

from typing import Any

import pytest

from maskarad.db import purses
from maskarad.db.engine import Database
from maskarad.db.purses import Bill, Most, Spent
from maskarad.errors import DatabaseUnavailable, ModelError, PurseEmpty
from maskarad.metrics import Metrics
from maskarad.purse.limits import period_of
from maskarad.purse.purses import Purses
from maskarad.values import Completion, Purpose, Scope, Taken
from tests.support.bots import a_bot
from tests.support.clock import FakeClock
from tests.support.purses import purses_of, request

BOT = a_bot(owner_id=9)
PROMPT = 2 + 4
"""Tokens of "hello", and of the message it stands in."""
RESERVED = Spent(messages=1, tokens=PROMPT + 100, money=PROMPT + 2 * 100)


def completion(text: str = "hi", *, model: str = "m", **told: Any) -> Completion:
    usage = {"prompt_tokens": 10, "completion_tokens": 5, **told}
    return Completion(text=text, model=model, latency=0.1, **usage)


class Ledger:
    def __init__(self, database: Database, clock: FakeClock) -> None:
        self._database = database
        self._clock = clock

    async def of(self, scope: Scope, holder: int) -> Spent:
        period = period_of(scope, self._clock())
        return await self._database.read(lambda connection: purses.spent(connection, scope, holder, period))


@pytest.fixture
def ledger(database: Database, clock: FakeClock) -> Ledger:
    return Ledger(database, clock)


@pytest.fixture
def paying(database: Database, clock: FakeClock) -> Purses:
    return purses_of(database, clock)


async def test_before_a_call_stands_what_it_may_cost_and_after_it_what_it_did(paying: Purses, ledger: Ledger) -> None:
    reservation = await paying.reserve(BOT, Purpose.TURN, request(), user_id=5)
    holders = ((Scope.USER, 5), (Scope.BOT, 1), (Scope.OWNER, 9))
    assert [await ledger.of(*each) for each in holders] == [RESERVED] * 3
    await paying.pay(paying.bill(reservation, completion()))
    assert [await ledger.of(*each) for each in holders] == [Spent(messages=1, tokens=15, money=20)] * 3


async def test_an_answer_that_says_nothing_is_no_message(paying: Purses, ledger: Ledger) -> None:
    reservation = await paying.reserve(BOT, Purpose.TURN, request(), user_id=5)
    await paying.pay(paying.bill(reservation, completion(), counts=False))
    assert await ledger.of(Scope.USER, 5) == Spent(messages=0, tokens=15, money=20)


async def test_what_failed_is_given_back(paying: Purses, ledger: Ledger) -> None:
    reservation = await paying.reserve(BOT, Purpose.TURN, request(), user_id=5)
    await paying.pay(paying.bill_failure(reservation, ModelError("unavailable")))
    assert await ledger.of(Scope.USER, 5) == await ledger.of(Scope.OWNER, 9) == Spent()


async def test_of_a_call_that_failed_what_its_tries_took_is_kept(paying: Purses, ledger: Ledger) -> None:
    reservation = await paying.reserve(BOT, Purpose.TURN, request(), user_id=5)
    told, untold = Taken(model="m", prompt_tokens=10, completion_tokens=5), Taken(model="m", completion_tokens=3)
    dear = Taken(model="m", prompt_tokens=10, completion_tokens=5, cost=0.25)
    await paying.pay(paying.bill_failure(reservation, ModelError("empty", taken=(told, untold, dear))))
    kept = Spent(tokens=15 + PROMPT + 3 + 15, money=20 + PROMPT + 2 * 3 + 250_000)
    assert [await ledger.of(*each) for each in ((Scope.USER, 5), (Scope.BOT, 1), (Scope.OWNER, 9))] == [kept] * 3


async def test_tries_before_an_answer_are_paid_with_it(paying: Purses, ledger: Ledger) -> None:
    reservation = await paying.reserve(BOT, Purpose.TURN, request(), user_id=5)
    in_vain = (Taken(model="m", prompt_tokens=10, completion_tokens=100),)
    await paying.pay(paying.bill(reservation, completion(in_vain=in_vain)))
    assert await ledger.of(Scope.USER, 5) == Spent(messages=1, tokens=110 + 15, money=210 + 20)


async def test_what_the_server_does_not_tell_is_estimated(paying: Purses, ledger: Ledger) -> None:
    reservation = await paying.reserve(BOT, Purpose.TURN, request(), user_id=5)
    mute = completion("12345678901234567890", prompt_tokens=0, completion_tokens=0)
    await paying.pay(paying.bill(reservation, mute))
    assert await ledger.of(Scope.BOT, 1) == Spent(messages=1, tokens=PROMPT + 6, money=PROMPT + 2 * 6)


async def test_what_the_provider_took_is_what_it_cost(paying: Purses, ledger: Ledger) -> None:
    reservation = await paying.reserve(BOT, Purpose.TURN, request(), user_id=5)
    await paying.pay(paying.bill(reservation, completion(cost=0.0000031)))
    assert (await ledger.of(Scope.BOT, 1)).money == 4


@pytest.mark.parametrize(
    ("purpose", "scope"), [(Purpose.SPONTANEOUS, Scope.SPONTANEOUS), (Purpose.SUMMARY, Scope.SUMMARY)]
)
async def test_what_nobody_asked_for_has_a_purse_of_its_own_and_is_no_answer(
    paying: Purses, ledger: Ledger, purpose: Purpose, scope: Scope
) -> None:
    reservation = await paying.reserve(BOT, purpose, request(), user_id=5)
    await paying.pay(paying.bill(reservation, completion()))
    assert await ledger.of(Scope.USER, 5) == Spent()
    assert await ledger.of(scope, 1) == Spent(messages=1, tokens=15, money=20)
    assert await ledger.of(Scope.BOT, 1) == await ledger.of(Scope.OWNER, 9) == Spent(tokens=15, money=20)


async def test_a_call_over_midnight_is_settled_where_it_was_reserved(
    paying: Purses, ledger: Ledger, clock: FakeClock
) -> None:
    reservation = await paying.reserve(BOT, Purpose.TURN, request(), user_id=5)
    clock.advance(86_400)
    await paying.pay(paying.bill(reservation, completion()))
    assert await ledger.of(Scope.USER, 5) == Spent()
    clock.advance(-86_400)
    assert await ledger.of(Scope.USER, 5) == Spent(messages=1, tokens=15, money=20)


async def test_an_empty_purse_is_named_and_counted(database: Database, clock: FakeClock, ledger: Ledger) -> None:
    metrics = Metrics()
    paying = purses_of(database, clock, metrics, bot=Most(money=RESERVED.money))
    await paying.reserve(BOT, Purpose.TURN, request(), user_id=5)
    with pytest.raises(PurseEmpty) as caught:
        await paying.reserve(BOT, Purpose.TURN, request(), user_id=6)
    assert (caught.value.purse.scope, caught.value.purse.holder) == (Scope.BOT, 1)
    assert await ledger.of(Scope.USER, 6) == Spent()
    assert b'maskarad_limits_reached_total{scope="bot"} 1.0' in metrics.exposition()


async def test_dollars_are_counted(database: Database, clock: FakeClock) -> None:
    metrics = Metrics()
    paying = purses_of(database, clock, metrics)
    paying.bill(await paying.reserve(BOT, Purpose.TURN, request(), user_id=5), completion(cost=0.25))
    assert b"maskarad_model_dollars_total 0.25" in metrics.exposition()


async def test_with_the_database_away_what_was_reserved_stays_spent(clock: FakeClock) -> None:
    class Away:
        tries = 0

        async def write(self, _query: object) -> None:
            self.tries += 1
            raise DatabaseUnavailable("away")

    away = Away()
    await purses_of(away, clock).pay(Bill(differences=()))  # type: ignore[arg-type]  # as much of one as is needed
    assert away.tries == 1
