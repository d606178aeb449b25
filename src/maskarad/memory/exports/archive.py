"""The files of an export, wherever they lie: one file, a folder, a zip of either. Nothing is ever unpacked to disk."""

import hashlib
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from maskarad.errors import ExportRefused
from maskarad.memory.exports.zip_directory import lists_more

MOST_BYTES = 8 * 2**30
"""Of one export, unpacked. The text of ten million messages has about 5 GB."""
HIGHEST_RATIO = 200
"""How many times a packed file may grow. Chats grow 10 to 30 times."""
FREELY = 16 * 2**20
"""Bytes for which nobody asks how they grew."""
MOST_FILES = 50_000
"""That a zip may list: an account's export with all its media has fewer."""
DEEPEST = 6
"""Folders within each other; an account's export has two."""
ENDS = 64 * 1024

_WANTED = re.compile(r"result[^/]*\.json|messages\d*\.html", re.IGNORECASE)
_NOT_A_ZIP = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, NotImplementedError, EOFError),
    *(RuntimeError, ValueError, OverflowError, UnicodeError),
)
"""What comes of zip files that are not what they claim to be."""


class Entry(NamedTuple):
    """A file of an export. `name` is its path within it, for people; `size` what it claims to have, in bytes; `packed`
    how many of them are stored."""

    name: str
    size: int
    packed: int
    open: Callable[[], IO[bytes]]

    @property
    def folder(self) -> str:
        return self.name.rpartition("/")[0]

    @property
    def file_name(self) -> str:
        return self.name.rpartition("/")[2]


class Reading:
    """An opened entry that is read to its claimed size and no further. `on_bytes` hears of every step."""

    def __init__(self, file: IO[bytes], entry: Entry, on_bytes: Callable[[int], None]) -> None:
        self._file = file
        self._entry = entry
        self._on_bytes = on_bytes
        self._read = 0

    def read(self, size: int, /) -> bytes:
        try:
            chunk = self._file.read(size)
        except (*_NOT_A_ZIP, OSError) as error:
            raise ExportRefused("archive", self._entry.name, detail=type(error).__name__) from None
        self._read += len(chunk)
        if self._read > max(self._entry.size, FREELY):
            raise ExportRefused("bomb", self._entry.name)
        self._on_bytes(len(chunk))
        return chunk


class Files(NamedTuple):
    """What is to be read of an export, and a text that no other export has."""

    entries: Sequence[Entry]
    identity: str

    @property
    def size(self) -> int:
        return sum(entry.size for entry in self.entries)


@contextmanager
def opened(path: Path) -> Iterator[Files]:
    """The export at `path`. Raises ExportRefused."""
    if path.is_dir():
        entries = list(_in_folder(path))
        yield _checked(entries, path, [path / entry.name for entry in entries])
    elif not path.is_file():
        raise ExportRefused("missing", path.name)
    elif zipfile.is_zipfile(path):
        with _zip(path) as archive:
            yield _checked(list(_in_zip(archive)), path, [path])
    else:
        entries = list(_with_siblings(path))
        yield _checked(entries, path, [path.parent / entry.name for entry in entries])


def _checked(entries: Sequence[Entry], path: Path, files: Sequence[Path]) -> Files:
    if not entries:
        raise ExportRefused("foreign", path.name)
    if sum(entry.size for entry in entries) > MOST_BYTES:
        raise ExportRefused("huge", path.name, most=f"{MOST_BYTES // 2**30}")
    for entry in entries:
        _refuse_bomb(entry.name, entry.size, entry.packed)
    # Entries may claim the same bytes of an archive, so together they count against what it has on the disk.
    _refuse_bomb(path.name, sum(entry.size for entry in entries), sum(file.stat().st_size for file in files))
    return Files(sorted(entries, key=_place), _identity(sorted(files)))


def _refuse_bomb(place: str, size: int, packed: int) -> None:
    if size > FREELY and size > HIGHEST_RATIO * packed:
        raise ExportRefused("bomb", place)


def _place(entry: Entry) -> tuple[str, int, str]:
    """messages2.html comes before messages10.html."""
    number = re.search(r"\d+", entry.file_name)
    return entry.folder, int(number[0][:9]) if number else 0, entry.file_name


def _identity(files: Sequence[Path]) -> str:
    """Of the size and both ends of each file: as good as of everything, and read at once."""
    digest = hashlib.blake2b(digest_size=16)
    for file in files:
        with file.open("rb") as opened_file:
            size = opened_file.seek(0, os.SEEK_END)
            opened_file.seek(0)
            digest.update(f"{size}:".encode() + opened_file.read(ENDS))
            opened_file.seek(max(0, size - ENDS))
            digest.update(opened_file.read(ENDS))
    return digest.hexdigest()


def _on_disk(path: Path, name: str) -> Entry:
    size = path.stat().st_size
    return Entry(name=name, size=size, packed=size, open=lambda: path.open("rb"))


def _with_siblings(path: Path) -> Iterator[Entry]:
    """A file; the first page of a chat brings the others along."""
    if path.name != "messages.html":
        yield _on_disk(path, path.name)
        return
    for each in path.parent.iterdir():
        if _WANTED.fullmatch(each.name) and each.suffix == ".html":
            _refuse_symlink(each, each.name)
            yield _on_disk(each, each.name)


def _in_folder(root: Path) -> Iterator[Entry]:
    for folder, folders, names in os.walk(root):
        inside = Path(folder).relative_to(root)
        if len(inside.parts) >= DEEPEST:
            folders.clear()
        for file_name in names:
            if _WANTED.fullmatch(file_name):
                path = Path(folder) / file_name
                _refuse_symlink(path, file_name)
                yield _on_disk(path, (inside / file_name).as_posix())


def _refuse_symlink(path: Path, name: str) -> None:
    if path.is_symlink() or not path.is_file():
        raise ExportRefused("symlink", name)


@contextmanager
def _zip(path: Path) -> Iterator[zipfile.ZipFile]:
    if lists_more(path, MOST_FILES):
        raise ExportRefused("many_files", path.name, most=str(MOST_FILES))
    try:
        archive = zipfile.ZipFile(path)
    except (*_NOT_A_ZIP, OSError) as error:
        raise ExportRefused("archive", path.name, detail=type(error).__name__) from None
    with closing(archive):
        yield archive


def _in_zip(archive: zipfile.ZipFile) -> Iterator[Entry]:
    for info in archive.infolist():
        name = info.filename
        parts = name.replace("\\", "/").split("/")
        if ".." in parts or name.startswith(("/", "\\")) or ":" in parts[0]:
            raise ExportRefused("path", archive_name(archive))
        if len(parts) > DEEPEST + 1 or not _WANTED.fullmatch(parts[-1]):
            continue
        if stat.S_ISLNK(info.external_attr >> 16):
            raise ExportRefused("symlink", name)
        if info.flag_bits & 0x1:
            raise ExportRefused("encrypted", name)
        yield Entry(name=name, size=info.file_size, packed=info.compress_size, open=_opener(archive, info))


def archive_name(archive: zipfile.ZipFile) -> str:
    return Path(archive.filename or "").name


def _opener(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    def open_entry() -> IO[bytes]:
        try:
            return archive.open(info)
        except (*_NOT_A_ZIP, OSError) as error:
            raise ExportRefused("archive", info.filename, detail=type(error).__name__) from None

    return open_entry
