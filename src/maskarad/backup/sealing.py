"""What makes a changed backup recognisable, and an encrypted one unreadable: each frame of a file is sealed by its
place, its kind and the header, so that none can be changed, left out, moved or taken from another file."""

import hmac
import secrets
from hashlib import blake2b
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from maskarad.backup.failures import BackupChanged, WrongPassphrase
from maskarad.values import Value

CHANGED = "the backup is damaged or was changed, and nothing of it was restored; take another one"

SUM_BYTES = 16
_SALT_BYTES = _KEY_BYTES = 32
_NONCE_BYTES = 12

COST, BLOCK, LANES = 2**16, 8, 2
"""Of scrypt (RFC 7914: N, r, p): 64 MB and some tenths of a second for each guess at a passphrase."""
LEAST_COST, MOST_COST = 2**14, 2**18
"""That a file may ask for, 16 and 256 MB: it could ask for all of this machine's memory."""


class Encryption(Value, frozen=True):
    """How the key is made of the passphrase, in the header; `check` tells a wrong passphrase from a changed file."""

    salt: str
    cost: int
    block: int
    lanes: int
    check: str


class Seal(Protocol):
    """`number` counts a file's frames from 0."""

    def close(self, number: int, kind: bytes, data: bytes) -> bytes: ...

    def open(self, number: int, kind: bytes, sealed: bytes) -> bytes:
        """Raises BackupChanged."""


class Summed:
    """Without a passphrase: a checksum behind each frame. `header` is the header's bytes."""

    def __init__(self, header: bytes) -> None:
        self._header = digest(header)

    def close(self, number: int, kind: bytes, data: bytes) -> bytes:
        return data + self._sum(number, kind, data)

    def open(self, number: int, kind: bytes, sealed: bytes) -> bytes:
        data, given = sealed[:-SUM_BYTES], sealed[-SUM_BYTES:]
        if not hmac.compare_digest(given, self._sum(number, kind, data)):
            raise BackupChanged(CHANGED)
        return data

    def _sum(self, number: int, kind: bytes, data: bytes) -> bytes:
        return digest(self._header + number.to_bytes(8) + kind + data)


class Encrypted:
    """AES-256-GCM. A key is used for one file only, so that a frame's number may be its nonce."""

    def __init__(self, header: bytes, key: bytes) -> None:
        self._header = digest(header)
        self._cipher = AESGCM(key)

    def close(self, number: int, kind: bytes, data: bytes) -> bytes:
        return self._cipher.encrypt(number.to_bytes(_NONCE_BYTES), data, self._header + kind)

    def open(self, number: int, kind: bytes, sealed: bytes) -> bytes:
        try:
            return self._cipher.decrypt(number.to_bytes(_NONCE_BYTES), sealed, self._header + kind)
        except InvalidTag:
            raise BackupChanged(CHANGED) from None


def digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=SUM_BYTES).digest()


def new_key(passphrase: str) -> tuple[Encryption, bytes]:
    """A key that no other file has."""
    salt = secrets.token_bytes(_SALT_BYTES)
    key, check = _derived(passphrase, salt, COST, BLOCK, LANES)
    return Encryption(salt=salt.hex(), cost=COST, block=BLOCK, lanes=LANES, check=check), key


def key_of(encryption: Encryption, passphrase: str) -> bytes:
    """Raises WrongPassphrase, BackupChanged."""
    is_power_of_two = encryption.cost.bit_count() == 1
    if not (LEAST_COST <= encryption.cost <= MOST_COST and is_power_of_two):
        raise BackupChanged(CHANGED)
    if (encryption.block, encryption.lanes) != (BLOCK, LANES):
        raise BackupChanged(CHANGED)
    key, check = _derived(passphrase, _salt(encryption), encryption.cost, encryption.block, encryption.lanes)
    if not hmac.compare_digest(check.encode(), encryption.check.encode()):
        raise WrongPassphrase(
            "this is not the passphrase that the backup was encrypted with: set BACKUP_PASSPHRASE to the one that was "
            "set when it was made"
        )
    return key


def _salt(encryption: Encryption) -> bytes:
    try:
        salt = bytes.fromhex(encryption.salt)
    except ValueError:
        salt = b""
    if len(salt) != _SALT_BYTES:
        raise BackupChanged(CHANGED)
    return salt


def _derived(passphrase: str, salt: bytes, cost: int, block: int, lanes: int) -> tuple[bytes, str]:
    made = Scrypt(salt=salt, length=_KEY_BYTES + SUM_BYTES, n=cost, r=block, p=lanes).derive(passphrase.encode())
    return made[:_KEY_BYTES], made[_KEY_BYTES:].hex()
