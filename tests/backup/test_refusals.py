"""Each thing that is not restored, with its sentence; nothing is changed then."""

import asyncio
import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import insert

from maskarad.backup.archive import BackupWriter, Header, opened
from maskarad.cli.place import alone_on, load_here
from maskarad.db import backups, schema
from maskarad.db.backups import Backup
from maskarad.db.tables import model_prices
from tests.backup.place import Place, contents, fill, store_text, write
from tests.backup.test_backup import make
from tests.cli.shell import Running, Shell
from tests.support.databases import connect
from tests.support.servers import PostgresServer


@pytest.fixture
def name(shell: Shell, place: Place) -> str:
    """A backup of a database in use."""
    fill(place)
    return make(shell)


def of_revision(folder: Path, revision: str, *, database: str = "sqlite", version: str = "9.0") -> Path:
    file = folder / f"of-{revision}-{database}"
    with file.open("wb") as out:
        header = Header(
            format=1,
            maskarad=version,
            made_at=0.0,
            platform="0123abcd",
            database=database,  # type: ignore[arg-type]  # one of both
            reason="manual",
            revision=revision,
            schema="public",
        )
        BackupWriter(out, header, None).end({})
    return file


def test_a_database_in_use_without_force(shell: Shell, place: Place, name: str) -> None:
    before = contents(place.url)
    sentence = "the database is not empty: --force replaces all that is in it by the backup"
    assert shell.complaint("restore", name, code=1) == sentence
    assert contents(place.url) == before


def test_a_new_database_needs_no_force(shell: Shell, place: Place, name: str, empty_target: str) -> None:
    shell.set(DATABASE_URL=empty_target)
    assert shell("db", "upgrade").code == 0
    assert shell("restore", name).code == 0
    assert contents(empty_target) == contents(place.url)


def test_a_platform_that_nobody_has_used_needs_no_force(
    shell: Shell, place: Place, name: str, empty_target: str
) -> None:
    async def run() -> None:
        variables = place.variables | {"DATABASE_URL": empty_target, "DATA_DIR": str(place.folder / "unused")}
        del variables["TELEGRAM_API_BASE_URL"]
        running = await Running.start("run", folder=place.folder, PORT="0", SANDBOX_PORT="0", **variables)
        try:
            assert "is running" in await running.line()
            assert (await running.end(signal.SIGTERM)).code == 0
        finally:
            await running.close()

    asyncio.run(run())
    prices = insert(model_prices).values(model="some/model", prompt=1.0, completion=1.0, seen_at=1.0)
    kept = [Backup(file="one", made_at=1.0, bytes=1, reason="daily")]
    write(empty_target, lambda connection: connection.execute(prices))
    write(empty_target, lambda connection: backups.remember(connection, kept))
    said = shell("restore", name, "--to", empty_target)
    assert (said.code, said.err) == (0, "")
    assert contents(empty_target) == contents(place.url)


def test_a_newer_schema(shell: Shell, place: Place) -> None:
    fill(place)
    before = contents(place.url)
    file = of_revision(place.folder, "9999", database="postgresql" if place.is_server else "sqlite")
    said = shell.complaint("restore", str(file), "--force", code=1)
    assert f"schema 9999, which this version ({schema.REVISION}) does not know: install Maskarad 9.0" in said
    assert contents(place.url) == before


def test_the_other_kind_of_database(shell: Shell, place: Place) -> None:
    file = of_revision(place.folder, schema.REVISION, database="sqlite" if place.is_server else "postgresql")
    said = shell.complaint("restore", str(file), code=1)
    assert "`maskarad db move`" in said
    assert ("the backup is of SQLite" if place.is_server else "the backup is of PostgreSQL") in said


def test_a_changed_file(shell: Shell, place: Place, name: str, empty_target: str) -> None:
    file = place.backups / name
    before, whole = contents(place.url), file.read_bytes()
    flipped = bytearray(whole)
    flipped[random.Random(6).randrange(len(whole) // 2, len(whole))] ^= 1
    for changed in (whole[:-1], bytes(flipped)):
        file.write_bytes(changed)
        for command in (("restore", name, "--force"), ("restore", name, "--to", empty_target), ("backup", "verify")):
            assert "damaged or was changed" in shell.complaint(*command, code=1)
    assert contents(place.url) == before
    file.write_bytes(whole)
    assert shell("restore", file.name, "--to", empty_target).code == 0


def test_what_is_not_what_the_backup_says(shell: Shell, place: Place, name: str, empty_target: str) -> None:
    write(place.url, lambda connection: store_text(connection, 1, "later"))
    before = contents(place.url)
    with opened(place.backups / name, None) as reader:
        data, tables = b"".join(reader.data()), dict(reader.manifest.tables)
    tables["users"] = msgspec.structs.replace(tables["users"], checksum="0" * 32)
    other = place.folder / "other.backup"
    with other.open("wb") as out:
        writer = BackupWriter(out, reader.header, None)
        writer.write(data)
        writer.end(tables)
    for command in (("restore", str(other), "--force"), ("restore", str(other), "--to", empty_target)):
        said = shell.complaint(*command, code=1)
        assert said == (
            "what was restored is not what the backup says, in users, and nothing was changed; take another one"
        )
    assert "in users" in shell.complaint("backup", "verify", str(other), code=1)
    assert contents(place.url) == before
    shell.set(DATABASE_URL=empty_target)
    assert shell("db", "current", "--json").json == {"database": None, "needed": schema.REVISION}


def test_a_wrong_passphrase_and_none(shell: Shell, place: Place) -> None:
    fill(place)
    shell.set(BACKUP_PASSPHRASE="kitchen")
    name = make(shell)
    before = contents(place.url)
    shell.set(BACKUP_PASSPHRASE="garden")
    assert shell.complaint("restore", name, "--force", code=1).startswith("this is not the passphrase")
    shell.set(BACKUP_PASSPHRASE="")
    assert shell.complaint("restore", name, "--force", code=1).startswith("the backup is encrypted: set BACKUP_PASSPH")
    assert contents(place.url) == before


def test_a_running_platform(shell: Shell, place: Place, name: str) -> None:
    before = contents(place.url)
    with running(place):
        said = shell.complaint("restore", name, "--force", code=1)
        assert (
            "stop every process of the platform first" if place.is_server else "another Maskarad is running"
        ) in said
    assert contents(place.url) == before
    assert shell("restore", name, "--force").code == 0


@contextmanager
def running(place: Place) -> Iterator[None]:
    if not place.is_server:
        with alone_on(load_here()):
            yield
        return
    with asyncio.Runner() as runner:
        database = connect(place.url)
        runner.run(database.read(schema.revision_of))
        yield
        runner.run(database.close())


def test_what_is_no_backup_and_what_is_not_there(shell: Shell, place: Place) -> None:
    (place.folder / "photo.jpg").write_bytes(b"\xff\xd8" * 100)
    assert shell.complaint("restore", "photo.jpg", code=1).startswith("the file is not a backup of Maskarad")
    assert shell.complaint("restore", "nothing", code=1).startswith("there is no backup nothing;")
    assert shell.complaint("backup", "verify", code=1).startswith("there are no backups of this platform in ")
    assert "--to: must be sqlite:///FILE" in shell.complaint("restore", "photo.jpg", "--to", "mysql://x", code=2)


def test_tables_of_somebody_else(bare: Shell, postgres_url: str, postgres: PostgresServer) -> None:
    bare.set(DATABASE_URL=postgres_url)
    name = make(bare)
    postgres.execute("CREATE DATABASE shared_with_others")
    postgres.execute("CREATE TABLE orders (id int)", "INSERT INTO orders VALUES (1)", database="shared_with_others")
    said = bare.complaint("restore", name, "--force", "--to", postgres.url("shared_with_others"), code=1)
    assert "does not know (orders)" in said
    assert postgres.execute("SELECT count(*) FROM orders", database="shared_with_others") == "1"
    postgres.execute("DROP DATABASE shared_with_others")


def test_a_view_of_somebody_elses_stays(bare: Shell, postgres_url: str, postgres: PostgresServer) -> None:
    bare.set(DATABASE_URL=postgres_url)
    name, database = make(bare), postgres_url.rpartition("/")[2]
    postgres.execute("CREATE VIEW report AS SELECT count(*) AS people FROM users", database=database)
    assert "depends on the platform's tables" in bare.complaint("restore", name, "--force", code=1)
    assert postgres.execute("SELECT people FROM report", database=database) == "0"
    postgres.execute("DROP VIEW report", database=database)


def test_a_broken_sqlite_file_gives_way_to_a_backup(bare: Shell, sqlite_url: str) -> None:
    bare.set(DATABASE_URL=sqlite_url)
    name, file = make(bare), Path(sqlite_url.removeprefix("sqlite:///"))
    file.write_bytes(b"this was a database" * 1_000)
    assert "--force" in bare.complaint("restore", name, code=1)
    assert bare("restore", name, "--force").code == 0
    assert bare("backup", "verify", name).code == 0
    assert bare("persona", "list").code == 0
