"""Migrations up and down, on either database, each run in one transaction."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

from maskarad.errors import BadInput

SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Raises BadInput for a revision, or a database, that this version does not know."""
    _move(command.upgrade, connection, revision)


def downgrade(connection: Connection, revision: str) -> None:
    """`base` leaves an empty database. Raises BadInput as `upgrade` does."""
    _move(command.downgrade, connection, revision)


def _move(step: Callable[[Config, str], None], connection: Connection, revision: str) -> None:
    try:
        step(_config(connection), revision)
    except CommandError as error:
        raise BadInput(f"the schema stays as it is: {error}") from None


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    return config
