"""Migrations up and down, on either database, each run in one transaction."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text

from maskarad.errors import BadInput

SCRIPTS = Path(__file__).parent / "migrations"

ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(7272001)")
"""The number means nothing to anybody else. SQLite lets one transaction write at a time anyway."""


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Whoever comes while another process is at it waits, and then finds it done. Raises BadInput for a revision, or a
    database, that this version does not know."""
    _move(command.upgrade, connection, revision)


def is_known(revision: str) -> bool:
    """Whether this version can bring a database of that revision up to date."""
    return any(each.revision == revision for each in ScriptDirectory(str(SCRIPTS)).walk_revisions())


def downgrade(connection: Connection, revision: str) -> None:
    """`base` leaves an empty database. Raises BadInput as `upgrade` does."""
    _move(command.downgrade, connection, revision)


def _move(step: Callable[[Config, str], None], connection: Connection, revision: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(ONE_AT_A_TIME)
    try:
        step(_config(connection), revision)
    except CommandError as error:
        raise BadInput(f"the schema stays as it is: {error}") from None


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    return config
