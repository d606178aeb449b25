"""The file that a backup is, written and read in one pass with little memory.

A line that names the format; the header, which everybody can read; the database in frames, each compressed and sealed;
the manifest in a last frame, because what it says is known only then. Numbers are big-endian:

    MAGIC · length (4) · header (JSON) · its digest (16) · frames: kind (1) · length (4) · sealed zlib data
"""

import hashlib
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

import msgspec

from maskarad.backup.failures import BackupChanged, NotABackup, RestoreRefused, WrongPassphrase
from maskarad.backup.sealing import CHANGED, SUM_BYTES, Encrypted, Encryption, Seal, Summed, digest, key_of, new_key
from maskarad.db.contents import TableContents
from maskarad.utc import LATEST
from maskarad.values import Value

FORMAT = 1
MAGIC = b"MASKARAD BACKUP\n"

FRAME_BYTES = 2**20
"""Of the database in one frame, before it is compressed."""
_MOST_SEALED = FRAME_BYTES + 2**16
_MOST_HEADER = 2**16
_MOST_MANIFEST = 2**24

DATABASE = "database"
"""The member that every backup has."""

_DATA, _MANIFEST = b"D", b"M"
_LENGTH_BYTES = 4
_LEVEL = 3
"""Of zlib: half of a chat's text goes, at some 60 MB/s."""

Kind = Literal["sqlite", "postgresql"]
Reason = Literal["daily", "manual", "migration"]


class Header(Value, frozen=True):
    """What is known before anything is read. `made_at` is Unix seconds; the database is as it was then. `platform` is
    whose it is, as `restoring.platform` tells; `schema` is where its tables are on a server."""

    format: int
    maskarad: str
    made_at: Annotated[float, msgspec.Meta(ge=0, le=LATEST)]
    platform: str
    database: Kind
    reason: Reason
    revision: str
    schema: str = ""
    encryption: Encryption | None = None


class Member(Value, frozen=True):
    """`sha256` is of the bytes as they were before compression and encryption."""

    bytes: int
    sha256: str


class Manifest(Value, frozen=True):
    """What the backup holds, counted in the snapshot itself."""

    tables: Mapping[str, TableContents]
    members: Mapping[str, Member]


class _AnyFormat(Value, frozen=True):
    format: int


_encode = msgspec.json.Encoder().encode
_read_format = msgspec.json.Decoder(_AnyFormat).decode
_read_header = msgspec.json.Decoder(Header).decode
_read_manifest = msgspec.json.Decoder(Manifest).decode


class BackupWriter:
    """Begins with the header; `end` makes it whole."""

    def __init__(self, out: BinaryIO, header: Header, passphrase: str | None) -> None:
        """`header` comes without `encryption`."""
        key = None
        if passphrase is not None:
            encryption, key = new_key(passphrase)
            header = msgspec.structs.replace(header, encryption=encryption)
        told = _encode(header)
        self._out = out
        self._seal: Seal = Summed(told) if key is None else Encrypted(told, key)
        self._number = 0
        self._waiting = bytearray()
        self._sum = hashlib.sha256()
        self._bytes = 0
        out.write(MAGIC + len(told).to_bytes(_LENGTH_BYTES) + told + digest(told))

    def write(self, data: bytes) -> None:
        self._sum.update(data)
        self._bytes += len(data)
        self._waiting += data
        while len(self._waiting) >= FRAME_BYTES:
            self._put(_DATA, bytes(self._waiting[:FRAME_BYTES]))
            del self._waiting[:FRAME_BYTES]

    def end(self, tables: Mapping[str, TableContents]) -> None:
        if self._waiting:
            self._put(_DATA, bytes(self._waiting))
            self._waiting.clear()
        member = Member(bytes=self._bytes, sha256=self._sum.hexdigest())
        self._put(_MANIFEST, _encode(Manifest(tables=tables, members={DATABASE: member})))

    def _put(self, kind: bytes, data: bytes) -> None:
        sealed = self._seal.close(self._number, kind, zlib.compress(data, _LEVEL))
        self._out.write(kind + len(sealed).to_bytes(_LENGTH_BYTES) + sealed)
        self._number += 1


class BackupReader:
    """`header` is there at once, `manifest` when `data` has come to its end."""

    def __init__(self, source: BinaryIO, passphrase: str | None) -> None:
        """Raises NotABackup, BackupChanged, RestoreRefused, WrongPassphrase."""
        self._source = source
        self.header, told = _begin(source)
        self._seal = _seal(self.header, told, passphrase)
        self._manifest: Manifest | None = None

    @property
    def manifest(self) -> Manifest:
        assert self._manifest is not None
        return self._manifest

    def data(self) -> Iterator[bytes]:
        """The database, piece by piece; nothing of a changed frame comes out. Raises BackupChanged."""
        summed, length, number = hashlib.sha256(), 0, 0
        while (frame := self._frame(number))[0] == _DATA:
            summed.update(frame[1])
            length += len(frame[1])
            yield frame[1]
            number += 1
        if self._source.read(1):
            raise BackupChanged(CHANGED)
        self._manifest = _decoded(frame[1])
        if self._manifest.members[DATABASE] != Member(bytes=length, sha256=summed.hexdigest()):
            raise BackupChanged(CHANGED)

    def _frame(self, number: int) -> tuple[bytes, bytes]:
        kind = _exactly(self._source, 1)
        length = int.from_bytes(_exactly(self._source, _LENGTH_BYTES))
        if kind not in (_DATA, _MANIFEST) or length > (_MOST_SEALED if kind == _DATA else _MOST_MANIFEST):
            raise BackupChanged(CHANGED)
        packed = self._seal.open(number, kind, _exactly(self._source, length))
        return kind, _unpacked(packed, FRAME_BYTES if kind == _DATA else _MOST_MANIFEST)


@contextmanager
def opened(file: Path, passphrase: str | None) -> Iterator[BackupReader]:
    """Raises what BackupReader raises, and OSError."""
    with file.open("rb") as source:
        yield BackupReader(source, passphrase)


def header_of(file: Path) -> Header:
    """What a backup says of itself to everybody. Raises NotABackup, BackupChanged, RestoreRefused, OSError."""
    with file.open("rb") as source:
        return _begin(source)[0]


def _begin(source: BinaryIO) -> tuple[Header, bytes]:
    if source.read(len(MAGIC)) != MAGIC:
        raise NotABackup("the file is not a backup of Maskarad; `maskarad backup list` shows those that are here")
    length = int.from_bytes(_exactly(source, _LENGTH_BYTES))
    told = _exactly(source, min(length, _MOST_HEADER))
    if _exactly(source, SUM_BYTES) != digest(told):
        raise BackupChanged(CHANGED)
    try:
        if _read_format(told).format != FORMAT:
            raise RestoreRefused("the backup was made by a newer Maskarad, in a form that this one does not know")
        return _read_header(told), told
    except msgspec.MsgspecError:
        raise BackupChanged(CHANGED) from None


def _seal(header: Header, told: bytes, passphrase: str | None) -> Seal:
    if header.encryption is None:
        return Summed(told)
    if passphrase is None:
        raise WrongPassphrase("the backup is encrypted: set BACKUP_PASSPHRASE to its passphrase")
    return Encrypted(told, key_of(header.encryption, passphrase))


def _exactly(source: BinaryIO, length: int) -> bytes:
    data = source.read(length)
    if len(data) != length:
        raise BackupChanged(CHANGED)
    return data


def _unpacked(packed: bytes, most: int) -> bytes:
    """A small frame could else become as much as there is memory."""
    unpacking = zlib.decompressobj()
    try:
        data = unpacking.decompress(packed, most)
    except zlib.error:
        raise BackupChanged(CHANGED) from None
    if not unpacking.eof:
        raise BackupChanged(CHANGED)
    return data


def _decoded(told: bytes) -> Manifest:
    try:
        manifest = _read_manifest(told)
    except msgspec.MsgspecError:
        raise BackupChanged(CHANGED) from None
    if DATABASE not in manifest.members:
        raise BackupChanged(CHANGED)
    return manifest
