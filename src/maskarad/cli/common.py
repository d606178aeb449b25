"""What the commands share: settings, the database for the length of a command, and how a listing is printed."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, TypeVar

import typer

from maskarad.db import schema
from maskarad.db.engine import Database, open_database
from maskarad.settings import Settings, load

T = TypeVar("T")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def with_database(work: Callable[[Database, Settings], Awaitable[T]]) -> T:
    """Run a command's work on a database with the current schema, then close it. Raises SchemaOutdated otherwise."""
    return with_any_database(lambda database, settings: _checked(work, database, settings))


def with_any_database(work: Callable[[Database, Settings], Awaitable[T]]) -> T:
    """As `with_database`, whatever the schema."""

    async def run() -> T:
        settings = load()
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        database = open_database(settings.database, pool_size=2, max_overflow=0)
        try:
            return await work(database, settings)
        finally:
            await database.close()

    return asyncio.run(run())


async def _checked(work: Callable[[Database, Settings], Awaitable[T]], database: Database, settings: Settings) -> T:
    await database.read(schema.check)
    return await work(database, settings)


def print_rows(rows: Sequence[Mapping[str, Any]], *, as_json: bool, empty: str) -> None:
    """A table for eyes or JSON for machines."""
    if as_json:
        typer.echo(json.dumps(list(rows), ensure_ascii=False, indent=2))
        return
    if not rows:
        typer.echo(empty)
        return
    titles = list(rows[0])
    cells = [titles, *([_cell(row[title]) for title in titles] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(titles))]
    for line in cells:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def now() -> float:
    return time.time()
