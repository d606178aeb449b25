"""PostgreSQL through asyncpg. Imported only where it is used."""

from collections.abc import Sequence

from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.util import greenlet_spawn

from maskarad.db.engine import READS, Query, T
from maskarad.db.failures import translated
from maskarad.errors import StatementTimedOut

CONNECT_TIMEOUT = 5.0
STATEMENT_TIMEOUT = 20.0
IDLE_TIMEOUT = "8s"
"""A transaction that nobody goes on with is ended by then: its process stands still, and others wait for its rows."""


class ServerDatabase:
    """A transaction is one greenlet, from the pool and back to it. SQLAlchemy's `AsyncEngine` starts one for each step,
    and brings the ORM, 6 MB."""

    def __init__(
        self, url: URL, *, pool_size: int, max_overflow: int, statement_timeout: float | None = STATEMENT_TIMEOUT
    ) -> None:
        self._engine = create_engine(
            url.set(drivername="postgresql+asyncpg"),
            pool_size=pool_size,
            max_overflow=max_overflow,
            pool_timeout=CONNECT_TIMEOUT,
            # The connection used last has its statements prepared and its server's plans at hand.
            pool_use_lifo=True,
            connect_args={
                "timeout": CONNECT_TIMEOUT,
                "command_timeout": statement_timeout,
                "server_settings": _settings(limited=statement_timeout is not None),
            },
            hide_parameters=True,
        )
        self._reader = self._engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True, **{READS: True}
        )

    @property
    def engines(self) -> Sequence[Engine]:
        return (self._engine,)

    async def read(self, query: Query[T]) -> T:
        return await self._run(self._reader, query)

    async def write(self, query: Query[T]) -> T:
        return await self._run(self._engine, query)

    async def _run(self, engine: Engine, query: Query[T]) -> T:
        try:
            return await greenlet_spawn(_transaction, engine, query)
        except (DBAPIError, PoolTimeout, OSError) as error:
            raise translated(error) from None

    async def close(self) -> None:
        await greenlet_spawn(self._engine.dispose)


def _settings(*, limited: bool) -> dict[str, str]:
    """Of the server's session, at its start: SET would be one more statement in every transaction. PgBouncer refuses
    them unless its `ignore_startup_parameters` names them; recall then takes longer in very long histories, and a
    process that stands still in the middle of a transaction holds its rows until it goes on."""
    # Of a word that stands in very many lines some are enough for recall (`db/recall.py`).
    session = {"gin_fuzzy_search_limit": "2000"}
    return session | {"idle_in_transaction_session_timeout": IDLE_TIMEOUT} if limited else session


def _transaction(engine: Engine, query: Query[T]) -> T:
    with engine.begin() as connection:
        try:
            return query(connection)
        except TimeoutError:  # the driver's, on a connection that is open: before, nobody was there
            raise StatementTimedOut("the statement took too long") from None
