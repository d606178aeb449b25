"""What is made sure of before anything runs."""

import asyncio
from collections.abc import Callable

from maskarad.memory.context import ContextStore


async def database_initialization_task(store: ContextStore, warm_up: Callable[[], object] | None = None) -> None:
    """An empty database gets its schema; `warm_up` (the analyser reads its lexicons) runs beside the event loop. Raises
    SchemaOutdated for a schema that this code does not fit, DatabaseUnavailable.

    `maskarad run` has brought the schema up to date before, in a process of its own, where Alembic's 20 MB end with the
    work (`cli/serving.py`)."""
    await store.init_db()
    if warm_up is not None:
        await asyncio.to_thread(warm_up)
