"""What time it is for the database."""

from sqlalchemy import Connection, text

_NOW = text("SELECT extract(epoch FROM clock_timestamp())::double precision")


def now(connection: Connection) -> float:
    """Unix seconds of a PostgreSQL server."""
    return float(connection.execute(_NOW).scalar_one())
