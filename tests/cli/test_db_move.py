"""The way from one machine to many, as whoever types it sees it."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Connection, insert, inspect

from maskarad.cli.place import alone_on, load_here
from maskarad.db import contents
from maskarad.db.moving import LEFT_BEHIND
from maskarad.db.tables import chat_contexts
from maskarad.key_file import KeyFile
from tests.cli.shell import Running, Shell
from tests.support import rows
from tests.support.databases import connect
from tests.support.rows import GROUP, NOW
from tests.support.servers import PostgresServer

T = TypeVar("T")

MANY = 20_000
PASSWORD = "a-password-nobody-prints"
MIRA = ("persona", "add", "--owner", "1001", "--name", "Mira", "--description", "a tea witch")


@pytest.fixture
def server_url(postgres: PostgresServer) -> Iterator[str]:
    """Of a database without any table."""
    postgres.execute("CREATE DATABASE moved_here")
    yield postgres.url("moved_here")
    postgres.execute("DROP DATABASE moved_here WITH (FORCE)")


def with_rows(url: str, work: Callable[[Connection], T]) -> T:
    async def run() -> T:
        database = connect(url)
        try:
            return await database.write(work)
        finally:
            await database.close()

    return asyncio.run(run())


def tables_of(connection: Connection) -> list[str]:
    return inspect(connection).get_table_names()


def held(connection: Connection) -> dict[str, contents.TableContents]:
    return contents.fingerprint(connection, leave_out=LEFT_BEHIND)


def talk_much(connection: Connection) -> None:
    link_id = rows.link(connection)
    line = {"chat_bot_instance_id": link_id, "chat_id": GROUP.id, "user_id": 1002, "user_name": "Боб"}
    said = {**line, "from_persona": False, "text": "слово " * 20, "timestamp": NOW}
    connection.execute(insert(chat_contexts), [{**said, "message_order": number} for number in range(MANY)])


def test_a_platform_moves_to_postgresql_and_back(home: Shell, server_url: str, tmp_path: Path) -> None:
    home(*MIRA)
    before = with_rows(load_here().database, held)
    there = server_url.replace("maskarad@", f"maskarad:{PASSWORD}@")
    said = home("db", "move", "--to", there)
    assert said.code == 0, said
    first, *steps = said.out.splitlines()
    rows_moved = sum(each.rows for each in before.values())
    assert first.startswith(f"moved: {rows_moved} rows in ")
    assert first.endswith(" s; both databases hold the same")
    assert [step.split()[0] for step in steps] == ["Next:", "1.", "2.", "3."]
    for name in ("DATABASE_URL", "REDIS_URL", "MASKARAD_SECRET_KEY", str(load_here().data_dir / "secret.key")):
        assert name in said.out
    assert PASSWORD not in said.out + said.err
    assert with_rows(server_url, held) == before
    home.set(DATABASE_URL=server_url)
    assert "Mira" in home("persona", "list").out
    back = f"sqlite:///{tmp_path / 'back' / 'again.db'}"
    assert f"DATABASE_URL={back}" in home("db", "move", "--to", back).out
    assert with_rows(back, held) == before


def test_where_nobody_watches_some_lines_tell_how_far_it_is(home: Shell, sqlite_url: str, server_url: str) -> None:
    with_rows(sqlite_url, talk_much)
    told = home("db", "move", "--to", server_url).err.splitlines()
    copied = MANY + 5
    for stage, total in (("copying", copied), ("checking", 2 * copied)):
        lines = [line for line in told if line.startswith(f"{stage}: ")]
        assert 10 <= len(lines) <= 12
        assert lines[0] == f"{stage}: 1 of {total:,} rows, {total - 1:,} left"
        assert lines[-1] == f"{stage}: {total:,} of {total:,} rows, 0 left"


def test_who_watches_sees_a_bar(home: Shell, server_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    home(*MIRA)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    said = home("db", "move", "--to", server_url)
    assert said.code == 0
    for words in ("Copying", "Checking", "100%", "0 rows left"):
        assert words in said.err


@pytest.mark.parametrize(
    ("to", "sentence"),
    [
        ("", "--to: must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"),
        ("mysql://there", "--to: must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"),
        (
            "postgresql://a:secret@127.0.0.1:1/b?ssl=nonsense",
            "--to: ssl must be one of disable, allow, prefer, require, verify-ca, verify-full",
        ),
        ("postgresql://a:secret@127.0.0.1:1/b", "--to: that database cannot be used (ConnectionRefusedError)"),
    ],
)
def test_an_address_where_nothing_is(home: Shell, to: str, sentence: str) -> None:
    assert home.complaint("db", "move", "--to", to, code=2) == sentence


def test_an_address_that_the_driver_does_not_take_is_told(home: Shell, tmp_path: Path) -> None:
    home.set(HOME=str(tmp_path))  # where no certificate is
    address = "postgresql://a:secret@127.0.0.1:1/b?ssl=verify-full"
    assert "need the certificate" in home.complaint("db", "move", "--to", address, code=2)
    home.set(DATABASE_URL=address)
    for command in (("db", "current"), ("persona", "list"), ("backup", "create")):
        assert "need the certificate" in home.complaint(*command, code=1), command


def test_a_database_that_is_no_database(home: Shell, postgres: PostgresServer, tmp_path: Path) -> None:
    sentence = home.complaint("db", "move", "--to", postgres.url("nowhere"), code=2)
    assert sentence == "--to: that database cannot be used (the server has no database of this name)"
    (tmp_path / "notes.txt").write_text("to buy: tea\n" * 1_000)
    sentence = home.complaint("db", "move", "--to", f"sqlite:///{tmp_path / 'notes.txt'}", code=2)
    assert sentence == "--to: that database cannot be used (DatabaseError)"
    assert (tmp_path / "notes.txt").read_text().startswith("to buy: tea\n")


def test_the_same_file_is_known_by_any_name(home: Shell, tmp_path: Path) -> None:
    home(*MIRA)
    (tmp_path / "link.db").symlink_to(tmp_path / "maskarad.db")
    for name in ("maskarad.db", "../" + tmp_path.name + "/maskarad.db", "link.db"):
        sentence = home.complaint("db", "move", "--to", f"sqlite:///{tmp_path}/{name}", code=2)
        assert sentence == "--to names the database that is to be moved"


def test_a_target_that_is_in_use_is_refused_and_nothing_overrides_that(
    home: Shell, postgres_url: str, sqlite_url: str
) -> None:
    with_rows(postgres_url, rows.persona)
    assert "is not empty (users, persona_configs)" in home.complaint("db", "move", "--to", postgres_url, code=2)
    assert "No such option" in home("db", "move", "--to", postgres_url, "--force").err


def test_an_empty_platform_is_moved_without_a_key_that_it_does_not_have(
    home: Shell, server_url: str, tmp_path: Path
) -> None:
    folder = load_here().data_dir
    back = home("db", "move", "--to", f"sqlite:///{tmp_path / 'there.db'}").out
    assert back.startswith("moved: 1 row in ")
    assert f"no secret key has to be taken along: {folder / 'secret.key'} is made by the first start" in back
    on = home("db", "move", "--to", server_url).out
    assert f"one new key, the same on every machine ({folder / 'secret.key'} is not there yet)" in on
    KeyFile(folder).make()
    back = home("db", "move", "--to", f"sqlite:///{tmp_path / 'again.db'}").out
    assert f"the key in {folder / 'secret.key'} (of several lines" in back


def test_neither_side_may_be_running(home: Shell, tmp_path: Path) -> None:
    home(*MIRA)
    there = f"sqlite:///{tmp_path / 'there.db'}"
    with alone_on(load_here()):
        said = home.complaint("db", "move", "--to", there, code=1)
        assert said.startswith("DATABASE_URL: another Maskarad is running on ")
        assert said.endswith("; stop it or name another file")
    with alone_on(load_here().model_copy(update={"database_url": there})):
        said = home.complaint("db", "move", "--to", there, code=1)
        assert said.startswith("--to: another Maskarad is running on ")
    assert home("db", "move", "--to", there).code == 0


@pytest.mark.parametrize("stage", ["copying", "checking"])
@pytest.mark.parametrize("to_server", [True, False], ids=["to-postgresql", "to-sqlite"])
async def test_killed_in_the_middle_it_leaves_the_target_empty(
    stage: str, to_server: bool, sqlite_url: str, server_url: str, postgres_url: str, tmp_path: Path
) -> None:
    source, there = (sqlite_url, server_url) if to_server else (postgres_url, f"sqlite:///{tmp_path / 'there.db'}")
    database = connect(source)
    await database.write(talk_much)
    before = await database.read(contents.fingerprint)
    await database.close()
    command = ("db", "move", "--to", there)
    settings = {"DATABASE_URL": source, "DATA_DIR": str(tmp_path)}
    running = await Running.start(*command, folder=tmp_path, **settings)
    try:
        assert running.process.stderr is not None
        async with asyncio.timeout(60):
            while not (await running.process.stderr.readline()).startswith(f"{stage}: 2".encode()):
                assert running.process.returncode is None
        running.process.kill()
        assert await running.process.wait() == -9
    finally:
        await running.close()
    assert await looked_at(there, tables_of) == []
    assert await looked_at(source, contents.fingerprint) == before
    again = await Running.start(*command, folder=tmp_path, **settings)
    assert (await again.end()).code == 0
    assert await looked_at(there, held) == {name: each for name, each in before.items() if name not in LEFT_BEHIND}


async def looked_at(url: str, query: Callable[[Connection], T]) -> T:
    database = connect(url)
    try:
        return await database.read(query)
    finally:
        await database.close()
