"""What the commands share: the database for the length of a command, questions, and how things are printed."""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, TypeVar

import typer

from maskarad.cli.place import load_here, make_folders
from maskarad.db.engine import Database
from maskarad.db.opening import make_ready, open_database
from maskarad.settings import Settings

T = TypeVar("T")
Work = Callable[[Database, Settings], Awaitable[T]]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]

LARGEST_NUMBER = 2**63 - 1
"""That a database column holds."""


def with_database(work: Work[T]) -> T:
    """Run a command's work on the database that `maskarad run` uses here, then close it.

    An empty database gets its schema first. An older schema stays as it is, because a platform may be running on it:
    raises SchemaOutdated.
    """

    async def on_current_schema(database: Database, settings: Settings) -> T:
        await make_ready(database)
        return await work(database, settings)

    return with_any_database(on_current_schema)


def with_any_database(work: Work[T], *, patient: bool = False) -> T:
    """As `with_database`, whatever the schema. `patient`: a statement may take as long as it will."""

    async def run() -> T:
        settings = load_here()
        make_folders(settings)
        database = open_database(settings.database, pool_size=2, max_overflow=0, patient=patient)
        try:
            return await work(database, settings)
        finally:
            await database.close()

    return asyncio.run(run())


def checked_number(value: int | None) -> int | None:
    """For ids given by people, as an option's callback."""
    if value is not None and value > LARGEST_NUMBER:
        raise typer.BadParameter("this number is too large")
    return value


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something is lost, unless told not to. Ends the command when the answer is no, or none."""
    if yes:
        return
    typer.echo(f"{question} [y/N] ", nl=False, err=True)
    try:
        answer = sys.stdin.readline()
    except KeyboardInterrupt:
        answer = ""
    if not answer.endswith("\n"):
        typer.echo(err=True)  # nobody pressed Enter after the question
    if answer.strip().lower() not in ("y", "yes"):
        typer.echo("maskarad: nothing was changed; with --yes this does not ask", err=True)
        raise typer.Exit(1)


def print_rows(rows: Sequence[Mapping[str, Any]], *, as_json: bool, empty: str) -> None:
    """A table for eyes or JSON for machines."""
    if as_json:
        print_json(list(rows))
        return
    if not rows:
        typer.echo(empty)
        return
    titles = list(rows[0])
    cells = [titles, *([_cell(row[title]) for title in titles] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(titles))]
    for line in cells:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def print_one(thing: Mapping[str, Any], *, as_json: bool) -> None:
    """One thing: a line for each of its properties, or a JSON object."""
    if as_json:
        print_json(thing)
        return
    for title, value in thing.items():
        typer.echo(f"{title}: {_cell(value)}".rstrip())


def print_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)


def now() -> float:
    return time.time()
