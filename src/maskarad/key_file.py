"""The key file in the data folder: a key a line, the newest first. A line that begins with + is a key to come: known
already, so that everybody can read what it seals, and sealing nothing yet.

It appears whole or not at all whenever it changes, and only its owner may read it.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from cryptography.fernet import Fernet

from maskarad.values import Value

KEY_FILE = "secret.key"
RETIRED_FILE = "secret.key.retired"
"""Keys that seal nothing stored any more. Backups from their time need them."""
LOCK_FILE = "secret.key.lock"
HOW_TO_MAKE_A_KEY = 'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'

_COMING = "+"

Stamp = tuple[int, int, int]
"""Differs whenever the file was changed."""


class Keys(Value, frozen=True):
    """`sealing`: newest first."""

    sealing: tuple[str, ...]
    coming: str | None = None

    @property
    def every(self) -> tuple[str, ...]:
        return self.sealing if self.coming is None else (*self.sealing, self.coming)


def new_key() -> str:
    return Fernet.generate_key().decode()


class KeyFile:
    def __init__(self, folder: Path) -> None:
        self.path = folder / KEY_FILE
        self._retired = folder / RETIRED_FILE
        self._lock = folder / LOCK_FILE

    def read(self) -> Keys:
        """Raises OSError. What is no key is found out by the vault."""
        # What is not text is no key either, and the vault says so.
        lines = self.path.read_text(encoding="utf-8", errors="replace").split()
        coming = [line.removeprefix(_COMING) for line in lines if line.startswith(_COMING)]
        sealing = tuple(line for line in lines if not line.startswith(_COMING))
        return Keys(sealing=sealing or ("",), coming=coming[0] if coming else None)

    def stamp(self) -> Stamp | None:
        """None while there is no such file."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def make(self) -> None:
        """Made once: the first of several processes wins."""
        if self.path.exists():
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=self.path.parent, prefix=self.path.name) as opened:
            _write(opened, [new_key()])
            with suppress(FileExistsError):
                os.link(opened.name, self.path)

    def write(self, keys: Keys) -> None:
        coming = [] if keys.coming is None else [f"{_COMING}{keys.coming}"]
        self._replace(self.path, [*keys.sealing, *coming])

    def retired(self) -> tuple[str, ...]:
        """Keys that were dropped. Raises OSError."""
        return tuple(self._retired.read_text(encoding="utf-8").split()) if self._retired.exists() else ()

    def retire(self, keys: Sequence[str]) -> Path:
        """Keep keys for old backups, before they leave the file; returns where."""
        self._replace(self._retired, list(dict.fromkeys([*keys, *self.retired()])))
        return self._retired

    @contextmanager
    def locked(self) -> Iterator[bool]:
        """Whether nobody else is changing the file; nobody else can until the block ends. The folder itself is not
        locked: a backup may lie in it."""
        lock = os.open(self._lock, os.O_RDONLY | os.O_CREAT, 0o600)
        try:
            if os.geteuid() == 0:
                # Whom the platform runs as must be able to lock it, too.
                now = self.path.stat()
                os.fchown(lock, now.st_uid, now.st_gid)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_ours = True
        except BlockingIOError:
            is_ours = False
        try:
            yield is_ours
        finally:
            os.close(lock)

    def _replace(self, file: Path, lines: Sequence[str]) -> None:
        """Whoever may read the keys now may read them then, also when it is root who changes them. What a kill leaves
        beside it is overwritten by the next change."""
        beside, now = file.with_name(f"{file.name}.new"), self.path.stat()
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as opened:
            os.fchown(descriptor, now.st_uid, now.st_gid)
            _write(opened, lines)
        beside.replace(file)
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _write(opened: IO[str], lines: Sequence[str]) -> None:
    opened.write("".join(f"{line}\n" for line in lines))
    opened.flush()
    os.fsync(opened.fileno())
