"""PostgreSQL through asyncpg. Imported only where it is used: SQLAlchemy's asyncio side brings its ORM, 6 MB."""

from collections.abc import Sequence

from sqlalchemy import Engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from maskarad.db.engine import Query, T
from maskarad.db.failures import translated

CONNECT_TIMEOUT = 5.0
STATEMENT_TIMEOUT = 20.0


class ServerDatabase:
    """PostgreSQL through asyncpg."""

    def __init__(self, url: URL, *, pool_size: int, max_overflow: int) -> None:
        self._engine = create_async_engine(
            url.set(drivername="postgresql+asyncpg"),
            pool_size=pool_size,
            max_overflow=max_overflow,
            pool_timeout=CONNECT_TIMEOUT,
            connect_args={"timeout": CONNECT_TIMEOUT, "command_timeout": STATEMENT_TIMEOUT},
            hide_parameters=True,
        )
        self._reader = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @property
    def engines(self) -> Sequence[Engine]:
        return (self._engine.sync_engine,)

    async def read(self, query: Query[T]) -> T:
        return await self._run(self._reader, query)

    async def write(self, query: Query[T]) -> T:
        return await self._run(self._engine, query)

    async def _run(self, engine: AsyncEngine, query: Query[T]) -> T:
        try:
            async with engine.begin() as connection:
                return await connection.run_sync(query)
        except (DBAPIError, PoolTimeout, OSError) as error:
            raise translated(error) from None

    async def close(self) -> None:
        await self._engine.dispose()
