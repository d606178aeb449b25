"""`maskarad secrets rotate|check`: another secret key, while the platform runs."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from maskarad.cli.common import AsJson, print_one, with_database
from maskarad.cli.place import alone_on
from maskarad.db import secrets
from maskarad.db.engine import Database
from maskarad.errors import BadInput, SettingsError
from maskarad.key_file import HOW_TO_MAKE_A_KEY, KEY_FILE, KeyFile, Keys, new_key
from maskarad.ops import rotation
from maskarad.settings import Settings
from maskarad.vault import Vault, fingerprint, open_vault

app = typer.Typer(
    help="The secret key that bots' tokens are stored with: see whether all is well with it, and exchange it."
)

BY_HAND = f"""\
MASKARAD_SECRET_KEY is set, so keys change in three rounds of restarts, one process after the other:
1. MASKARAD_SECRET_KEY=OLD,NEW everywhere: each process can read what the others will seal;
2. MASKARAD_SECRET_KEY=NEW,OLD everywhere, then `maskarad secrets rotate` with the same value;
3. once `maskarad secrets rotate --finish` agrees, MASKARAD_SECRET_KEY=NEW.
A new key: {HOW_TO_MAKE_A_KEY}"""


def register(parent: typer.Typer, name: str, summary: str) -> None:
    parent.add_typer(app, name=name, short_help=summary)


@app.command()
def check(as_json: AsJson = False) -> None:
    """Show which keys there are and what is sealed with them. Exit code 1 when something cannot be read, or when a
    process lacks the newest key."""

    async def work(database: Database, settings: Settings) -> bool:
        vault = await _vault(database, settings)
        found, newest = await rotation.standing(database, vault), vault.fingerprints()[0]
        lacking = await rotation.without_key(database, newest)
        check = await database.read(secrets.key_check)
        is_newest = check is not None and vault.is_newest(check)
        told = {
            "keys": len(vault.fingerprints()),
            "from": "MASKARAD_SECRET_KEY" if settings.secret_keys else str(KeyFile(settings.data_dir).path),
            "key check sealed with": None if check is None else "the newest key" if is_newest else "an older key",
            "tokens sealed with the newest key": found.newest - is_newest,
            "tokens sealed with an older key": found.older - (check is not None and not is_newest),
            "tokens sealed with none of these keys": found.unreadable,
            "processes without the newest key": lacking if as_json else ", ".join(lacking) or "none",
        }
        print_one(told, as_json=as_json)
        return not found.unreadable and not lacking

    if not with_database(work):
        raise typer.Exit(1)


@app.command(short_help="Seal every stored token anew with a new key.")
def rotate(
    finish: Annotated[
        bool, typer.Option("--finish", help="Drop the old key, now that nothing is sealed with it.")
    ] = False,
) -> None:
    """Seal every stored token anew with a new key while the platform runs; killed, it goes on where it stopped.

    Backups made before need the old key. It is dropped by --finish only, and kept in secret.key.retired.
    """

    async def work(database: Database, settings: Settings) -> None:
        await _vault(database, settings)
        if settings.secret_keys:
            await _by_hand(database, settings, finish=finish)
            return
        file = KeyFile(settings.data_dir)
        with _alone_with(file):
            await (_finish(database, file) if finish else _rotate(database, file))

    with_database(work)


@contextmanager
def _alone_with(file: KeyFile) -> Iterator[None]:
    with file.locked() as is_ours:
        if not is_ours:
            raise BadInput(f"another `maskarad secrets rotate` is at work on {file.path}")
        yield


async def _vault(database: Database, settings: Settings) -> Vault:
    """Raises WrongSecretKey when these are not the platform's keys, BadInput when there are none yet."""
    file = KeyFile(settings.data_dir)
    sealed = await database.read(secrets.key_check)
    if not settings.secret_keys and file.stamp() is None:
        todo = "where is the platform's key?" if sealed else "the first `maskarad run` makes one"
        raise BadInput(f"there is neither MASKARAD_SECRET_KEY nor {file.path}: {todo}")
    vault = open_vault(settings.secret_keys, settings.data_dir)
    if sealed is not None:
        vault.open(sealed)
    return vault


async def _rotate(database: Database, file: KeyFile) -> None:
    keys, vault = file.read(), Vault((), file)
    if keys.coming is None and not (await rotation.standing(database, vault)).older:
        if len(keys.sealing) > 1:
            typer.echo(f"nothing is sealed with an old key any more; {_how_to_finish()}")
            return
        keys = Keys(sealing=keys.sealing, coming=new_key())
        file.write(keys)
    if keys.coming is not None:
        if lacking := await rotation.until_known(database, fingerprint(keys.coming)):
            raise BadInput(
                f"the new key is in {file.path} and not used yet, as these processes do not know it: "
                f"{', '.join(lacking)}; copy the file into their DATA_DIR (or restart them with this one), then run "
                "this again"
            )
        file.write(Keys(sealing=(keys.coming, *keys.sealing)))
    await _reseal(database, Vault((), file), _nobody_lacks(database, file.read().sealing[0]))
    typer.echo(_how_to_finish())


async def _finish(database: Database, file: KeyFile) -> None:
    keys = file.read()
    if keys.coming is not None:
        raise BadInput("a rotation was begun and did not come to its end: run `maskarad secrets rotate` first")
    if len(keys.sealing) == 1:
        raise BadInput(f"{file.path} holds one key: `maskarad secrets rotate` makes a new one")
    newest, *old = keys.sealing
    await _refuse_while_sealed_otherwise(database, newest)
    # With the old keys at hand until the end: what somebody sealed with them in the last moment is found afterwards.
    vault, known = Vault(keys.sealing), _nobody_lacks(database, newest)
    await _reseal(database, vault, known)
    kept = file.retire(old)
    file.write(Keys(sealing=(newest,)))
    await rotation.settle()
    await rotation.reseal(database, vault, known)
    typer.echo(
        f"the old key is dropped; backups made before need it, so it is kept in {kept}: delete that file when they are "
        "gone"
    )


async def _by_hand(database: Database, settings: Settings, *, finish: bool) -> None:
    keys = settings.secret_keys
    if len(keys) == 1:
        raise BadInput(f"there is one key, and nothing to rotate to\n{BY_HAND}")
    if finish:
        await _refuse_while_sealed_otherwise(database, keys[0])
    vault, known = Vault(keys), _nobody_lacks(database, keys[0])

    async def knows() -> None:
        await known()
        await _refuse_unknown_to_the_one(database, settings, vault)

    await _reseal(database, vault, knows)
    if finish:
        typer.echo(
            "from the next restart on MASKARAD_SECRET_KEY may be its first key alone; backups made before need the "
            "others"
        )
    else:
        typer.echo(_how_to_finish())


async def _refuse_unknown_to_the_one(database: Database, settings: Settings, vault: Vault) -> None:
    """A process that is alone on its SQLite file renews the key check at its start: it seals with that key."""
    sealed = await database.read(secrets.key_check)
    if settings.database_file is None or sealed is None or vault.is_newest(sealed):
        return
    try:
        with alone_on(settings):
            pass
    except SettingsError:
        raise BadInput(
            "the running platform does not seal with the first key of MASKARAD_SECRET_KEY: restart it with the same "
            "value first, then run this again"
        ) from None


async def _refuse_while_sealed_otherwise(database: Database, newest: str) -> None:
    if others := await rotation.until_known(database, fingerprint(newest), as_newest=True):
        raise BadInput(
            f"these processes still seal with an old key: {', '.join(others)}; give them the newest one first (the "
            f"same {KEY_FILE}, or MASKARAD_SECRET_KEY with it in front), then run this again"
        )


def _nobody_lacks(database: Database, newest: str) -> Callable[[], Awaitable[None]]:
    async def check() -> None:
        if lacking := await rotation.until_known(database, fingerprint(newest)):
            raise BadInput(
                f"these processes do not have the newest key, and could not read what is sealed with it: "
                f"{', '.join(lacking)}; nothing more is sealed anew until they have it, and the rest can be read by all"
            )

    return check


async def _reseal(database: Database, vault: Vault, known: Callable[[], Awaitable[None]]) -> None:
    count = await rotation.reseal(database, vault, known)
    typer.echo(f"tokens sealed anew: {count}")
    found = await rotation.standing(database, vault)
    if found.older:
        raise BadInput("some tokens changed again and again meanwhile: run this again")
    if found.unreadable:
        typer.echo(f"tokens that no key at hand can read: {found.unreadable}; bind those bots anew", err=True)


def _how_to_finish() -> str:
    return "the old key can still read; `maskarad secrets rotate --finish` drops it"
