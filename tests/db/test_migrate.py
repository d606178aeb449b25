"""The schema that the migrations make is the one that the tables say, on both databases."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, delete, insert, inspect, select, text, update

from maskarad.db import migrate, partitions, schema
from maskarad.db.engine import Database
from maskarad.db.tables import chat_bot_instances, chat_contexts, metadata, persona_configs, platform_identity
from maskarad.errors import SchemaOutdated
from maskarad.values import Spontaneity
from tests.support import rows
from tests.support.databases import connect
from tests.support.servers import PostgresServer

# DESIGN, section 5: the names of the documents that Maskarad comes from.
TABLES = {"users", "persona_configs", "bot_instances", "chat_bot_instances", "chat_contexts", "usage_records"}
TABLES |= {"wizard_states", "seen_updates", "analysis_cache", "conversation_summaries", "user_preferences"}
TABLES |= {"interaction_patterns"}
INDEXES = {
    "ix_chat_bot_active": ("chat_bot_instances", ["chat_id", "active"]),
    "ix_chat_bot_instance": ("chat_bot_instances", ["bot_instance_id", "active"]),
    "ix_context_chat_order": ("chat_contexts", ["chat_bot_instance_id", "message_order"]),
    "idx_messages_chat": ("chat_contexts", ["chat_id"]),
    "idx_messages_time": ("chat_contexts", ["timestamp"]),
    "idx_messages_user": ("chat_contexts", ["user_id"]),
}
DEAD = ("daily_message_count", "last_message_reset", "subscription")


@pytest.fixture(params=["sqlite", "postgresql"])
async def empty(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A database without a single table."""
    if request.param == "sqlite":
        database = connect(f"sqlite:///{tmp_path / 'empty.db'}")
        yield database
        await database.close()
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    server.execute("CREATE DATABASE empty")
    database = connect(server.url("empty"))
    yield database
    await database.close()
    server.execute("DROP DATABASE empty WITH (FORCE)")


def differences(connection: Connection) -> list[Any]:
    """But for one: where the history is in partitions the index of places is there, but is not unique."""
    opts = {"compare_type": True, "compare_server_default": True, "include_name": is_described}
    context = MigrationContext.configure(connection, opts=opts)
    found = list(compare_metadata(context, metadata))
    if partitions.are_there(connection):
        assert [(what, index.name, index.unique) for what, index in found[:2]] == [
            ("remove_index", "ix_context_chat_order", False),
            ("add_index", "ix_context_chat_order", True),
        ]
        del found[:2]
    return found


def is_described(name: str | None, kind: str, _parents: object) -> bool:
    """All but the full-text index, which each database has in a form of its own, and partitions."""
    return kind != "table" or not (name or "").startswith(("history_index", "chat_contexts_"))


def table_names(connection: Connection) -> set[str]:
    return {name for name in inspect(connection).get_table_names() if is_described(name, "table", None)}


async def test_up_down_and_up_again(empty: Database) -> None:
    assert await empty.read(schema.revision_of) is None
    for _ in range(2):
        await empty.write(migrate.upgrade)
        assert await empty.read(schema.revision_of) == schema.REVISION
        assert await empty.read(differences) == []
        assert await empty.read(table_names) == {*metadata.tables, "alembic_version"}
        await empty.write(rows.link)
        await empty.write(partial(migrate.downgrade, revision="base"))
        assert await empty.read(schema.revision_of) is None
        assert await empty.read(table_names) == {"alembic_version"}


async def test_how_often_a_persona_speaks_unasked_is_taken_from_its_content(empty: Database) -> None:
    await empty.write(migrate.upgrade)
    for number, rate in enumerate((Spontaneity.OFTEN, Spontaneity.NEVER), start=1):
        await empty.write(partial(rows.bot, number=number, spontaneity=rate))
    await empty.write(partial(migrate.downgrade, revision="0002"))
    older = "INSERT INTO persona_configs (owner_id, name, name_key, content, created_at, changed_at) "
    await empty.write(
        lambda connection: connection.execute(text(older + "SELECT id, 'Old', 'old', '{}', 0, 0 FROM users"))
    )
    await empty.write(migrate.upgrade)
    rates = select(persona_configs.c.spontaneity).order_by(persona_configs.c.id)
    assert await empty.read(lambda connection: connection.execute(rates).scalars().all()) == ["often", "never", "never"]


async def test_the_history_s_numbers_go_on_above_what_was_learned(empty: Database) -> None:
    """Before 0005 SQLite gave out the numbers of the newest lines again once these were gone."""

    def say(connection: Connection, order: int) -> int:
        line = insert(chat_contexts).values(
            chat_bot_instance_id=1, message_order=order, chat_id=1, user_id=1, user_name="", text="", timestamp=0
        )
        return int(connection.execute(line.values(from_persona=False).returning(chat_contexts.c.id)).scalar_one())

    def settle(connection: Connection) -> None:
        assert [say(connection, order) for order in (1, 2, 3)] == [1, 2, 3]
        connection.execute(update(chat_bot_instances).values(learned_id=3))
        connection.execute(delete(chat_contexts).where(chat_contexts.c.id > 1))

    await empty.write(migrate.upgrade)
    await empty.write(rows.link)
    await empty.write(partial(migrate.downgrade, revision="0004"))
    await empty.write(settle)
    await empty.write(migrate.upgrade)
    assert await empty.write(partial(say, order=4)) == 4


async def test_the_history_made_anew_on_sqlite_is_the_old_one_but_for_its_key(tmp_path: Path) -> None:
    """Its columns, indexes and triggers; and the way back leads to where it came from."""
    database = connect(f"sqlite:///{tmp_path / 'anew.db'}")
    await database.write(partial(migrate.upgrade, revision="0004"))
    before = await database.read(made_by)
    await database.write(partial(migrate.upgrade, revision="0005"))
    after = await database.read(made_by)
    assert of_history(after) == [
        (kind, name, sql.replace("PRIMARY KEY (id)", "PRIMARY KEY (id AUTOINCREMENT)") if kind == "table" else sql)
        for kind, name, sql in of_history(before)
    ]
    assert {kind for kind, _, _ in of_history(after)} == {"table", "index", "trigger"}
    await database.write(partial(migrate.downgrade, revision="0004"))
    assert [each for each in await database.read(made_by) if each[1] != "sqlite_sequence"] == before
    await database.write(migrate.upgrade)
    assert await database.read(made_by) == after
    await database.close()


def made_by(connection: Connection) -> list[tuple[str, str, str]]:
    """What SQLite says of everything in the schema."""
    everything = "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master ORDER BY type, name"
    rows_of_master = connection.execute(text(everything)).all()
    return [(kind, f"{table}.{name}" if name != table else name, sql) for kind, name, table, sql in rows_of_master]


def of_history(made: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    return [each for each in made if each[1].partition(".")[0] == "chat_contexts"]


async def test_upgrading_twice_changes_nothing(database: Database) -> None:
    link_id = await database.write(rows.link)
    await database.write(migrate.upgrade)
    assert await database.read(schema.revision_of) == schema.REVISION
    assert link_id == 1
    assert await database.read(differences) == []


async def test_a_failing_migration_leaves_the_database_as_it_was(empty: Database) -> None:
    def interrupted(connection: Connection) -> None:
        migrate.upgrade(connection)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await empty.write(interrupted)
    assert await empty.read(table_names) == set()


async def test_a_database_that_does_not_fit_is_named(empty: Database) -> None:
    with pytest.raises(SchemaOutdated, match="empty"):
        await empty.read(schema.check)
    await empty.write(migrate.upgrade)
    await empty.read(schema.check)


async def set_revision(database: Database, revision: str, oldest_code: str) -> None:
    def change(connection: Connection) -> None:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
        connection.execute(update(platform_identity).values(oldest_code=oldest_code))

    await database.write(change)


async def test_a_newer_schema_serves_the_code_that_it_names(empty: Database) -> None:
    await empty.write(migrate.upgrade)
    await set_revision(empty, "9999", schema.REVISION)
    await empty.read(schema.check)
    await set_revision(empty, "9999", "9998")
    with pytest.raises(SchemaOutdated, match="does not know any more"):
        await empty.read(schema.check)


async def test_two_processes_that_upgrade_at_once_do_it_once(own_postgres: PostgresServer, tmp_path: Path) -> None:
    own_postgres.execute("CREATE DATABASE fresh")
    url = own_postgres.url("fresh")
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": url, "DATA_DIR": str(tmp_path)}
    upgrades = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "maskarad", "db", "upgrade", env=environment, cwd=tmp_path
        )
        for _ in range(3)
    ]
    assert await asyncio.gather(*(each.wait() for each in upgrades)) == [0, 0, 0]
    assert own_postgres.execute("SELECT version_num FROM alembic_version", database="fresh") == schema.REVISION


def test_the_code_needs_the_newest_revision() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.SCRIPTS))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.REVISION]
