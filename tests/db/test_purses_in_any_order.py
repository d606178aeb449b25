"""Reservations and settlements in any order, against a model of a few lines: no purse goes beyond its limit by a
reservation, what was refused leaves no trace, and sums are what was settled."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, create_engine

from maskarad.db import purses
from maskarad.db.purses import Bill, Most, Purse, Share, Spent
from maskarad.db.tables import metadata
from maskarad.db.tables import purses as table
from maskarad.errors import PurseEmpty
from maskarad.values import Scope

amounts = st.builds(Spent, messages=st.integers(0, 2), tokens=st.integers(0, 50), money=st.integers(0, 50))
limits = st.builds(Most, messages=st.integers(0, 6), tokens=st.integers(0, 150), money=st.integers(0, 150))
calls = st.lists(
    st.tuples(st.integers(1, 3), st.integers(1, 2), amounts, amounts, st.booleans()), min_size=1, max_size=12
)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    made = create_engine("sqlite://")
    metadata.create_all(made)
    yield made
    made.dispose()


def plus(left: Spent, right: Spent) -> Spent:
    return Spent(
        messages=left.messages + right.messages, tokens=left.tokens + right.tokens, money=left.money + right.money
    )


def minus(left: Spent, right: Spent) -> Spent:
    return plus(left, Spent(messages=-right.messages, tokens=-right.tokens, money=-right.money))


def is_within(spent: Spent, most: Most) -> bool:
    return spent.messages <= most.messages and spent.tokens <= most.tokens and spent.money <= most.money


@given(most=st.fixed_dictionaries(dict.fromkeys((Scope.USER, Scope.BOT, Scope.OWNER), limits)), asked=calls)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order(engine: Engine, most: dict[Scope, Most], asked: list[tuple[int, int, Spent, Spent, bool]]) -> None:
    model: dict[Purse, Spent] = {}
    with engine.begin() as connection:
        connection.execute(table.delete())
        for user, bot, estimate, truth, ends in asked:
            held = [
                Purse(scope=scope, holder=holder, period=1)
                for scope, holder in ((Scope.USER, user), (Scope.BOT, bot), (Scope.OWNER, 9))
            ]
            shares = [Share(purse=purse, amount=estimate, most=most[purse.scope]) for purse in held]
            sums = {purse: plus(model.get(purse, Spent()), estimate) for purse in held}
            empty = [purse.scope for purse in held if not is_within(sums[purse], most[purse.scope])]
            scope = refused(connection, shares)
            assert scope in empty if empty else scope is None
            if empty:
                continue
            for purse in held:
                model[purse] = plus(model.get(purse, Spent()), truth if ends else estimate)
            if ends:
                differences = tuple(Share(purse=purse, amount=minus(truth, estimate)) for purse in held)
                purses.pay(connection, Bill(differences=differences))
        assert stored(connection) == model


def refused(connection: Connection, shares: list[Share]) -> Scope | None:
    try:
        with connection.begin_nested():
            purses.reserve(connection, shares)
    except PurseEmpty as error:
        return error.purse.scope
    return None


def stored(connection: Connection) -> dict[Purse, Spent]:
    return {
        Purse(scope=Scope(row.scope), holder=row.holder, period=row.period): Spent(
            messages=row.messages, tokens=row.tokens, money=row.money
        )
        for row in connection.execute(table.select())
    }
