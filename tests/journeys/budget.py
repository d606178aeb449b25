"""What the way of a message, or a press, costs of the database."""

from collections.abc import Iterator
from contextlib import contextmanager

from maskarad.app import Platform
from maskarad.db import (
    Connection,
    alerts,
    backlog,
    bots,
    failed_updates,
    learning,
    personal,
    personas,
    prices,
    processes,
    stirring,
    stops,
    summaries,
    turns,
    unweighed,
    watching,
)
from maskarad.db.engine import Database
from maskarad.values import Claim, Price
from tests.support.plans.errands import ERRANDS
from tests.support.statements import counted
from tests.support.transactions import Transactions, recorded


class Budget:
    """`background`: the statements of the platform's looks every two seconds, which are left out."""

    def __init__(self, seen: Transactions, background: frozenset[str]) -> None:
        self.seen = seen
        self._background = background

    @property
    def transactions(self) -> list[list[str]]:
        own = ([said for said in each if said not in self._background] for each in self.seen.committed)
        return [each for each in own if each]

    @property
    def statements(self) -> list[str]:
        return [said for each in self.transactions for said in each]

    @property
    def writing(self) -> list[list[str]]:
        """The first word of each statement, by transaction, where anything was changed."""
        words = [[said.split()[0] for said in each] for each in self.transactions]
        return [each for each in words if not set(each) <= {"SELECT", "WITH"}]


@contextmanager
def budget(platform: Platform, background: frozenset[str]) -> Iterator[Budget]:
    with recorded(platform.database) as seen:
        yield Budget(seen, background)


async def looks(database: Database) -> frozenset[str]:
    """The statements that a platform sends every few seconds whether anything happens or not, found by sending them."""

    def look(connection: Connection) -> None:
        bots.ids(connection)
        failed_updates.latest(connection, most=1)
        bots.changed_since(connection, 0.0)
        personas.changed_since(connection, 0.0)
        stops.stopped_users(connection)
        turns.due(connection, now=0.0, most=1, of_each=1)
        learning.due(connection, enough=50, quiet_since=0.0, most=1)
        summaries.due(connection, after=0, now=0.0, most=1)
        stirring.candidates(connection, now=0.0, most=1)
        stirring.unarmed(connection, since=0.0, most=1)
        prices.everything(connection)
        prices.seen_at(connection)
        prices.replace(connection, {"a/model": Price(prompt=1, completion=1)}, now=0.0)
        prices.replace(connection, {}, now=0.0)
        for query in ERRANDS:
            query.run(connection)
        # Once in a persona's lifetime in memory, when chance first thinks of a reaction.
        personal.declined(connection, 0)
        unweighed.overdue(connection, before=0.0, old=0.0, most=1, of_each=1)
        backlog.waiting(connection, now=0.0, most=1)
        backlog.oldest(connection, now=0.0)
        watching.watched(connection, now=0.0)
        watching.holders(connection, ())
        watching.usernames(connection, ())
        watching.languages(connection, ())
        alerts.everything(connection)
        processes.everyone(connection)
        turns.renew(connection, [Claim(link_id=0, token="nobody's")], until=0.0)

    with counted(database) as seen:
        await database.write(look)
    return frozenset(seen.seen)
