import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from maskarad.cli.place import alone_on, load_here
from maskarad.db import partitioning, schema
from tests.cli.shell import Said, Shell
from tests.support.databases import connect
from tests.support.servers import PostgresServer

KIND = "SELECT relkind FROM pg_class WHERE relname = 'chat_contexts'"


def test_the_schema_goes_up_down_and_up(shell: Shell) -> None:
    assert shell("db", "current") == Said(0, f"database: empty\nneeded: {schema.REVISION}\n", "")
    assert shell("db", "upgrade") == Said(0, f"schema: {schema.REVISION}\n", "")
    assert shell("db", "upgrade") == Said(0, f"schema: {schema.REVISION}\n", "")
    assert shell("db", "current", "--json").json == {"database": schema.REVISION, "needed": schema.REVISION}
    assert shell("db", "downgrade", "base", "--yes") == Said(0, "schema: empty\n", "")
    assert shell("db", "current", "--json").json == {"database": None, "needed": schema.REVISION}


def test_nothing_is_lost_without_a_yes(home: Shell) -> None:
    home("persona", "add", "--owner", "1001", "--name", "Mira", "--description", "a tea witch")
    said = home("db", "downgrade", "base", stdin="n\n")
    assert said.code == 1
    assert "maskarad: nothing was changed" in said.err
    assert "Mira" in home("persona", "list").out


def test_a_revision_that_is_not_there_is_told(home: Shell) -> None:
    for arguments in (("upgrade", "9999"), ("downgrade", "9999", "--yes")):
        sentence = home.complaint("db", *arguments, code=2)
        assert sentence.startswith("the schema stays as it is: ")
        assert "9999" in sentence


def test_a_history_is_divided_while_nobody_else_is_there(shell: Shell, postgres: PostgresServer) -> None:
    postgres.execute("CREATE DATABASE dividing")
    shell.set(DATABASE_URL=postgres.url("dividing"))
    assert "needs" in shell.complaint("db", "partition", code=1)
    shell("db", "upgrade")
    assert shell("db", "partition") == Said(0, "the history is in partitions\n", "")
    shell("persona", "add", "--owner", "1001", "--name", "Mira", "--description", "a tea witch")
    with at_work(postgres.url("dividing")):
        assert "others are connected" in shell("db", "downgrade", "0003", "--yes").err
    assert shell("db", "downgrade", "0003", "--yes") == Said(0, "schema: 0003\n", "")
    assert "`maskarad db partition`" in shell("db", "upgrade").out
    assert postgres.execute(KIND, database="dividing") == "r"
    with at_work(postgres.url("dividing")):
        assert "others are connected" in shell("db", "partition").err
    assert postgres.execute(KIND, database="dividing") == "r"
    said = shell("db", "partition")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[-1].startswith("the history is in partitions, after ")
    assert postgres.execute(KIND, database="dividing") == "p"
    assert "Mira" in shell("persona", "list").out
    postgres.execute("DROP DATABASE dividing")


def test_others_are_seen_whoever_they_are(shell: Shell, postgres: PostgresServer) -> None:
    postgres.execute("CREATE DATABASE shared", "CREATE ROLE guest LOGIN IN ROLE pg_read_all_data")
    ours = postgres.url("shared")
    theirs = ours.replace("maskarad@", "guest@")
    shell.set(DATABASE_URL=ours)
    shell("db", "upgrade")
    with at_work(theirs):
        assert "others are connected to this database (1)" in shell("db", "downgrade", "0003", "--yes").err
        assert count_others(ours) == 1
    with at_work(ours):
        assert count_others(theirs) == 1
    assert (count_others(ours), count_others(theirs)) == (0, 0)
    postgres.execute("DROP DATABASE shared", "DROP ROLE guest")


def count_others(url: str) -> int:
    with asyncio.Runner() as runner:
        database = connect(url)
        try:
            return runner.run(database.read(partitioning.others))
        finally:
            runner.run(database.close())


@contextmanager
def at_work(url: str) -> Iterator[None]:
    """Somebody else is connected to the database."""
    with asyncio.Runner() as runner:
        database = connect(url)
        runner.run(database.read(schema.revision_of))
        yield
        runner.run(database.close())


def test_under_a_running_platform_the_schema_is_not_taken_back(home: Shell) -> None:
    with alone_on(load_here()):
        assert "another Maskarad is running" in home.complaint("db", "downgrade", "base", "--yes", code=1)
    assert home("db", "downgrade", "base", "--yes") == Said(0, "schema: empty\n", "")


def test_sqlite_has_no_partitions(home: Shell) -> None:
    assert "only a history on PostgreSQL" in home("db", "partition").err
