"""Erasing waits for who is at work in a link before it touches what that one goes on to write: PostgreSQL ends one of
two transactions that hold what the other wants."""

import asyncio
from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.util import await_only

from maskarad.db import forgetting, links, personal, statistics
from maskarad.db.engine import Database
from maskarad.memory.stats import Acquaintance, Learned
from tests.support import rows
from tests.support.people import BOB
from tests.support.rows import NOW, private
from tests.support.until import until

LEARNED = Learned(people={BOB.id: Acquaintance(name="Боб", messages=1, first_at=NOW, last_at=NOW)})
HOLD = text("UPDATE chat_bot_instances SET learned_id = learned_id WHERE id = 1")
WAITING = text(
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
)


def finish(connection: Connection) -> object:
    return forgetting.finish(connection, bot_id=1, persona_id=1, user_id=BOB.id, group_ids=[], names=["Боб"], since=NOW)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    "erase",
    [
        partial(links.forget, link_id=1, now=NOW),
        finish,
        partial(personal.forget_habits, bot_id=1, user_id=BOB.id),
    ],
    ids=["reset", "forget_me", "habits"],
)
async def test_who_learns_in_a_link_that_is_erased_comes_to_an_end(
    database: Database, erase: Callable[[Connection], object]
) -> None:
    await database.write(partial(rows.link, chat=private(BOB)))
    await database.write(lambda connection: statistics.learn(connection, 1, LEARNED))
    holds = asyncio.Event()

    async def other_waits() -> bool:
        return bool(await database.read(lambda connection: connection.execute(WAITING).scalar_one()))

    def learn(connection: Connection) -> None:
        connection.execute(HOLD)
        holds.set()
        await_only(until(other_waits))
        statistics.learn(connection, 1, LEARNED)

    learning = asyncio.create_task(database.write(learn))
    await holds.wait()
    await asyncio.gather(learning, database.write(erase))
    assert await database.read(partial(personal.known, persona_id=1, user_ids=[BOB.id])) == {}
