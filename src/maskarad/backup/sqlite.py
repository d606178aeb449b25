"""SQLite: a copy at one moment while others write, and a file in the place of another."""

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from maskarad.backup.failures import BackupFailed, ContentsDiffer, RestoreRefused
from maskarad.backup.folder import give_to_owner_of, new_file, synced
from maskarad.backup.progress import Progress

PAGES_AT_ONCE = 2_000
BUSY_TIMEOUT = 5.0
PIECE_BYTES = 2**20

BESIDE = ("-wal", "-shm")
"""What SQLite keeps beside a file while it is in use, and needs after a crash."""

ASIDE = ".before-restore"

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
"""What file systems without hard links say (link(2): exFAT and some network ones), or a file that has too many."""


def copy(source: Path, target: Path, progress: Progress) -> None:
    """By the online backup, in a transaction that reads: it sees one moment, and keeps nobody from writing. Raises
    BackupFailed, OSError."""
    new_file(target)
    try:
        with closing(_connect(source)) as reading, closing(_connect(target)) as writing:
            reading.execute("BEGIN")
            reading.execute("SELECT count(*) FROM sqlite_master").fetchone()  # from here on the moment stands still
            reading.backup(
                writing,
                pages=PAGES_AT_ONCE,
                progress=lambda _status, left, total: progress("copying", total - left, total),
            )
            reading.rollback()
    except sqlite3.Error as error:
        raise BackupFailed(f"the database could not be copied: {error}") from None


def check(file: Path) -> None:
    """Raises ContentsDiffer when SQLite finds the file damaged."""
    with closing(_connect(file)) as connection:
        try:
            said = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(1)")]
        except sqlite3.Error as error:
            said = [str(error)]
    if said != ["ok"]:
        raise ContentsDiffer("SQLite finds the restored file damaged; take another backup")


def pieces(file: Path, progress: Progress) -> Iterator[bytes]:
    total, done = file.stat().st_size, 0
    with file.open("rb") as opened:
        while piece := opened.read(PIECE_BYTES):
            yield piece
            done += len(piece)
            progress("packing", done, total)


def has_tables(file: Path) -> bool:
    """Also where that cannot be found out: what is there is somebody's."""
    if not file.exists() or not file.stat().st_size:
        return False
    with closing(_connect(file)) as connection, suppress(sqlite3.Error):
        return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None
    return True


def put_in_place(finished: Path, target: Path) -> None:
    """The file `finished`, in the same file system, becomes `target`. Whenever this process ends, `target` is the old
    one or the new one, whole. The old one stays beside it as ….before-restore until `dismiss`. To be called by whoever
    holds the lock of the platform. Raises RestoreRefused, OSError."""
    _fold_journal(finished)
    synced(finished)
    give_to_owner_of(target if target.exists() else target.parent, finished)
    if target.exists():
        aside = aside_of(target)
        _let_go_of_journal(target, aside)
        aside.unlink(missing_ok=True)
        _keep(target, aside)
    finished.replace(target)
    synced(target.parent)


def _keep(target: Path, aside: Path) -> None:
    """Under both names; where the file system has no hard links, as a copy that takes room and time."""
    try:
        os.link(target, aside)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        new_file(aside)
        give_to_owner_of(target, aside)
        shutil.copyfile(target, aside)
        synced(aside)


def aside_of(target: Path) -> Path:
    return target.with_name(f"{target.name}{ASIDE}")


def dismiss(aside: Path) -> None:
    for each in (aside, *_beside(aside)):
        each.unlink(missing_ok=True)


def _let_go_of_journal(target: Path, aside: Path) -> None:
    """SQLite would write what stands in an old journal into the new file. Of a file that it cannot read the journal
    goes aside with it."""
    try:
        _fold_journal(target)
    except sqlite3.OperationalError:
        raise RestoreRefused("another program has the database open: stop it first; nothing was changed") from None
    except sqlite3.DatabaseError:
        for each, moved in zip(_beside(target), _beside(aside), strict=True):
            with suppress(FileNotFoundError):
                each.rename(moved)


def _fold_journal(file: Path) -> None:
    """All that is in the database is in its file, and nothing beside it. Raises sqlite3.DatabaseError."""
    with closing(_connect(file)) as connection:
        if connection.execute("PRAGMA journal_mode=DELETE").fetchone() != ("delete",):
            raise sqlite3.OperationalError("database is locked")


def _beside(file: Path) -> list[Path]:
    return [file.with_name(f"{file.name}{end}") for end in BESIDE]


def _connect(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, timeout=BUSY_TIMEOUT, isolation_level=None)
