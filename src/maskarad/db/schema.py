"""Which revision of the schema this code needs, and which one a database has.

Migrating itself is in `migrate.py`, apart, because Alembic's import costs more than the rest of the start.
"""

from sqlalchemy import Connection, inspect, text

REVISION = "0001"


def revision_of(connection: Connection) -> str | None:
    """The database's revision; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
