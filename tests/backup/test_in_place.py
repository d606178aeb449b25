"""Where the restored file takes the old one's place."""

import errno
import os
from pathlib import Path

import pytest

from tests.backup.place import Place, contents, fill, store_text, write
from tests.backup.test_backup import make
from tests.cli.shell import Shell


def test_a_file_system_without_hard_links_will_do(
    bare: Shell, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, file = Place(tmp_path, sqlite_url), Path(sqlite_url.removeprefix("sqlite:///"))
    bare.set(**place.variables)
    fill(place)
    name = make(bare)
    backed_up = contents(place.url)
    write(place.url, lambda connection: store_text(connection, -1, "later"))
    asked: list[Path] = []

    def refuse(source: Path, _target: Path) -> None:
        asked.append(source)
        raise OSError(errno.EPERM, os.strerror(errno.EPERM), str(source))

    monkeypatch.setattr(os, "link", refuse)
    assert bare("restore", name, "--force").code == 0
    assert contents(place.url) == backed_up
    assert asked == [file]
    assert not list(file.parent.glob("*.before-restore*"))
