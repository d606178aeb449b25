"""The backup that is made before the schema of a database in use is changed."""

import importlib
from typing import Annotated

import typer

from maskarad.db import restoring, schema
from maskarad.db.engine import Database
from maskarad.errors import BadInput, MaskaradError
from maskarad.settings import Settings

NoBackup = Annotated[
    bool, typer.Option("--no-backup", help="Change the schema of a database in use without a backup before.")
]


async def is_to_change(database: Database) -> bool:
    """Whether going up changes a database in which there is something to lose."""
    found = await database.read(schema.revision_of)
    return found is not None and found < schema.REVISION and await database.read(restoring.is_used)


async def back_up(database: Database, settings: Settings) -> None:
    """Raises BadInput, and then nothing was changed."""
    # Encryption and its like are 10 MB that `maskarad run` does not need for its option.
    backup = importlib.import_module("maskarad.cli.backup")
    try:
        with importlib.import_module("maskarad.cli.bar").bar() as progress:
            made = await backup.create(database, settings, "migration", progress)
    except MaskaradError as error:
        raise BadInput(
            f"the schema stays as it is, because no backup could be made before: {error}; --no-backup goes on without"
        ) from None
    typer.echo(backup.told(settings, made), err=True)
