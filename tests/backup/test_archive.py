"""The file itself: nothing that was changed comes out of it."""

import hashlib
import io
import random
import zlib
from pathlib import Path

import msgspec
import pytest

from maskarad.backup.archive import FRAME_BYTES, MAGIC, BackupReader, BackupWriter, Header, header_of
from maskarad.backup.failures import BackupChanged, NotABackup, RestoreRefused, WrongPassphrase
from maskarad.backup.sealing import BLOCK, COST, LANES, SUM_BYTES, Encrypted, Encryption, Summed, digest
from maskarad.db.contents import TableContents
from maskarad.errors import MaskaradError

HEADER = Header(
    format=1, maskarad="0.1.0", made_at=1.5, platform="0123abcd", database="sqlite", reason="manual", revision="0005"
)
TABLES = {"users": TableContents(rows=3, checksum="ab")}
LONG = bytes(random.Random(6).randbytes(FRAME_BYTES)) + b"the end" * 1_000


def packed(data: bytes = LONG, passphrase: str | None = None) -> bytes:
    out = io.BytesIO()
    writer = BackupWriter(out, HEADER, passphrase)
    for first in range(0, len(data), 300_000):
        writer.write(data[first : first + 300_000])
    writer.end(TABLES)
    return out.getvalue()


def unpacked(file: bytes, passphrase: str | None = None) -> bytes:
    reader = BackupReader(io.BytesIO(file), passphrase)
    data = b"".join(reader.data())
    assert reader.manifest.tables == TABLES
    assert reader.manifest.members["database"].sha256 == hashlib.sha256(data).hexdigest()
    return data


@pytest.mark.parametrize("passphrase", [None, "kitchen"])
@pytest.mark.parametrize("data", [b"", b"x", LONG[:FRAME_BYTES], LONG])
def test_what_goes_in_comes_out(data: bytes, passphrase: str | None) -> None:
    assert unpacked(packed(data, passphrase), passphrase) == data


def test_every_changed_byte_is_noticed() -> None:
    whole = packed(b"tea " * 50)
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 0x10
        with pytest.raises((BackupChanged, NotABackup)):
            unpacked(bytes(changed))


def test_every_changed_byte_of_an_encrypted_one_is_noticed() -> None:
    whole = packed(b"tea " * 50, "kitchen")
    begins = whole.index(b"}}") + 2 + SUM_BYTES
    # Behind the header each costs a key: a kind, a length, and some of each frame.
    for place in (*range(begins), begins, begins + 4, *range(begins + 5, len(whole), 11), len(whole) - 1):
        changed = bytearray(whole)
        changed[place] ^= 0x10
        with pytest.raises((BackupChanged, NotABackup)):
            unpacked(bytes(changed), "kitchen")


@pytest.mark.parametrize("seal", [Summed(b"header"), Encrypted(b"header", bytes(32))])
def test_every_changed_byte_of_a_frame_is_noticed(seal: Summed | Encrypted) -> None:
    sealed = seal.close(3, b"D", b"tea " * 50)
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 0x10
        with pytest.raises(BackupChanged):
            seal.open(3, b"D", bytes(changed))


@pytest.mark.parametrize(
    "changes",
    [
        {"salt": "zz"},
        {"salt": "00"},
        {"cost": 65_535},
        {"cost": -65_536},
        {"cost": 2},
        {"cost": 2**20},
        {"block": 0},
        {"check": "é"},
    ],
)
def test_what_a_hostile_header_says_of_the_key_is_refused(changes: dict[str, object]) -> None:
    encryption = Encryption(salt="00" * 32, cost=COST, block=BLOCK, lanes=LANES, check="00")
    hostile = msgspec.structs.replace(HEADER, encryption=msgspec.structs.replace(encryption, **changes))
    told = msgspec.json.encode(hostile)
    file = MAGIC + len(told).to_bytes(4) + told + digest(told)
    with pytest.raises((BackupChanged, WrongPassphrase)) as caught:
        unpacked(file, "kitchen")
    assert isinstance(caught.value, WrongPassphrase) == ("check" in changes)


def test_one_that_is_cut_short_or_longer_is_noticed() -> None:
    whole = packed(b"tea " * 50)
    for length in range(len(MAGIC), len(whole)):
        with pytest.raises(BackupChanged):
            unpacked(whole[:length])
    with pytest.raises(BackupChanged):
        unpacked(whole + b"D")


@pytest.mark.parametrize("seal", [Summed(b"header"), Encrypted(b"header", bytes(32))])
def test_a_frame_counts_only_in_its_place(seal: Summed | Encrypted) -> None:
    sealed = seal.close(3, b"D", b"tea")
    assert seal.open(3, b"D", sealed) == b"tea"
    for number, kind in ((4, b"D"), (3, b"M")):
        with pytest.raises(BackupChanged):
            seal.open(number, kind, sealed)
    with pytest.raises(BackupChanged):
        type(seal)(*([b"other header"] + ([bytes(32)] if isinstance(seal, Encrypted) else []))).open(3, b"D", sealed)


def test_nothing_can_be_read_without_the_passphrase() -> None:
    whole = packed(b"tea witch" * 9, "kitchen")
    with pytest.raises(WrongPassphrase, match="set BACKUP_PASSPHRASE"):
        unpacked(whole)
    with pytest.raises(WrongPassphrase, match="not the passphrase"):
        unpacked(whole, "garden")
    assert all(b"tea witch" not in part for part in inflated(whole))
    assert any(b"tea witch" in part for part in inflated(packed(b"tea witch" * 9)))


def inflated(whole: bytes) -> list[bytes]:
    """What anybody can unpack of it."""
    found = []
    for place in range(len(whole)):
        try:
            found.append(zlib.decompressobj().decompress(whole[place:]))
        except zlib.error:
            continue
    return found


def test_a_frame_that_would_fill_the_memory_is_refused() -> None:
    told = packed(b"x")[: len(MAGIC) + 4]
    header = packed(b"x")[len(told) : len(told) + int.from_bytes(told[-4:])]
    bomb = Summed(header).close(0, b"D", zlib.compress(bytes(50 * FRAME_BYTES)))
    with pytest.raises(BackupChanged):
        unpacked(told + header + digest(header) + b"D" + len(bomb).to_bytes(4) + bomb)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", NotABackup),
        (b"SQLite format 3\x00" + bytes(100), NotABackup),
        (MAGIC, BackupChanged),
        (MAGIC + b"\xff" * 50, BackupChanged),
        (MAGIC + (12).to_bytes(4) + b'{"format":9}' + digest(b'{"format":9}'), RestoreRefused),
        (MAGIC + (2).to_bytes(4) + b"{}" + digest(b"{}"), BackupChanged),
    ],
)
def test_what_is_no_backup_is_refused(content: bytes, error: type[MaskaradError], tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    with pytest.raises(error):
        header_of(file)


@pytest.mark.parametrize("made_at", [-1.0, 1e300])
def test_a_header_of_a_time_that_no_calendar_has_is_refused(made_at: float) -> None:
    out = io.BytesIO()
    BackupWriter(out, msgspec.structs.replace(HEADER, made_at=made_at), None).end(TABLES)
    with pytest.raises(BackupChanged):
        BackupReader(io.BytesIO(out.getvalue()), None)
