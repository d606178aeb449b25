"""Migrations up and down, on either database, each run in one transaction."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from maskarad.errors import BadInput, TablesInUse

SCRIPTS = Path(__file__).parent / "migrations"

ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(7272001)")
"""The number means nothing to anybody else. SQLite lets one transaction write at a time anyway."""

LOCK_WITHIN = "1500ms"
"""A change waits for those who use its table, a dump for hours, and all who come later wait behind it. More than
PostgreSQL's `deadlock_timeout`, after which a vacuum gives way."""

_LOCK_NOT_AVAILABLE, _DEADLOCK = "55P03", "40P01"


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Whoever comes while another process is at it waits, and then finds it done. Raises BadInput for a revision, or a
    database, that this version does not know, TablesInUse."""
    _move(command.upgrade, connection, revision)


def is_known(revision: str) -> bool:
    """Whether this version can bring a database of that revision up to date."""
    return any(each.revision == revision for each in ScriptDirectory(str(SCRIPTS)).walk_revisions())


def downgrade(connection: Connection, revision: str) -> None:
    """`base` leaves an empty database. Raises BadInput as `upgrade` does."""
    _move(command.downgrade, connection, revision)


def _move(step: Callable[[Config, str], None], connection: Connection, revision: str) -> None:
    on_server = connection.dialect.name == "postgresql"
    if on_server:
        connection.execute(ONE_AT_A_TIME)
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_WITHIN}'")
    try:
        step(_config(connection), revision)
    except CommandError as error:
        raise BadInput(f"the schema stays as it is: {error}") from None
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in (_LOCK_NOT_AVAILABLE, _DEADLOCK):
            raise
        raise TablesInUse("the tables are in use; the schema stays as it is") from None
    if on_server:
        connection.exec_driver_sql("SET LOCAL lock_timeout TO DEFAULT")


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    return config
