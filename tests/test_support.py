"""The tests' own ground: a guard that cannot fail guards nothing."""

from functools import partial

import pytest

from maskarad.db import migrate, users
from tests.support import rows
from tests.support.clock import FakeClock
from tests.support.databases import CountStatements, EmptyDatabases, connect
from tests.support.servers import RedisServer, ServerMissing


def test_a_missing_server_is_named_with_the_way_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ServerMissing, match=r"redis-server is not installed.*apt-get install"):
        RedisServer()


async def test_statements_are_counted_and_bookkeeping_is_not(statements: CountStatements, database_url: str) -> None:
    database = connect(database_url)
    with statements(database) as seen:
        await database.write(rows.persona)
        await database.read(partial(users.load_account, user_id=1))
    after = seen.count
    await database.read(partial(users.load_account, user_id=1))
    await database.close()
    assert seen.count == after >= 4
    assert not [statement for statement in seen.seen if statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE"))]


async def test_a_used_database_is_empty_again_and_a_changed_one_is_dropped(empty_databases: EmptyDatabases) -> None:
    name = empty_databases.take()
    database = connect(empty_databases.url(name))
    await database.write(rows.persona)
    empty_databases.give_back(name)
    assert empty_databases.take() == name
    await database.close()
    database = connect(empty_databases.url(name))
    assert await database.write(rows.persona) == 1
    await database.write(partial(migrate.downgrade, revision="base"))
    await database.close()
    empty_databases.give_back(name)
    another = empty_databases.take()
    assert another != name
    empty_databases.give_back(another)


def test_time_stands_still_until_it_is_moved(clock: FakeClock) -> None:
    before = clock()
    assert clock() == before
    assert clock.advance(1.5) == clock() == before + 1.5


def test_a_started_redis_answers_and_keeps_what_it_was_told(own_redis: RedisServer) -> None:
    own_redis.execute("SET", "name", "Mira")
    own_redis.stop()
    own_redis.start()
    assert own_redis.execute("GET", "name") == b"$4\r\nMira\r\n"


def test_the_shared_redis_is_empty(redis: RedisServer, redis_url: str) -> None:
    assert redis_url == redis.url
    assert redis.execute("DBSIZE") == b":0\r\n"
