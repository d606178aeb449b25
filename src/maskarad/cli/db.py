"""`maskarad db upgrade|downgrade|current|partition|move`"""

import time
from functools import partial
from typing import Annotated

import typer

from maskarad.cli.before_migration import NoBackup, back_up, is_to_change
from maskarad.cli.common import AsJson, Yes, confirm, print_one, with_any_database
from maskarad.cli.moving import move_database
from maskarad.cli.place import alone_on
from maskarad.db import migrate, partitioning, partitions, schema
from maskarad.db.engine import Database
from maskarad.db.insisting import insist
from maskarad.errors import BadInput
from maskarad.settings import Settings

app = typer.Typer(
    help="Bring the database's schema up or down, show where it stands, or move everything into another database. "
    "`maskarad run` brings the schema up by itself."
)


def register(parent: typer.Typer, name: str, summary: str) -> None:
    parent.add_typer(app, name=name, short_help=summary)


@app.command()
def upgrade(
    revision: Annotated[str, typer.Argument(help="Revision to reach.")] = "head", no_backup: NoBackup = False
) -> None:
    """Bring the schema up to what this version needs. An up-to-date database stays as it is; of one in use a backup is
    made first."""

    async def work(database: Database, settings: Settings) -> None:
        if not no_backup and await is_to_change(database):
            await back_up(database, settings)
        await insist(database, lambda connection: migrate.upgrade(connection, revision), tell=_tell)
        reached = await database.read(schema.revision_of)
        typer.echo(f"schema: {reached}")
        on_server = settings.database_file is None
        if on_server and reached == schema.REVISION and not await database.read(partitions.are_there):
            typer.echo("the history is one table: `maskarad db partition`, with every process stopped, keeps it fast")

    with_any_database(work, patient=True)


@app.command(short_help="Take the schema back to an older revision.")
def downgrade(
    revision: Annotated[str, typer.Argument(help="Revision to go back to; base empties the database.")],
    yes: Yes = False,
) -> None:
    """Take the schema back, with every process of the platform stopped. Tables that the older schema does not have are
    dropped with their rows."""
    confirm(f"Go back to {revision} and lose what that schema cannot hold?", yes=yes)

    async def work(database: Database, settings: Settings) -> str | None:
        if settings.database_file is None:
            await _refuse_others(database)
        with alone_on(settings):
            await insist(database, lambda connection: migrate.downgrade(connection, revision), tell=_tell)
        return await database.read(schema.revision_of)

    typer.echo(f"schema: {with_any_database(work, patient=True) or 'empty'}")


@app.command(short_help="Show the revision that the database has.")
def current(as_json: AsJson = False) -> None:
    """Show which revision the database has and which one this version needs."""

    async def work(database: Database, _settings: Settings) -> str | None:
        return await database.read(schema.revision_of)

    revision = with_any_database(work)
    print_one({"database": revision if as_json else revision or "empty", "needed": schema.REVISION}, as_json=as_json)


@app.command(short_help="Divide a history on PostgreSQL into parts.")
def partition() -> None:
    """Divide a history on PostgreSQL, so that it stays fast and old parts can be dropped at once. A new database is
    made so; one that is in use needs this once, with every process of the platform stopped. Again makes room where the
    platform has not (`too_many_lines_beyond` in its log), and else changes nothing."""

    async def work(database: Database, _settings: Settings) -> None:
        await database.read(schema.check)
        if await database.read(partitions.are_there):
            await database.write(partial(partitions.make_ahead, most_beyond=None))
            typer.echo("the history is in partitions")
            return
        await _refuse_others(database)
        typer.echo("dividing the history: nothing is copied, but all of it is read; some seconds a million messages")
        began = time.monotonic()
        await database.write(partitioning.partition)
        typer.echo(f"the history is in partitions, after {time.monotonic() - began:.1f} s")

    with_any_database(work, patient=True)


app.command("move", short_help="Copy everything into another database.")(move_database)


def _tell(sentence: str) -> None:
    typer.echo(sentence, err=True)


async def _refuse_others(database: Database) -> None:
    """Raises BadInput while anybody else uses the database, which is PostgreSQL or no such thing is done on it."""
    if others := await database.read(partitioning.others):
        raise BadInput(f"others are connected to this database ({others}): stop every process of the platform first")
