"""A statement that takes too long on a database that is there: told from one that is not, because it may never end."""

import pytest
from sqlalchemy import Connection, make_url, text

from maskarad.db.server import ServerDatabase
from maskarad.errors import DatabaseUnavailable, StatementTimedOut
from tests.support.servers import PostgresServer


@pytest.mark.parametrize("limit", ["the driver's", "the server's"])
async def test_a_statement_that_takes_too_long(postgres_url: str, limit: str) -> None:
    timeout = 0.1 if limit == "the driver's" else None
    database = ServerDatabase(make_url(postgres_url), pool_size=1, max_overflow=0, statement_timeout=timeout)

    def sleep(connection: Connection) -> None:
        if timeout is None:
            connection.execute(text("SET LOCAL statement_timeout = 100"))
        connection.execute(text("SELECT pg_sleep(30)"))

    try:
        with pytest.raises(StatementTimedOut):
            await database.write(sleep)
        assert await database.read(lambda connection: connection.execute(text("SELECT 1")).scalar_one()) == 1
    finally:
        await database.close()


async def test_a_server_that_is_not_there_is_another_matter(postgres: PostgresServer) -> None:
    url = make_url(postgres.url("postgres")).set(host="127.0.0.1", port=1)
    database = ServerDatabase(url, pool_size=1, max_overflow=0)
    with pytest.raises(DatabaseUnavailable) as caught:
        await database.read(lambda connection: connection.execute(text("SELECT 1")).scalar_one())
    assert not isinstance(caught.value, StatementTimedOut)
    await database.close()
