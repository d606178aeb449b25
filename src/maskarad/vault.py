"""Tokens at rest: encrypted with the newest key, readable with any key still at hand (Fernet, `cryptography`)."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from maskarad.errors import SettingsError, WrongSecretKey
from maskarad.values import Token

KEY_FILE = "secret.key"


class Vault:
    def __init__(self, keys: Sequence[str]) -> None:
        """`keys`: newest first. Raises SettingsError when one is not a Fernet key."""
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            raise SettingsError(
                "MASKARAD_SECRET_KEY (or secret.key in DATA_DIR): must be 32 url-safe base64-encoded bytes, as "
                '`python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"` makes them'
            ) from None

    def seal(self, token: Token) -> str:
        return self._fernet.encrypt(token.reveal().encode()).decode()

    def open(self, sealed: str) -> Token:
        """Raises WrongSecretKey."""
        try:
            return Token(self._fernet.decrypt(sealed.encode()).decode())
        except InvalidToken:
            raise WrongSecretKey(
                "a stored token cannot be read: MASKARAD_SECRET_KEY (or secret.key in DATA_DIR) is not the key it was "
                "stored with"
            ) from None


def open_vault(keys: Sequence[str], data_dir: Path) -> Vault:
    """A vault with the given keys, else with the key file in the data folder, made on first use with mode 0600."""
    return Vault(keys or [_key_file(data_dir / KEY_FILE)])


def _key_file(file: Path) -> str:
    if not file.exists():
        _make(file)
    # What is not text is no key either, and the vault says so.
    return file.read_text(encoding="utf-8", errors="replace").strip()


def _make(file: Path) -> None:
    """The file appears whole or not at all, and the first of several processes wins."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", dir=file.parent, prefix=file.name) as opened:
        opened.write(Fernet.generate_key().decode() + "\n")
        opened.flush()
        os.fsync(opened.fileno())
        with suppress(FileExistsError):
            os.link(opened.name, file)
