"""The two layouts that the history may have on PostgreSQL: one table, or partitions by the order in which lines were
stored (docs/decisions/partitions.md). All the code works with both; SQLite has one table always.

Made of what the database says of the table, not of what this code knows, so that a migration may call it at any
revision.
"""

import re

from sqlalchemy import Connection, text

from maskarad.db import partitions
from maskarad.db.partitions import BEYOND, HISTORY, WIDTH
from maskarad.errors import BadInput

# Of others' connections only a privileged user sees the kind; the server's own processes have no user.
_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename IS NOT NULL "
    "AND coalesce(backend_type, 'client backend') = 'client backend' AND pid <> pg_backend_pid()"
)
_OF_TABLE = {"table": HISTORY}
_INDEXES = text(
    "SELECT c.relname AS name, pg_get_indexdef(c.oid) AS made_by, i.indisprimary AS is_key FROM pg_index i "
    "JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = to_regclass(:table) ORDER BY c.relname"
)
_REFERENCES = text(
    "SELECT conname AS name, pg_get_constraintdef(oid) AS made_by FROM pg_constraint "
    "WHERE conrelid = to_regclass(:table) AND contype = 'f'"
)
_SEQUENCE = text("SELECT pg_get_serial_sequence(:table, 'id')")
_LAST_ID = text(f"SELECT coalesce(max(id), 0) FROM {HISTORY}")
_IS_NEW = text(f"SELECT NOT EXISTS (SELECT FROM users) AND NOT EXISTS (SELECT FROM {HISTORY})")
_SAME_TWICE = text(
    f"SELECT EXISTS (SELECT FROM {HISTORY} GROUP BY chat_bot_instance_id, message_order HAVING count(*) > 1)"
)

PLAIN = f"{HISTORY}_plain"
_ORDER = "ix_context_chat_order"
_CHANGED = "history_index_changed"
_FOLLOWS_DELETION = (
    f"CREATE TRIGGER {_CHANGED} AFTER DELETE OR UPDATE OF text, chat_bot_instance_id ON {HISTORY} "
    f"FOR EACH ROW EXECUTE FUNCTION {_CHANGED}()"
)
_FOLLOWS_CHANGE = (
    f"CREATE TRIGGER {_CHANGED} AFTER UPDATE OF text, chat_bot_instance_id ON {HISTORY} "
    f"FOR EACH ROW EXECUTE FUNCTION {_CHANGED}()"
)
_FOREIGN_WORDS = "fk_history_index_id"


def is_new(connection: Connection) -> bool:
    """Nobody has used this database yet, so no process of an older version is at work on it."""
    return bool(connection.execute(_IS_NEW).scalar_one())


def others(connection: Connection) -> int:
    """Connections to this database beside this one, whoever's: a platform's processes have some. Raises BadInput on
    SQLite."""
    _refuse_sqlite(connection)
    return int(connection.execute(_OTHERS).scalar_one())


def partition(connection: Connection, *, width: int = WIDTH) -> None:
    """Make the table the first partition of a new one; nothing is copied. It is read twice: for the bound of its ids,
    and for the index by which the same message is known, which cannot be unique any more. Whoever wants to write
    meanwhile waits. Processes of versions before this layout would store the same message twice: none may be running.
    Partitioned already: nothing happens. Raises BadInput on SQLite."""
    _refuse_sqlite(connection)
    if partitions.are_there(connection):
        return
    with partitions.locked(connection):
        indexes = connection.execute(_INDEXES, _OF_TABLE).all()
        references = connection.execute(_REFERENCES, _OF_TABLE).all()
        sequence = connection.execute(_SEQUENCE, _OF_TABLE).scalar_one()
        upper = (connection.execute(_LAST_ID).scalar_one() // width + 1) * width
        first = partitions.name_from(0)
        _run(
            connection,
            f"DROP TRIGGER {_CHANGED} ON {HISTORY}",
            f"ALTER TABLE history_index DROP CONSTRAINT {_FOREIGN_WORDS}",
            f"ALTER TABLE {HISTORY} RENAME TO {first}",
            *(f"ALTER INDEX {each.name} RENAME TO {first}_{each.name}" for each in indexes),
            f"CREATE TABLE {HISTORY} (LIKE {first} INCLUDING DEFAULTS) PARTITION BY RANGE (id)",
            f"ALTER SEQUENCE {sequence} OWNED BY {HISTORY}.id",
            f"CREATE INDEX {first}_order ON {first} (chat_bot_instance_id, message_order)",
            f"DROP INDEX {first}_{_ORDER}",
            *(_key(each.name) if each.is_key else each.made_by.replace(" UNIQUE ", " ", 1) for each in indexes),
            *(f"ALTER TABLE {HISTORY} ADD CONSTRAINT {each.name} {each.made_by}" for each in references),
            f"ALTER TABLE {HISTORY} ATTACH PARTITION {first} FOR VALUES FROM (MINVALUE) TO ({upper})",
            f"CREATE TABLE {BEYOND} PARTITION OF {HISTORY} DEFAULT",
            _FOLLOWS_DELETION,
        )
        partitions.make_ahead(connection, width=width)


def unite(connection: Connection) -> None:
    """Make one table of the partitions, for a schema that does not know them; every line is copied. One table already:
    nothing happens."""
    if not partitions.are_there(connection):
        return
    with partitions.locked(connection):
        if connection.execute(_SAME_TWICE).scalar_one():
            raise BadInput("some message is stored twice, which one table cannot hold")
        indexes = connection.execute(_INDEXES, _OF_TABLE).all()
        references = connection.execute(_REFERENCES, _OF_TABLE).all()
        sequence = connection.execute(_SEQUENCE, _OF_TABLE).scalar_one()
        _run(
            connection,
            f"CREATE TABLE {PLAIN} (LIKE {HISTORY} INCLUDING DEFAULTS)",
            f"INSERT INTO {PLAIN} SELECT * FROM {HISTORY}",
            f"ALTER SEQUENCE {sequence} OWNED BY {PLAIN}.id",
            f"DROP TABLE {HISTORY}",
            f"ALTER TABLE {PLAIN} RENAME TO {HISTORY}",
            *(_key(each.name) if each.is_key else _in_one_table(each.name, each.made_by) for each in indexes),
            *(f"ALTER TABLE {HISTORY} ADD CONSTRAINT {each.name} {each.made_by}" for each in references),
            f"DELETE FROM history_index WHERE id NOT IN (SELECT id FROM {HISTORY})",
            f"ALTER TABLE history_index ADD CONSTRAINT {_FOREIGN_WORDS} "
            f"FOREIGN KEY (id) REFERENCES {HISTORY} (id) ON DELETE CASCADE",
            _FOLLOWS_CHANGE,
        )


def _refuse_sqlite(connection: Connection) -> None:
    if connection.dialect.name != "postgresql":
        raise BadInput("only a history on PostgreSQL has partitions")


def _key(name: str) -> str:
    return f"ALTER TABLE {HISTORY} ADD CONSTRAINT {name} PRIMARY KEY (id)"


def _in_one_table(name: str, made_by: str) -> str:
    made_by = re.sub(r" ON ONLY ", " ON ", made_by)
    return made_by.replace("CREATE INDEX", "CREATE UNIQUE INDEX", 1) if name == _ORDER else made_by


def _run(connection: Connection, *statements: str) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)
