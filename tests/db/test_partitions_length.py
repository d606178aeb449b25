"""Five million lines cost what fifty thousand do, and a tenth of them goes at once. Counted in pages: no clock."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, text

from maskarad.db import hearing, history, migrate, partitioning, partitions, recall, turns
from maskarad.db.engine import Database, Query
from maskarad.db.opening import open_database
from tests.support import rows
from tests.support.millions import LINKS, fill, make_room
from tests.support.plans.partitions import analyze
from tests.support.plans.work import work_of
from tests.support.rows import NOW, said
from tests.support.servers import PostgresServer

FEW, MANY = 50_000, 5_000_000
WIDTH = 500_000
"""A twentieth of the real one: ten partitions are full, as they are of a hundred million lines."""

A_LOOK = 5
"""Pages that it costs at most to look into one more partition: down its index, and a row."""

MOST = 80


@pytest.fixture
async def database(postgres: PostgresServer) -> AsyncIterator[Database]:
    """With links, each of a chat of its own; whoever writes may take long."""
    postgres.execute("CREATE DATABASE millions")
    database = open_database(postgres.url("millions"), pool_size=2, max_overflow=0, patient=True)
    await database.write(migrate.upgrade)
    await database.write(make_links)
    yield database
    await database.close()
    postgres.execute("DROP DATABASE millions WITH (FORCE)")


def make_links(connection: Connection) -> None:
    partitioning.unite(connection)
    partitioning.partition(connection, width=WIDTH)
    links = text(
        "INSERT INTO chat_bot_instances (chat_id, bot_instance_id, chat_type, title, active, created_at) "
        "SELECT -n, :bot_id, 'group', 'Kitchen', true, 0 FROM generate_series(1, :links) AS n"
    )
    connection.execute(links, {"bot_id": rows.bot(connection), "links": LINKS})


def ask_and_claim(connection: Connection) -> None:
    hearing.ask(connection, 1, said(10**7), due_at=NOW)
    claimed = turns.claim(connection, 1, "token", lease=8.0, history_lines=MOST, now=NOW)
    assert claimed is not None
    assert len(claimed.history) == MOST


def recall_words(connection: Connection) -> None:
    assert recall.find(connection, 1, ["l1xword2", "l1xword9"]).relevant


QUERIES: dict[str, Query[Any]] = {
    "reading for a prompt": partial(history.latest, link_id=1, most=MOST, answered=0),
    "a message and its turn": ask_and_claim,
    "a message only listened to": lambda connection: history.add(connection, 1, said(10**7)),
    "an edited message": lambda connection: history.edit(connection, 1, said(8), edited_at=NOW),
    "what is remembered of long ago": recall_words,
}
LOOKS = {"a message and its turn": 2}
"""Of how many statements each looks into all partitions; else one."""


@pytest.mark.timeout(600)
async def test_cost_stays_flat_and_what_is_old_goes_at_once(database: Database) -> None:
    def measured(connection: Connection) -> dict[str, int]:
        return {name: work_of(connection, query) for name, query in QUERIES.items()}

    await database.write(partial(fill, first=0, last=FEW - 1))
    await database.write(analyze)
    few, before = await database.write(measured), len(await database.read(partitions.every))
    await database.write(partial(make_room, lines=MANY, width=WIDTH, logged=False))
    await database.write(partial(fill, first=FEW, last=MANY - 1))
    await database.write(analyze)
    many, after = await database.write(measured), len(await database.read(partitions.every))
    assert (before, after) == (1, MANY // WIDTH + 1)
    for name, work in many.items():
        assert work <= 1.5 * few[name] + LOOKS.get(name, 1) * A_LOOK * (after - before), (name, few, many)

    oldest, *_ = await database.read(partial(partitions.past, before=float(WIDTH)))
    assert await database.write(partial(partitions.drop, partition=oldest, before=float(WIDTH)))
    for name in ("reading for a prompt", "a message and its turn"):
        assert await database.write(partial(work_of, query=QUERIES[name])) <= many[name], name
    lowest = "SELECT min(message_order) FROM chat_contexts WHERE chat_bot_instance_id = 1"
    assert await database.read(lambda c: c.execute(text(lowest)).scalar_one()) > WIDTH // LINKS - 2
    recalled = await database.read(partial(recall.find, link_id=1, terms=["l1xword2", "l1xword9"]))
    assert recalled.relevant == ()
