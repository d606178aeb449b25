"""Where a command works: with the real Telegram, or in the sandbox as long as none is set. Every command finds it out
here, so that what `persona add` writes is what `run` reads."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import SecretStr

from maskarad.errors import SettingsError
from maskarad.settings import Settings, load

SANDBOX_MANAGER_TOKEN = "1000000:SANDBOX-MANAGER-OPENS-NOTHING-ELSE-"
"""The manager bot's token inside the sandbox. It is no secret: the sandbox listens on this machine only."""

ADDRESS_FILE = "address"


def load_here() -> Settings:
    """The settings as `maskarad run` would work with them: inside the sandbox, at the address where it was started
    last, when they ask for it. Raises SettingsError."""
    settings = load()
    if not wants_sandbox(settings):
        return settings
    return inside_sandbox(settings, _remembered_address(sandbox_folder(settings), settings.sandbox_port))


def wants_sandbox(settings: Settings) -> bool:
    """Whether neither a token nor a Bot API server is named."""
    return settings.telegram_bot_token is None and "telegram_api_base_url" not in settings.model_fields_set


def is_in_sandbox(settings: Settings) -> bool:
    token = settings.telegram_bot_token
    return token is not None and token.get_secret_value() == SANDBOX_MANAGER_TOKEN


def sandbox_folder(settings: Settings) -> Path:
    """The sandbox's world and the platform's data in it have a folder of their own, so that nothing made there meets
    the real Telegram later."""
    return settings.data_dir / "sandbox"


def inside_sandbox(settings: Settings, address: str) -> Settings:
    """The same settings in a sandbox at this address. A database or a model that was named stays."""
    changes: dict[str, object] = {
        "telegram_bot_token": SecretStr(SANDBOX_MANAGER_TOKEN),
        "telegram_api_base_url": address,
        "run_mode": "polling",
        "data_dir": sandbox_folder(settings),
    }
    if not settings.llm_api_key:
        changes |= {"llm_base_url": f"{address}/v1", "llm_api_key": (SecretStr("sandbox"),)}
    return settings.model_copy(update=changes)


def remember_address(folder: Path, address: str) -> None:
    """Note where the sandbox is, for commands that are given while it runs."""
    (folder / ADDRESS_FILE).write_text(f"{address}\n", encoding="utf-8")


def _remembered_address(folder: Path, port: int) -> str:
    try:
        return (folder / ADDRESS_FILE).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return f"http://127.0.0.1:{port}"


def make_folders(settings: Settings) -> None:
    """Make the data folder, and the SQLite file's, for their owner only. Raises SettingsError when they cannot be made
    or written to."""
    _make("DATA_DIR", settings.data_dir)
    if settings.database_file is not None:
        _make("DATABASE_URL", settings.database_file.parent)


def _make(variable: str, folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"{variable}: the folder {folder} cannot be made: {error.strerror}") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SettingsError(f"{variable}: the folder {folder} cannot be written to")


@contextmanager
def alone_on(settings: Settings, *, named_by: str | None = None) -> Iterator[bool]:
    """Hold the SQLite file's lock: it is for one running platform. With PostgreSQL there may be many, and none can know
    that it is alone. `named_by`: what names the file where no setting does. Raises SettingsError."""
    file = settings.database_file
    if file is None:
        yield False
        return
    # Opened for reading, so that a lock that root has made is everybody's who may use the folder.
    lock = os.open(file.with_name(f"{file.name}.lock"), os.O_RDONLY | os.O_CREAT, 0o644)
    try:
        _give_to_owner_of(file.parent, lock)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            variable = named_by or ("DATABASE_URL" if settings.database_url else "DATA_DIR")
            other = "folder" if variable == "DATA_DIR" else "file"
            raise SettingsError(
                f"{variable}: another Maskarad is running on {file}; stop it or name another {other}"
            ) from None
        yield True
    finally:
        os.close(lock)


def _give_to_owner_of(folder: Path, descriptor: int) -> None:
    of = folder.stat()
    with suppress(PermissionError):
        os.fchown(descriptor, of.st_uid, of.st_gid)
