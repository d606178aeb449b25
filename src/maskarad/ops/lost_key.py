"""The key that something stored is sealed with is not at hand: the start refuses with what the doctor says."""

from collections.abc import Sequence
from functools import partial

from maskarad.db import schema, secrets
from maskarad.db.engine import Database
from maskarad.db.opening import open_database
from maskarad.errors import SettingsError, WrongSecretKey
from maskarad.key_file import RETIRED_FILE, KeyFile
from maskarad.ops import rotation
from maskarad.ops.finding import Wrong
from maskarad.ops.safekeeping import nearest
from maskarad.settings import Settings
from maskarad.vault import Vault

_KEY_IS_GONE = "bots are stored, but the key to their tokens is gone"

_NO_KEY = "none"
"""A fingerprint that no process tells of."""


async def why_no_new_key(settings: Settings) -> Wrong | None:
    """Why no key may be made where there is none; None where one may, or need not. Raises DatabaseUnavailable,
    SchemaOutdated."""
    file = settings.database_file
    if settings.secret_keys or KeyFile(settings.data_dir).stamp() or (file is not None and nearest(file) != file):
        return None
    database = open_database(settings.database, pool_size=1, max_overflow=0)
    try:
        if await database.read(schema.revision_of) is None:
            return None
        await database.read(schema.check)
        return await why_not(database, settings, None)
    finally:
        await database.close()


async def why_not(database: Database, settings: Settings, vault: Vault | None) -> Wrong | None:
    """Why a process with these keys (None: with a new one) must not work on this database. The key check alone binds
    nobody: where each token can be read and nobody else is at work, it may be sealed anew."""
    tokens = await _tokens(database)
    if unreadable := [each for each in tokens if vault is None or not _opens(vault, each)]:
        state = "a bot's token was stored with another key" if vault else _KEY_IS_GONE
        return Wrong(state, _how_to_give_back(settings, unreadable))
    check = await database.read(secrets.key_check)
    if check is None or (vault is not None and _opens(vault, check)):
        return None
    others = await rotation.without_key(database, vault.fingerprints()[0] if vault else _NO_KEY)
    if not others:
        return None
    return Wrong(
        f"processes at work have another key: {', '.join(others)}",
        f"set the same MASKARAD_SECRET_KEY everywhere, or copy their secret.key to {KeyFile(settings.data_dir).path}",
    )


async def _tokens(database: Database) -> Sequence[str]:
    found: list[str] = []
    after = 0
    while batch := await database.read(partial(secrets.tokens, after=after, most=rotation.BATCH)):
        found += [sealed for _, sealed in batch]
        after = batch[-1][0]
    return found


def _how_to_give_back(settings: Settings, unreadable: Sequence[str]) -> str:
    file = KeyFile(settings.data_dir)
    try:
        if (keys := file.retired()) and all(_opens(Vault(keys), each) for each in unreadable):
            place = (
                "MASKARAD_SECRET_KEY, behind a comma" if settings.secret_keys else f"{file.path}, in a line of its own"
            )
            return f"the key is in {settings.data_dir / RETIRED_FILE}: put it into {place}"
    except (OSError, SettingsError):
        pass
    return (
        f"put the old key back into MASKARAD_SECRET_KEY or {file.path}, from your copy of it (it is in no backup of "
        "the database), or bind each bot anew with `maskarad bot add`"
    )


def _opens(vault: Vault, sealed: str) -> bool:
    try:
        vault.open(sealed)
    except WrongSecretKey:
        return False
    return True
