"""Prepared statements keep what SQLAlchemy's own way gives: events, types, errors. `test_engine.py` writes with one,
and so holds what becomes of lost connections."""

from typing import Any

import pytest
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from maskarad.db.engine import Database, Query
from maskarad.db.prepared import Prepared, named_values
from maskarad.db.tables import chat_bot_instances, seen_updates
from tests.support import rows
from tests.support.databases import CountStatements
from tests.support.rows import NOW

ADD = Prepared(insert(seen_updates).values(named_values(seen_updates)))
FIND = Prepared(select(seen_updates.c.seen_at).where(seen_updates.c.update_id == bindparam("update_id")))
MOVE = Prepared(
    update(seen_updates)
    .where(seen_updates.c.update_id > bindparam("b_after"))
    .values(seen_at=seen_updates.c.seen_at + 1)
)
LINKS = Prepared(
    select(chat_bot_instances.c.active, chat_bot_instances.c.muted, chat_bot_instances.c.parts == bindparam("parts"))
)


def see(update_id: int) -> dict[str, object]:
    return {"bot_instance_id": 1, "update_id": update_id, "seen_at": NOW}


def add(update_id: int) -> Query[int]:
    return lambda connection: ADD.run(connection, see(update_id))


def find(update_id: int) -> Query[tuple[Any, ...] | None]:
    return lambda connection: FIND.first(connection, {"update_id": update_id})


async def test_rows_are_found_and_changes_counted(database: Database) -> None:
    for number in (1, 2, 3):
        assert await database.write(add(number)) == 1
    assert await database.write(lambda c: MOVE.run(c, {"b_after": 1})) == 2
    assert [await database.read(find(number)) for number in (1, 3, 9)] == [(NOW,), (NOW + 1,), None]


async def test_what_is_true_is_not_1(database: Database) -> None:
    await database.write(rows.link)
    ((active, muted, none_left),) = await database.read(lambda c: LINKS.all(c, {"parts": 0}))
    assert active is True
    assert muted is False
    assert none_left is True


async def test_a_forgotten_value_is_no_null(database: Database) -> None:
    with pytest.raises(KeyError):
        await database.write(lambda c: ADD.run(c, {"bot_instance_id": 1, "update_id": 1}))


async def test_statements_are_heard_of(database: Database, statements: CountStatements) -> None:
    with statements(database) as seen:
        await database.write(add(1))
    assert len(seen.seen) == 1
    assert seen.seen[0].startswith("INSERT INTO seen_updates")


async def test_an_error_is_sqlalchemy_s_and_names_no_value(database: Database) -> None:
    await database.write(add(123_456))
    with pytest.raises(IntegrityError) as refused:
        await database.write(add(123_456))
    assert "123456" not in str(refused.value)
    assert await database.write(add(2)) == 1
