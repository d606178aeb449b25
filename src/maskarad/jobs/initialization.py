"""What is made sure of before anything runs."""

import asyncio
from collections.abc import Callable

from maskarad.db.engine import Database
from maskarad.db.opening import make_ready


async def database_initialization_task(database: Database, warm_up: Callable[[], object] | None = None) -> None:
    """An empty database gets its schema; `warm_up` (the analyser reads its lexicons) runs beside the event loop. Raises
    SchemaOutdated for a schema that this code does not fit, DatabaseUnavailable.

    `maskarad run` has brought the schema up to date before, in a process of its own, where Alembic's 20 MB end with the
    work (`cli/serving.py`)."""
    await make_ready(database)
    if warm_up is not None:
        await asyncio.to_thread(warm_up)
