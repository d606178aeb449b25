"""Transactions and statements, counted by whether they may change anything."""

from collections.abc import Mapping

import pytest
from sqlalchemy import Connection, select, text

from maskarad.db import users
from maskarad.db.engine import Database
from maskarad.db.metered import MeteredDatabase
from maskarad.db.prepared import Prepared
from maskarad.db.tables import users as user_rows
from maskarad.metrics import Metrics
from tests.support.counts import sample
from tests.support.people import ALICE

_NAMES = Prepared(select(user_rows.c.name))


def counted(metrics: Metrics) -> Mapping[str, tuple[float, float]]:
    """Statements and transactions."""
    names = ("maskarad_statements_total", "maskarad_transaction_seconds_count")
    return {
        access: (sample(metrics, names[0], access=access), sample(metrics, names[1], access=access))
        for access in ("read", "write")
    }


def fail(connection: Connection) -> None:
    connection.execute(text("SELECT 1"))
    raise LookupError("of the query itself")


async def test_each_statement_counts_once(database: Database) -> None:
    metrics = Metrics()
    metered = MeteredDatabase(database, metrics)
    await metered.read(lambda connection: _NAMES.all(connection, {}))
    await metered.read(lambda connection: [connection.execute(text("SELECT 1")) for _ in range(2)])
    assert counted(metrics) == {"read": (3, 2), "write": (0, 0)}
    await metered.write(lambda connection: users.remember(connection, ALICE, language="en", now=1.0))
    assert counted(metrics) == {"read": (3, 2), "write": (2, 1)}
    with pytest.raises(LookupError):
        await metered.write(fail)
    assert counted(metrics) == {"read": (3, 2), "write": (3, 2)}
