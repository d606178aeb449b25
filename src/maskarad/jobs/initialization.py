"""What is made sure of before anything runs."""

from maskarad.db import schema
from maskarad.db.engine import Database


async def database_initialization_task(database: Database) -> None:
    """Does the database have the schema that this code needs? Raises SchemaOutdated, also for an empty one: whoever
    starts the platform then brings it up to date in a process of its own, where Alembic's 20 MB end with the work
    (`cli/run.py`). Raises DatabaseUnavailable."""
    await database.read(schema.check)
