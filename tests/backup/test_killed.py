"""kill -9 while a backup is made, restored or pruned, at moments nobody has chosen."""

import asyncio
import fcntl
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from maskarad.backup.archive import opened
from maskarad.backup.folder import name_of
from tests.backup.place import Place, contents, fill, store_text, store_texts, write
from tests.backup.test_backup import make, platform_of
from tests.cli.shell import Shell
from tests.support.servers import PostgresServer
from tests.support.until import until

TEXTS = 6_000
"""Of some kilobytes each: so much that making and restoring take longer than a process needs to start."""


@pytest.fixture
def large(shell: Shell, place: Place) -> Shell:
    fill(place)
    chance = random.Random(6)
    texts = [chance.randbytes(1_000).hex() for _ in range(200)]
    write(place.url, partial(store_texts, texts=[f"{number} {texts[number % 200]}" for number in range(TEXTS)]))
    return shell


def start(place: Place, *arguments: str, **more: str) -> "subprocess.Popen[bytes]":
    environment = {"PATH": os.environ["PATH"], **place.variables, **more}
    return subprocess.Popen(
        [sys.executable, "-m", "maskarad", *arguments],
        cwd=place.folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def moments(place: Place, *arguments: str, times: int) -> Iterator[float]:
    """Seconds after which to kill, within what the command takes when nobody does."""
    began = time.monotonic()
    assert start(place, *arguments).wait() == 0
    took = time.monotonic() - began
    for number in range(times):
        yield took * (0.3 + 0.7 * (number + random.random()) / times)


def killed(place: Place, seconds: float, *arguments: str) -> bool:
    """Whether it was killed before it was done."""
    process = start(place, *arguments)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
    return process.wait() != 0


def whole(place: Place, shell: Shell) -> list[str]:
    """The backups that are listed; each can be read to its end."""
    rows: list[Mapping[str, str]] = shell("backup", "list", "--json").json  # type: ignore[assignment]
    for row in rows:
        with opened(place.backups / row["file"], None) as reader:
            assert sum(map(len, reader.data())) == reader.manifest.members["database"].bytes
    return [row["file"] for row in rows]


def left_behind(folder: Path) -> list[str]:
    return [each.name for each in folder.glob(".maskarad-work-*")]


LONG_WORK = """
import fcntl, sys, time
from pathlib import Path
from maskarad.backup.apart import begin
begin(int(sys.argv[-1]))
lock = open("lock", "w")
fcntl.flock(lock, fcntl.LOCK_EX)
print("begun", file=open("begun", "w"))
time.sleep(60)
Path("survived").touch()
"""
WAITING = """
import asyncio, sys
from maskarad.backup.errand import made_apart
from maskarad.settings import load
asyncio.run(made_apart(load(), command=(sys.executable, "-c", sys.argv[1]))(False))
"""


async def test_it_is_gone_with_whoever_waits_for_it(tmp_path: Path) -> None:
    waiting = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", WAITING, LONG_WORK), cwd=tmp_path, env={"PATH": os.environ["PATH"]}
    )
    await until((tmp_path / "begun").exists, 30.0)
    waiting.kill()
    await waiting.wait()
    with (tmp_path / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # which it lets go of in the end, however that comes
    assert not (tmp_path / "survived").exists()


def test_while_one_is_made(large: Shell, place: Place) -> None:
    died = 0
    for seconds in moments(place, "backup", "create", times=3):
        died += killed(place, seconds, "backup", "create")
        whole(place, large)
    before = whole(place, large)
    name = make(large)
    assert whole(place, large) == [name, *before]
    assert left_behind(place.backups) == left_behind(place.data) == []
    assert large("backup", "verify", name).code == 0
    assert died, "none was killed in time"


def test_while_one_is_restored(large: Shell, place: Place) -> None:
    new = make(large)
    backed_up = contents(place.url)
    write(place.url, lambda connection: store_text(connection, -1, "later"))
    died, other = 0, contents(place.url)
    # The whole run is the first restore; each that comes after it begins from the other contents again.
    old = make(large)
    for seconds in moments(place, "restore", new, "--force", times=3):
        assert large("restore", old, "--force").code == 0
        died += killed(place, seconds, "restore", new, "--force")
        assert contents(place.url) in (backed_up, other)
    assert large("restore", new, "--force").code == 0
    assert contents(place.url) == backed_up
    assert left_behind(Path(place.url.removeprefix("sqlite:///")).parent) == []
    assert large("db", "current").code == 0
    assert died, "none was killed in time"


def test_while_old_ones_are_pruned(shell: Shell, place: Place) -> None:
    name = make(shell)
    times = (1_500_000_000.0 + 3_600.0 * number for number in range(5_000))
    old = [name_of(each, platform_of(name), "sqlite", "daily") for each in times]
    died = 0
    for share in (0.0, 0.3, 0.6):
        for each in old:
            (place.backups / each).touch()
        process = start(place, "backup", "prune")
        left = len(old) + 1
        while process.poll() is None and left > len(old) * (1 - share):
            left = len(place.files())
        process.kill()
        process.wait()
        died += 100 < len(place.files()) < len(old) + 1
        assert name in place.files()
        assert old[-1] in place.files()
    assert shell("backup", "prune").code == 0
    assert len(place.files()) <= 1 + 7 + 4 + 6
    assert shell("backup", "prune").out == "all backups are kept\n"
    assert died, "none was killed in the middle"


def test_two_at_once_try_it_in_a_database_of_their_own(place: Place, shell: Shell) -> None:
    fill(place)
    name = make(shell)
    trying = [start(place, "backup", "verify", name) for _ in range(3)]
    assert [each.wait() for each in trying] == [0, 0, 0]


def test_what_a_killed_verify_left_on_the_server_is_dropped(
    bare: Shell, postgres_url: str, postgres: PostgresServer
) -> None:
    bare.set(DATABASE_URL=postgres_url)
    name, database = make(bare), postgres_url.rpartition("/")[2]
    scratches = "SELECT datname FROM pg_database WHERE datname LIKE 'maskarad_scratch_%'"
    own = postgres.execute("SELECT oid FROM pg_database WHERE datname = current_database()", database=database)
    others = "maskarad_scratch_1_left"
    postgres.execute(f"CREATE DATABASE maskarad_scratch_{own}_left", f"CREATE DATABASE {others}")
    assert bare("backup", "verify", name).code == 0
    assert postgres.execute(scratches) == others
    postgres.execute(f"DROP DATABASE {others}")
