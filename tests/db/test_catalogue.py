"""The names of DESIGN, section 5, as the databases themselves tell them: present, on these columns, and what the
documents call dead is absent."""

from sqlalchemy import Connection

from maskarad.db.engine import Database
from maskarad.values import Value

TABLES = {
    "users",
    "persona_configs",
    "bot_instances",
    "chat_bot_instances",
    "chat_contexts",
    "usage_records",
    "wizard_states",
    "seen_updates",
}
DEAD = ("daily_message_count", "last_message_reset", "subscri")

SQLITE_INDEXES = """
SELECT listed.name, made.name, columns.name, listed."unique"
FROM sqlite_master AS made, pragma_index_list(made.name) AS listed, pragma_index_info(listed.name) AS columns
WHERE made.type = 'table' ORDER BY listed.name, columns.seqno
"""
POSTGRESQL_INDEXES = """
SELECT named.relname, made.relname, columns.attname, listed.indisunique
FROM pg_catalog.pg_index AS listed
JOIN pg_catalog.pg_class AS named ON named.oid = listed.indexrelid
JOIN pg_catalog.pg_class AS made ON made.oid = listed.indrelid
CROSS JOIN unnest(listed.indkey::int2[]) WITH ORDINALITY AS key(attnum, place)
JOIN pg_catalog.pg_attribute AS columns ON columns.attrelid = made.oid AND columns.attnum = key.attnum
WHERE made.relnamespace = 'public'::regnamespace ORDER BY named.relname, key.place
"""
SQLITE_COLUMNS = """
SELECT made.name, columns.name FROM sqlite_master AS made, pragma_table_info(made.name) AS columns
WHERE made.type = 'table'
"""
POSTGRESQL_COLUMNS = """
SELECT made.relname, columns.attname
FROM pg_catalog.pg_class AS made JOIN pg_catalog.pg_attribute AS columns ON columns.attrelid = made.oid
WHERE made.relnamespace = 'public'::regnamespace AND made.relkind IN ('r', 'p') AND columns.attnum > 0
AND NOT columns.attisdropped
"""
SQLITE_CONSTRAINTS = "SELECT sql FROM sqlite_master WHERE name = 'chat_bot_instances'"
POSTGRESQL_CONSTRAINTS = """
SELECT 'CONSTRAINT ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_catalog.pg_constraint
WHERE conrelid = 'public.chat_bot_instances'::regclass
"""
SQLITE_REFERENCES = """
SELECT made.name, reference."from"
FROM sqlite_master AS made, pragma_foreign_key_list(made.name) AS reference WHERE made.type = 'table'
"""
POSTGRESQL_REFERENCES = """
SELECT made.relname, columns.attname
FROM pg_catalog.pg_constraint AS reference
JOIN pg_catalog.pg_class AS made ON made.oid = reference.conrelid
JOIN pg_catalog.pg_attribute AS columns ON columns.attrelid = made.oid AND columns.attnum = reference.conkey[1]
WHERE reference.contype = 'f'
"""


class Index(Value, frozen=True):
    table: str
    columns: tuple[str, ...]
    unique: bool


INDEXES = {
    "ix_chat_bot_active": Index(table="chat_bot_instances", columns=("chat_id", "active"), unique=False),
    "ix_chat_bot_instance": Index(table="chat_bot_instances", columns=("bot_instance_id", "active"), unique=False),
    "ix_context_chat_order": Index(
        table="chat_contexts", columns=("chat_bot_instance_id", "message_order"), unique=True
    ),
    "idx_messages_chat": Index(table="chat_contexts", columns=("chat_id",), unique=False),
    "idx_messages_time": Index(table="chat_contexts", columns=("timestamp",), unique=False),
    "idx_messages_user": Index(table="chat_contexts", columns=("user_id",), unique=False),
}


def asked(connection: Connection, on_sqlite: str, on_postgresql: str) -> list[tuple[object, ...]]:
    question = on_sqlite if connection.dialect.name == "sqlite" else on_postgresql
    return [tuple(row) for row in connection.exec_driver_sql(question)]


def indexes(connection: Connection) -> dict[str, Index]:
    found: dict[str, Index] = {}
    for name, table, column, unique in asked(connection, SQLITE_INDEXES, POSTGRESQL_INDEXES):
        before = found[str(name)].columns if name in found else ()
        found[str(name)] = Index(table=str(table), columns=(*before, str(column)), unique=bool(unique))
    return found


def columns(connection: Connection) -> set[tuple[object, ...]]:
    return set(asked(connection, SQLITE_COLUMNS, POSTGRESQL_COLUMNS))


def constraints(connection: Connection) -> str:
    return " ".join(str(row[0]) for row in asked(connection, SQLITE_CONSTRAINTS, POSTGRESQL_CONSTRAINTS))


def references(connection: Connection) -> set[tuple[object, ...]]:
    return set(asked(connection, SQLITE_REFERENCES, POSTGRESQL_REFERENCES))


async def test_the_tables_bear_the_documents_names(database: Database) -> None:
    assert {table for table, _ in await database.read(columns)} >= TABLES


async def test_the_indexes_bear_the_documents_names(database: Database) -> None:
    found = await database.read(indexes)
    if database.engines[0].dialect.name == "postgresql":
        # A history in partitions knows the same message without it (tests/db/test_partitions.py).
        assert not found["ix_context_chat_order"].unique
        found["ix_context_chat_order"] = INDEXES["ix_context_chat_order"]
    assert {name: found.get(name) for name in INDEXES} == INDEXES


async def test_one_bot_is_in_one_chat_once(database: Database) -> None:
    """Under the documents' name: a conflict's error and a dump of the schema show it."""
    said = " ".join((await database.read(constraints)).replace('"', "").split())
    assert "CONSTRAINT _chat_bot_uc UNIQUE (chat_id, bot_instance_id)" in said
    unique = [index.columns for index in (await database.read(indexes)).values() if index.unique]
    assert ("chat_id", "bot_instance_id") in unique


async def test_what_the_documents_call_dead_is_not_there(database: Database) -> None:
    names = {str(name) for pair in await database.read(columns) for name in pair}
    names |= set(await database.read(indexes))
    assert [name for name in names for dead in DEAD if dead in name.lower()] == []


async def test_what_refers_to_a_row_that_goes_is_found_by_index(database: Database) -> None:
    """Deleting a persona takes its bot, links, history and outbox with it: the databases look for each by the column
    that refers to it."""
    found = await database.read(references)
    assert ("chat_contexts", "chat_bot_instance_id") in found
    leading = {(index.table, index.columns[0]) for index in (await database.read(indexes)).values()}
    assert found <= leading
