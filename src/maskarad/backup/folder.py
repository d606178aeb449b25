"""The folder of backups: what is in it, how a file gets there whole, and what killed processes left."""

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from maskarad.backup.archive import Header, Kind, Reason
from maskarad.values import Value

_WORK = ".maskarad-work-"
_NAME = re.compile(r"maskarad-([0-9]{8}T[0-9]{9})Z-([0-9a-f]{8})-(sqlite|postgresql)-(daily|manual|migration)\.backup")
_TIME = "%Y%m%dT%H%M%S"


class Stamp(Value, frozen=True):
    """A backup as its name tells of it."""

    name: str
    made_at: float
    platform: str
    database: Kind
    reason: Reason


def name_of(made_at: float, platform: str, database: Kind, reason: Reason) -> str:
    """Of milliseconds, UTC; nobody's name is in it."""
    whole, thousandths = divmod(round(made_at * 1_000), 1_000)
    moment = datetime.fromtimestamp(whole, UTC).strftime(_TIME)
    return f"maskarad-{moment}{thousandths:03d}Z-{platform}-{database}-{reason}.backup"


def stamp_of(name: str) -> Stamp | None:
    """None: it is no backup's name."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    moment, platform, database, reason = match.groups()
    try:
        whole = datetime.strptime(moment[:-3], _TIME).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
    made_at = whole + int(moment[-3:]) / 1_000
    return Stamp(name, made_at, platform, database, reason)  # type: ignore[arg-type]  # of the pattern


def stamps(folder: Path, platform: str | None = None) -> Sequence[Stamp]:
    """The newest first, those of one platform where it is given: several may have the same folder. None where there is
    no folder."""
    names = (each.name for each in folder.iterdir()) if folder.is_dir() else ()
    found = (stamp_of(name) for name in names)
    return sorted(
        (each for each in found if each is not None and platform in (None, each.platform)),
        key=lambda each: (each.made_at, each.name),
        reverse=True,
    )


@contextmanager
def workplace(folder: Path) -> Iterator[Path]:
    """A folder in `folder` for what is not finished, gone with all in it when the block ends. It is locked by its
    process; what a killed one left is taken away by the next that comes here."""
    if not folder.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        give_to_owner_of(folder.parent, folder)
    with locked(folder):
        take_away_leftovers(folder)
        made = Path(tempfile.mkdtemp(prefix=_WORK, dir=folder))
        give_to_owner_of(folder, made)
        descriptor = os.open(made, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
        os.close(descriptor)


def take_away_leftovers(folder: Path) -> int:
    """To be called with `folder` locked; returns how many killed processes had left something."""
    gone = 0
    for each in folder.glob(f"{_WORK}*"):
        try:
            descriptor = os.open(each, os.O_RDONLY)
        except (FileNotFoundError, PermissionError):
            continue  # somebody else's, who will see to it
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue  # its process lives
        else:
            shutil.rmtree(each, ignore_errors=True)
            gone += 1
        finally:
            os.close(descriptor)
    return gone


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """For as long as a name is chosen, or something there is taken away."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def put(finished: Path, folder: Path, header: Header) -> Stamp:
    """A file of a workplace becomes a backup: whole or not at all, whenever the machine stops."""
    synced(finished)
    give_to_owner_of(folder, finished)
    with locked(folder):
        made_at = header.made_at
        while (final := folder / name_of(made_at, header.platform, header.database, header.reason)).exists():
            made_at += 0.001
        finished.rename(final)
        synced(folder)
    stamp = stamp_of(final.name)
    assert stamp is not None
    return stamp


def synced(path: Path) -> None:
    """What is in a file, or which files are in a folder, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def new_file(path: Path) -> Path:
    """An empty one that only its owner may read."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    return path


def give_to_owner_of(like: Path, path: Path) -> None:
    """Where root makes something for the user whom the platform runs as, that user must be able to read it."""
    of = like.stat()
    with suppress(PermissionError):
        os.chown(path, of.st_uid, of.st_gid)
