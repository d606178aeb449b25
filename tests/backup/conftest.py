from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backup.place import Place
from tests.cli.shell import VARIABLES, Shell
from tests.support.servers import PostgresServer


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Shell:
    """A shell that has yet to be told of a database."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    made = Shell(monkeypatch, capsys)
    made.set(**Place(tmp_path, "").variables)
    return made


@pytest.fixture
def shell(bare: Shell, place: Place) -> Shell:
    """Once with SQLite and once with PostgreSQL, where nothing else is set than the place of things."""
    bare.set(**place.variables)
    return bare


@pytest.fixture
def place(tmp_path: Path, database_url: str) -> Place:
    return Place(tmp_path, database_url)


@pytest.fixture
def empty_target(request: pytest.FixtureRequest, tmp_path: Path, database_url: str) -> Iterator[str]:
    """The address of a database of the same kind in which nothing is, no schema either."""
    if database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'other.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"target_{abs(hash(tmp_path)) % 10**8}"
    server.execute(f"CREATE DATABASE {name}")
    yield server.url(name)
    server.execute(f"DROP DATABASE {name} WITH (FORCE)")
