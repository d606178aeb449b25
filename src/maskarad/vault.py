"""Tokens at rest: encrypted with the newest key, readable with any key still at hand (Fernet, `cryptography`).

A vault with a key file follows it: what is sealed is sealed with the key that is the newest in the file at that moment,
and what cannot be opened is tried again when the file has changed. So keys are exchanged under running processes.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from maskarad.errors import SettingsError, WrongSecretKey
from maskarad.key_file import HOW_TO_MAKE_A_KEY, KeyFile
from maskarad.values import Token


class Vault:
    def __init__(self, keys: Sequence[str], file: KeyFile | None = None) -> None:
        """`keys`: newest first; with a `file` they are those in it. Raises SettingsError when one is no Fernet key."""
        self._file = file
        self._stamp = file.stamp() if file else None
        self._take(file.read().every if file else keys)

    def seal(self, token: Token) -> str:
        self._follow_file()
        return self._fernet.encrypt(token.reveal().encode()).decode()

    def open(self, sealed: str) -> Token:
        """Raises WrongSecretKey."""
        try:
            return self._open(sealed)
        except InvalidToken:
            pass
        try:
            if self._follow_file():
                return self._open(sealed)
        except InvalidToken:
            pass
        raise WrongSecretKey(
            "what is stored sealed cannot be read: MASKARAD_SECRET_KEY (or secret.key in DATA_DIR) is not the key it "
            "was stored with; `maskarad doctor` says what to do"
        )

    def is_newest(self, sealed: str) -> bool:
        """Whether it was sealed with the newest key at hand."""
        try:
            self._newest.decrypt(sealed.encode())
        except InvalidToken:
            return False
        return True

    def fingerprints(self) -> tuple[str, ...]:
        """Of the keys at hand, in their order."""
        self._follow_file()
        return self._fingerprints

    def _open(self, sealed: str) -> Token:
        return Token(self._fernet.decrypt(sealed.encode()).decode())

    def _follow_file(self) -> bool:
        """Whether the keys are others now. A file that is gone or broken changes nothing for who has read it before."""
        stamp = self._file.stamp() if self._file else None
        if self._file is None or stamp is None or stamp == self._stamp:
            return False
        try:
            self._take(self._file.read().every)
        except (OSError, SettingsError):
            return False
        self._stamp = stamp
        return True

    def _take(self, keys: Sequence[str]) -> None:
        try:
            fernets = [Fernet(key) for key in keys]
        except ValueError:
            raise SettingsError(
                "MASKARAD_SECRET_KEY (or secret.key in DATA_DIR): must be 32 url-safe base64-encoded bytes, as "
                f"`{HOW_TO_MAKE_A_KEY}` makes them"
            ) from None
        self._fernet, self._newest = MultiFernet(fernets), fernets[0]
        self._fingerprints = tuple(map(fingerprint, keys))


def fingerprint(key: str) -> str:
    """By which processes tell each other which keys they have; there is no way back from it to the key."""
    return hashlib.sha256(f"maskarad key {key}".encode()).hexdigest()[:16]


def open_vault(keys: Sequence[str], data_dir: Path) -> Vault:
    """A vault with the given keys, else with the key file in the data folder, made on first use with mode 0600."""
    if keys:
        return Vault(keys)
    file = KeyFile(data_dir)
    file.make()
    return Vault((), file)
