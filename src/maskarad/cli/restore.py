"""`maskarad restore`"""

import asyncio
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from maskarad.backup.archive import header_of
from maskarad.backup.restore import Restored, restore
from maskarad.cli.backup import UNITS, find
from maskarad.cli.bar import bar
from maskarad.cli.common import AsJson, print_json
from maskarad.cli.place import alone_on, load_here, make_folders
from maskarad.errors import BadInput, WrongSecretKey
from maskarad.key_file import KEY_FILE, RETIRED_FILE, KeyFile
from maskarad.settings import Settings
from maskarad.utc import to_second
from maskarad.vault import Vault

_ADDRESS: TypeAdapter[str] = TypeAdapter(Annotated[str, *Settings.model_fields["database_url"].metadata])


def register(parent: typer.Typer, name: str, summary: str) -> None:
    parent.command(name, short_help=summary)(restore_)


def restore_(
    backup: Annotated[str, typer.Argument(metavar="FILE", help="A file, or a name that `maskarad backup list` shows.")],
    force: Annotated[bool, typer.Option("--force", help="Replace what is in the database.")] = False,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Another database than that of DATABASE_URL: sqlite:///FILE or postgresql://…"
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put a backup in the place of the database, with every process of the platform stopped.

    Whenever it is interrupted, the old database is there or the new one; give the command again. What an older version
    has backed up is brought up to date.
    """
    settings = load_here()
    file = find(settings, backup)
    target = settings if to is None else settings.model_copy(update={"database_url": _address(to)})
    header_of(file)  # what is no backup is told before a folder is made for it
    make_folders(target)
    named_by = None if to is None else "--to"
    with alone_on(target, named_by=named_by), bar(UNITS) as progress:
        restored = asyncio.run(restore(file, target, force=force, progress=progress))
    warning = _about_key(settings, restored.sealed)
    if as_json:
        told = {name: getattr(restored, name) for name in restored.__struct_fields__ if name != "sealed"}
        print_json(told | {"tokens_can_be_read": warning is None})
    else:
        typer.echo(_told(restored))
    if warning is not None:
        typer.echo(f"maskarad: {warning}", err=True)


def _address(to: str) -> str:
    try:
        return _ADDRESS.validate_python(to or "?")
    except ValidationError as error:
        raise BadInput(f"--to: {error.errors()[0]['msg'].removeprefix('Value error, ')}") from None


def _told(restored: Restored) -> str:
    brought = f", brought up from {restored.from_revision}" if restored.from_revision != restored.revision else ""
    return (
        f"restored: the database as it was at {to_second(restored.made_at)}, {restored.rows:,} rows of "
        f"{restored.tables} tables compared in {restored.seconds:.1f} s; schema: {restored.revision}{brought}"
    )


def _about_key(settings: Settings, sealed: str | None) -> str | None:
    """What is to be said where the bots' tokens cannot be opened. No key is made here: it would be another one."""
    if sealed is None:
        return None
    file = KeyFile(settings.data_dir)
    keys = settings.secret_keys or (file.read().every if file.path.exists() else ())
    if keys and _opens(keys, sealed):
        return None
    what = (
        "the secret key here is another one than that they were stored with"
        if keys
        else "the secret key that they were stored with is not here"
    )
    retired = settings.data_dir / RETIRED_FILE
    hint = f"; older keys are in {retired}" if retired.exists() else ""
    return (
        f"the bots' tokens in this backup cannot be opened: {what}; put that platform's {KEY_FILE} into "
        f"{settings.data_dir} or set MASKARAD_SECRET_KEY before you start it{hint}"
    )


def _opens(keys: tuple[str, ...], sealed: str) -> bool:
    try:
        Vault(keys).open(sealed)
    except WrongSecretKey:
        return False
    return True
