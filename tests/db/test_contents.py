"""What two databases hold is told to be the same, or not, whatever they are."""

import pytest
from sqlalchemy import Connection, Table, insert, text, update

from maskarad.db import contents, partitions
from maskarad.db.contents import INDEX, TableContents, differing, fingerprint
from maskarad.db.engine import Database
from maskarad.db.tables import chat_bot_instances, chat_contexts, metadata, platform_identity, seen_updates, users
from tests.db import every_table
from tests.db.every_table import another, fill, row
from tests.support.databases import connect
from tests.support.rows import link

TABLES = [each for each in metadata.sorted_tables if each is not platform_identity]
IDENTITY = {platform_identity.name}


async def test_both_databases_with_the_same_rows_look_the_same(sqlite_url: str, postgres_url: str) -> None:
    sqlite, postgres = connect(sqlite_url), connect(postgres_url)
    try:
        await sqlite.write(fill)
        await postgres.write(lambda connection: fill(connection, backwards=True))
        one, other = await sqlite.read(fingerprint), await postgres.read(fingerprint)
    finally:
        await sqlite.close()
        await postgres.close()
    assert differing(one, other) == sorted(IDENTITY)
    assert {one[each.name].rows for each in TABLES} == {every_table.ROWS}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
async def test_every_column_counts(database: Database, table: Table) -> None:
    """Also what is empty and what is not there are two things."""

    def work(connection: Connection) -> list[str]:
        fill(connection)
        before = fingerprint(connection)
        unnoticed = []
        for column in table.c:
            if column.foreign_keys or column.primary_key:
                continue
            for number in (1, every_table.ROWS):
                given = row(table, number)[column.name]
                with connection.begin_nested() as change:
                    is_it = [each == row(table, number)[each.name] for each in table.primary_key]
                    empty = "" if given is None and column.type.python_type is str else another(column, given)
                    changed = connection.execute(update(table).where(*is_it).values({column.name: empty}))
                    assert changed.rowcount == 1
                    if differing(before, fingerprint(connection)) != [table.name]:
                        unnoticed.append(column.name)
                    change.rollback()
        assert fingerprint(connection) == before
        return unnoticed

    assert await database.write(work) == []


async def test_a_row_less_is_seen(database: Database) -> None:
    def work(connection: Connection) -> list[list[str]]:
        connection.execute(insert(users), [row(users, number) for number in (1, 2)])
        one = fingerprint(connection)
        connection.execute(users.delete().where(users.c.id == 2))
        two = fingerprint(connection)
        return [differing(one, two), differing(one, {}), differing(two, two)]

    assert await database.write(work) == [["users"], sorted(contents.NAMES), []]


async def test_more_rows_than_are_read_at_once_are_told_as_they_are_gone_through(database: Database) -> None:
    told: list[tuple[str, int]] = []

    def work(connection: Connection) -> dict[str, TableContents]:
        connection.execute(insert(users), [{**row(users, 1), "id": number} for number in range(-1_000, 1_500)])
        return fingerprint(connection, leave_out=IDENTITY, on_rows=lambda name, rows: told.append((name, rows)))

    found = await database.write(work)
    assert found["users"].rows == 2_500
    assert told == [("users", 1_000), ("users", 1_000), ("users", 500)]
    assert not IDENTITY & found.keys()


async def test_keys_of_several_columns_are_gone_through_to_the_end(database: Database) -> None:
    def work(connection: Connection) -> TableContents:
        keys = [{"bot_instance_id": bot, "update_id": update} for bot in range(30) for update in range(99)]
        connection.execute(insert(seen_updates), [{**key, "seen_at": 0.0} for key in keys])
        return fingerprint(connection)[seen_updates.name]

    assert (await database.write(work)).rows == 2_970


async def test_a_negative_zero_is_a_zero(database: Database) -> None:
    """SQLite stores none."""

    def work(connection: Connection) -> list[TableContents]:
        link_id = link(connection)
        found = []
        for liking in (0.0, -0.0):
            change = update(chat_bot_instances).where(chat_bot_instances.c.id == link_id).values(liking=liking)
            connection.execute(change)
            found.append(fingerprint(connection)[chat_bot_instances.name])
        return found

    one, other = await database.write(work)
    assert one == other


async def test_the_index_looks_the_same_on_both(sqlite_url: str, postgres_url: str) -> None:
    """Each keeps the terms of a line in an order of its own."""

    def index(connection: Connection, key: str, words: str) -> TableContents:
        line = {**row(chat_contexts, 1), "chat_bot_instance_id": link(connection)}
        connection.execute(insert(chat_contexts).values(line))
        connection.execute(text(f"INSERT INTO {INDEX} ({key}, words) VALUES (1, {words})"))
        return fingerprint(connection)[INDEX]

    sqlite, postgres = connect(sqlite_url), connect(postgres_url)
    try:
        one = await sqlite.write(lambda connection: index(connection, "rowid", "'l1xчай l1xдракон l1x日本'"))
        terms = "CAST('l1x日本 l1xдракон l1xчай' AS tsvector)"
        other = await postgres.write(lambda connection: index(connection, "id", terms))
    finally:
        await sqlite.close()
        await postgres.close()
    assert one == other
    assert one.rows == 1


async def test_all_partitions_of_the_history_count(postgres_url: str) -> None:
    def work(connection: Connection) -> int:
        link_id = link(connection)
        ids = [1, partitions.WIDTH - 1, partitions.WIDTH, 50 * partitions.WIDTH]
        lines = [{**row(chat_contexts, 1), "chat_bot_instance_id": link_id, "id": each} for each in ids]
        connection.execute(insert(chat_contexts), lines)
        return fingerprint(connection)[chat_contexts.name].rows

    database = connect(postgres_url)
    try:
        assert await database.write(work) == 4
    finally:
        await database.close()
