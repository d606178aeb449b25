"""Who watches a long command sees how far it is, whatever it knows of its end."""

import sys
from pathlib import Path

import pytest

from tests.cli.shell import Shell


def test_backups_on_a_terminal(home: Shell, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.set(DATABASE_URL=database_url, BACKUP_DIR=str(tmp_path / "backups"))
    made = home("backup", "create", "--json")
    assert made.err == ""
    assert isinstance(made.json, dict)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    for command, steps in (
        (("backup", "create"), ("Counting", "rows/s", "Packing", "MB/s")),
        (("backup", "verify"), ("Unpacking", "MB/s", "Comparing", "0 rows left", "100%")),
        (("restore", made.json["file"], "--force"), ("Unpacking", "MB/s", "Comparing", "0 rows left", "100%")),
    ):
        said = home(*command)
        assert said.code == 0, said
        for words in steps:
            assert words in said.err
