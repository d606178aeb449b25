"""What root makes or leaves in the folders of the platform's user does not stand in that user's way."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from maskarad.backup import folder as files
from maskarad.cli.place import alone_on
from tests.backup.test_errand import settings_with

NOBODY = 65_534


@pytest.fixture
def folder() -> Iterator[Path]:
    """Of the platform's user, in a place that each user can reach."""
    with tempfile.TemporaryDirectory() as made:
        if os.geteuid() == 0:
            os.chown(made, NOBODY, NOBODY)
        yield Path(made)


@contextmanager
def as_its_owner(folder: Path) -> Iterator[None]:
    before = os.geteuid()
    os.seteuid(folder.stat().st_uid)
    try:
        yield
    finally:
        os.seteuid(before)


def test_what_a_killed_process_of_roots_left(folder: Path) -> None:
    (folder / ".maskarad-work-left").mkdir(mode=0)
    with as_its_owner(folder), files.workplace(folder) as work:
        assert work.is_dir()


def test_what_root_works_in_is_its_owners(folder: Path) -> None:
    with files.workplace(folder) as work:
        assert work.stat().st_uid == folder.stat().st_uid


def test_the_lock(folder: Path) -> None:
    settings = settings_with(f"sqlite:///{folder / 'maskarad.db'}", folder)
    lock = folder / "maskarad.db.lock"
    lock.touch(mode=0o444)
    with as_its_owner(folder), alone_on(settings):
        pass
    lock.unlink()
    with alone_on(settings):
        assert lock.stat().st_uid == folder.stat().st_uid
