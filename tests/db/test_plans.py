"""The hot queries find their rows by index on both databases, however many rows there are."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, select, text, update

from maskarad.db import history, turns
from maskarad.db.engine import Database, Query
from maskarad.db.tables import chat_bot_instances, chat_contexts
from maskarad.values import Claim
from tests.support import rows
from tests.support.rows import NOW

CROWD = 3_000


def explained(query: Query[Any]) -> Query[str]:
    """What the database plans to do for the last statement of a query."""

    def explain(connection: Connection) -> str:
        sent: list[tuple[str, Any]] = []
        note: Callable[..., None] = lambda _c, _cursor, statement, values, *_: sent.append((statement, values))  # noqa: E731
        event.listen(connection, "before_cursor_execute", note)
        query(connection)
        event.remove(connection, "before_cursor_execute", note)
        statement, values = sent[-1]
        if connection.dialect.name == "sqlite":
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            return "\n".join(row.detail for row in plan)
        connection.exec_driver_sql(f"PREPARE planned AS {statement}")
        # A plan that knows the values is made for the first five runs only; this is the one that stays.
        connection.exec_driver_sql("SET LOCAL plan_cache_mode = force_generic_plan")
        literals = ", ".join(f"'{value}'" for value in values)
        plan = connection.exec_driver_sql(f"EXPLAIN EXECUTE planned ({literals})")
        return "\n".join(row[0] for row in plan)

    return explain


@pytest.fixture
async def crowded(database: Database) -> Database:
    """One bot in thousands of chats, thousands of messages in the first of them; three chats have work."""

    def fill(connection: Connection) -> None:
        link_id = rows.link(connection)
        model = connection.execute(select(chat_bot_instances)).one()._asdict()
        link_rows = [{**model, "id": link_id + n, "chat_id": -5_000 - n} for n in range(1, CROWD)]
        connection.execute(insert(chat_bot_instances), link_rows)
        connection.execute(update(chat_bot_instances).where(chat_bot_instances.c.id < 4).values(asked=1, due_at=NOW))
        line = {
            "chat_id": rows.GROUP.id,
            "user_name": "Bob",
            "from_persona": False,
            "text": "hello",
            "timestamp": NOW,
            "asked": 1,
        }
        lines = [
            {**line, "chat_bot_instance_id": 1 + n % 3, "message_order": n, "user_id": 1 + n % 300}
            for n in range(CROWD)
        ]
        connection.execute(insert(chat_contexts), lines)
        connection.execute(text("ANALYZE"))

    await database.write(fill)
    return database


async def test_the_latest_history_is_found_by_its_index(crowded: Database) -> None:
    plan = await crowded.write(explained(partial(history.latest, link_id=1, most=40, answered=0)))
    assert "ix_context_chat_order" in plan
    assert "sort" not in plan.lower()
    assert "b-tree" not in plan.lower()


async def test_what_is_unread_is_found_by_the_same_index(crowded: Database) -> None:
    read = partial(history.to_answer, link_id=1, answered=0, asked=2_000, most=40)
    assert "ix_context_chat_order" in await crowded.write(explained(read))


async def test_leases_are_renewed_by_the_links_keys(crowded: Database) -> None:
    claims = [Claim(link_id=number, token=f"t{number}") for number in (1, 2, 3)]
    plan = await crowded.write(explained(partial(turns.renew, claims=claims, until=NOW)))
    assert "pk_chat_bot_instances" in plan or "INTEGER PRIMARY KEY" in plan


async def test_old_numbers_of_forgotten_messages_are_found_by_index(crowded: Database) -> None:
    assert "idx_messages_user" in await crowded.write(explained(partial(history.tidy, now=NOW)))


async def test_the_sweep_reads_only_links_that_have_work(crowded: Database) -> None:
    due = partial(turns.due, now=NOW, most=100)
    assert sorted(await crowded.read(due)) == [1, 2, 3]
    assert "ix_chat_bot_due" in await crowded.write(explained(due))
