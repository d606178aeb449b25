"""What a database holds whose schema this code may not know: older, newer, half of one, or somebody else's. Backups and
restores stand on it."""

from collections.abc import Callable, Collection, Sequence
from hashlib import blake2b

from sqlalchemy import Connection, delete, text

from maskarad.db.alerts import GONE
from maskarad.db.contents import INDEX, NAMES, ROWS_AT_ONCE, TableContents, summed
from maskarad.db.tables import (
    alerts,
    backups,
    job_slots,
    model_prices,
    platform_identity,
    polling_leases,
    processes,
    webhook_registrations,
)

VERSION = "alembic_version"
NAMELESS = "00000000"
OF_A_NEW_ONE = frozenset(
    each.name
    for each in (
        alerts,
        backups,
        job_slots,
        model_prices,
        platform_identity,
        polling_leases,
        processes,
        webhook_registrations,
    )
)
"""Tables in which a platform writes by itself before anybody has used it."""

_TABLES = {
    "sqlite": text(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~' "
        f"AND name NOT LIKE '{INDEX.replace('_', '~_')}~_%' ESCAPE '~' ORDER BY name"
    ),
    "postgresql": text(
        "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(current_schema()) "
        "AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname"
    ),
}
"""Without partitions, which are part of what they divide, and what SQLite keeps an index of words in."""
_SNAPSHOT = text("SELECT pg_export_snapshot(), current_schema(), current_setting('server_version_num')")
_MAY_WAIT = text("SELECT set_config('idle_in_transaction_session_timeout', '0', true)")
_ONE_AT_A_TIME = text("SELECT pg_advisory_lock(7272006)")
"""Of one database: another one's names are others."""
_SCRATCH = text("SELECT 'maskarad_scratch_' || oid || '_' FROM pg_database WHERE datname = current_database()")
_LEFT_SCRATCH = text(
    "SELECT datname FROM pg_database d WHERE starts_with(datname, :prefix) "
    "AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datname = d.datname)"
)
_IDENTITY = f"SELECT id FROM {platform_identity.name}"
_SEALED = f"SELECT key_check FROM {platform_identity.name}"
_TOKEN = "SELECT token FROM bot_instances LIMIT 1"
_NO_PROCESS = (delete(processes), delete(alerts).where(alerts.c.name == GONE))

OnRows = Callable[[int], None]
"""Hears of how many more rows were gone through."""


def tables(connection: Connection) -> Sequence[str]:
    return list(connection.execute(_TABLES[connection.dialect.name]).scalars())


def contents(connection: Connection, *, on_rows: OnRows | None = None) -> dict[str, TableContents]:
    """What each table holds that is there, of whatever schema; to be compared with a copy of the same database, for
    values count as the database gives them. `contents.fingerprint` is for two databases of different kinds."""
    return {name: _contents(connection, name, on_rows) for name in tables(connection)}


def platform(connection: Connection) -> str:
    """Eight letters by which the backups of one platform are told from those of others; `NAMELESS` where the schema is
    older than that."""
    if platform_identity.name not in tables(connection):
        return NAMELESS
    identity = str(connection.exec_driver_sql(_IDENTITY).scalar_one())
    return blake2b(identity.encode(), digest_size=len(NAMELESS) // 2).hexdigest()


def is_used(connection: Connection) -> bool:
    """Some table has rows that a new platform's does not."""
    return any(
        connection.exec_driver_sql(f"SELECT 1 FROM {_quoted(name)} LIMIT 1").first() is not None
        for name in tables(connection)
        if name not in OF_A_NEW_ONE and name != VERSION
    )


def foreign(connection: Connection) -> list[str]:
    """Tables that this code does not know."""
    return sorted({*tables(connection)} - {*NAMES, VERSION})


def dropping(connection: Connection) -> str:
    """The statements that take away what is there of the platform, on PostgreSQL; empty where nothing is."""
    there = tables(connection)
    dropped = f"DROP TABLE {', '.join(map(_quoted, there))};" if there else ""
    return f"{dropped} DROP FUNCTION IF EXISTS {INDEX}_changed();".strip()


def analyze(connection: Connection) -> None:
    """On PostgreSQL: what was written in bulk has no statistics, and queries would be planned for empty tables."""
    for name in tables(connection):
        connection.exec_driver_sql(f"ANALYZE {_quoted(name)}")


def forget_processes(connection: Connection) -> None:
    """Of a database with this code's schema that has just taken another's place: nobody is at work on it, and nobody
    died there who would be missed."""
    for statement in _NO_PROCESS:
        connection.execute(statement)


def sealed_with_key(connection: Connection) -> str | None:
    """Something that only the platform's secret key opens. None: nothing there is."""
    there = tables(connection)
    if platform_identity.name in there and "key_check" in _columns(connection, platform_identity.name):
        sealed = connection.exec_driver_sql(_SEALED).scalar()
        if sealed is not None:
            return str(sealed)
    token = connection.exec_driver_sql(_TOKEN).scalar() if "bot_instances" in there else None
    return None if token is None else str(token)


def export_snapshot(connection: Connection) -> tuple[str, str, int]:
    """On PostgreSQL: what others see of the database when they name this, the schema that our tables are in, and the
    server's major version. It lasts as long as the transaction, which may take its time."""
    connection.execute(_MAY_WAIT)
    name, schema, version = connection.execute(_SNAPSHOT).one()
    return name, schema, int(version) // 10_000


def scratches(connection: Connection) -> tuple[str, list[str]]:
    """On PostgreSQL: how the names of scratch databases made from this one begin, and those of them that nobody is
    connected to. Whoever asks next waits until this connection is closed."""
    connection.execute(_ONE_AT_A_TIME)
    prefix = str(connection.execute(_SCRATCH).scalar_one())
    return prefix, list(connection.execute(_LEFT_SCRATCH, {"prefix": prefix}).scalars())


def _contents(connection: Connection, name: str, on_rows: OnRows | None) -> TableContents:
    # The text of an index on SQLite does not tell which line it is of.
    columns = "rowid, *" if name == INDEX and connection.dialect.name == "sqlite" else "*"
    found = connection.exec_driver_sql(
        f"SELECT {columns} FROM {_quoted(name)}",
        execution_options={"stream_results": True, "max_row_buffer": ROWS_AT_ONCE},
    )
    return summed(([tuple(row) for row in part] for part in found.partitions(ROWS_AT_ONCE)), on_rows)


def _columns(connection: Connection, name: str) -> Collection[str]:
    return list(connection.exec_driver_sql(f"SELECT * FROM {_quoted(name)} LIMIT 0").keys())


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))
