"""The address of a database becomes the database."""

import importlib
from pathlib import Path

from sqlalchemy.engine import make_url

from maskarad.db import schema
from maskarad.db.engine import Database


def open_database(url: str, *, pool_size: int, max_overflow: int, patient: bool = False) -> Database:
    """Connect lazily to `sqlite:///FILE` or `postgresql://…`. `patient`: a statement may take as long as it will."""
    parsed = make_url(url)
    database: Database
    if parsed.get_backend_name() == "sqlite":
        database = importlib.import_module("maskarad.db.embedded").EmbeddedDatabase(Path(parsed.database or ""))
        return database
    server = importlib.import_module("maskarad.db.server")
    timeout = {"statement_timeout": None} if patient else {}
    database = server.ServerDatabase(parsed, pool_size=pool_size, max_overflow=max_overflow, **timeout)
    return database


async def make_ready(database: Database) -> None:
    """Make the schema of an empty database. An older schema stays as it is, because a platform may be running on it:
    raises SchemaOutdated, DatabaseUnavailable."""
    if await database.read(schema.revision_of) is None:
        # Alembic's import takes longer than all the rest, and a database is empty only once.
        await database.write(importlib.import_module("maskarad.db.migrate").upgrade)
    await database.read(schema.check)
