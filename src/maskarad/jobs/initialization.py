"""What is made sure of before anything runs."""

import asyncio

from maskarad.memory.analyzer import analyze
from maskarad.memory.context import ContextStore


async def database_initialization_task(store: ContextStore) -> None:
    """An empty database gets its schema, and the analyser its lexicons. Raises SchemaOutdated for a schema that this
    code does not fit, DatabaseUnavailable.

    `maskarad run` has brought the schema up to date before, in a process of its own, where Alembic's 20 MB end with the
    work (`cli/run.py`)."""
    await store.init_db()
    await asyncio.to_thread(analyze, "")
