"""PostgreSQL's own programs: what they are told, and what is said where they are missing or too old."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from maskarad.backup.apart import BACKGROUND
from maskarad.backup.errand import made_apart
from maskarad.db import libpq
from tests.backup.place import Place
from tests.backup.test_errand import settings_with
from tests.cli.shell import Shell
from tests.support.servers import PostgresServer

PASSWORD = "tea/witch@7"


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Path]:
    """A folder that is all of PATH."""
    folder = tmp_path / "programs"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(folder))
        yield folder


def program(folder: Path, name: str, *lines: str) -> None:
    file = folder / name
    file.write_text("\n".join(("#!/bin/sh", *lines)))
    file.chmod(0o755)


def test_where_there_is_none(bare: Shell, postgres_url: str, programs: Path, tmp_path: Path) -> None:
    bare.set(DATABASE_URL=postgres_url)
    said = bare.complaint("backup", "create", code=1)
    assert said.startswith("pg_dump is not installed: install PostgreSQL's client programs")
    assert Place(tmp_path, postgres_url).files() == []


def test_one_older_than_the_server(bare: Shell, postgres_url: str, programs: Path) -> None:
    bare.set(DATABASE_URL=postgres_url)
    program(programs, "pg_dump", "echo 'pg_dump (PostgreSQL) 9.6'")
    assert bare.complaint("backup", "create", code=1).startswith("pg_dump is of version 9, the server of ")


def test_no_password_in_a_command_line(bare: Shell, postgres_url: str, programs: Path, tmp_path: Path) -> None:
    noted = tmp_path / "noted"
    program(
        programs,
        "pg_dump",
        f'PATH="{os.defpath}"; for word in "$@"; do echo "argument $word"; done >> {noted}',
        f'echo "password $PGPASSWORD" >> {noted}',
        'exec pg_dump "$@"',
    )
    program(
        programs,
        "psql",
        f'PATH="{os.defpath}"; for word in "$@"; do echo "argument $word"; done >> {noted}',
        'exec psql "$@"',
    )
    # The tests' server asks for none, and takes any.
    url = postgres_url.replace("maskarad@", "maskarad:tea%2Fwitch%407@")
    bare.set(DATABASE_URL=url)
    said = bare("backup", "create")
    assert said.code == 0
    words = noted.read_text().splitlines()
    assert f"password {PASSWORD}" in words
    assert not [word for word in words if word.startswith("argument") and "witch" in word]
    assert "witch" not in said.out + said.err


async def test_one_that_a_platform_has_ordered_is_at_low_priority(
    postgres_url: str, programs: Path, tmp_path: Path
) -> None:
    noted = tmp_path / "noted"
    program(programs, "pg_dump", f'PATH="{os.defpath}"; nice > {noted}', 'exec pg_dump "$@"')
    program(programs, "psql", f'PATH="{os.defpath}" exec psql "$@"')
    settings = settings_with(postgres_url, tmp_path)
    for daily in (False, True):
        assert (await made_apart(settings)(daily)).file
        assert int(noted.read_text()) == min(os.nice(0) + BACKGROUND, 19)
        noted.unlink()


def test_what_libpq_is_told() -> None:
    assert libpq.environment_of("postgresql://anna:p%40ss@db.internal:6432/maskarad?ssl=verify-full") == {
        "PGHOST": "db.internal",
        "PGPORT": "6432",
        "PGUSER": "anna",
        "PGPASSWORD": "p@ss",
        "PGDATABASE": "maskarad",
        "PGSSLMODE": "verify-full",
    }
    assert libpq.environment_of("postgresql:///maskarad?service=ours&passfile=/run/secrets/pgpass") == {
        "PGDATABASE": "maskarad",
        "PGPASSFILE": "/run/secrets/pgpass",
        "PGSERVICE": "ours",
    }
    assert libpq.environment_of("postgresql:///maskarad?host=/run/postgresql") == {
        "PGHOST": "/run/postgresql",
        "PGDATABASE": "maskarad",
    }


def test_a_user_who_may_not_make_databases(bare: Shell, postgres: PostgresServer, postgres_url: str) -> None:
    name = postgres_url.rpartition("/")[2]
    postgres.execute("CREATE ROLE modest LOGIN", "GRANT pg_read_all_data TO modest")
    postgres.execute("CREATE DATABASE scratch_of_modest OWNER modest")
    bare.set(DATABASE_URL=postgres_url)
    assert bare("backup", "create").code == 0
    bare.set(DATABASE_URL=f"postgresql://modest@127.0.0.1:{postgres.port}/{name}")
    assert "name an empty one to try the backup in, --scratch" in bare.complaint("backup", "verify", code=1)
    scratch = f"postgresql://modest@127.0.0.1:{postgres.port}/scratch_of_modest"
    bare.set(DATABASE_URL=postgres_url)
    for _ in range(2):  # it is empty again after the first time
        assert bare("backup", "verify", "--scratch", scratch).code == 0
    assert "is not empty" in bare.complaint("backup", "verify", "--scratch", postgres_url, code=1)
    postgres.execute("DROP DATABASE scratch_of_modest", "REVOKE pg_read_all_data FROM modest", "DROP ROLE modest")
