"""`maskarad db move`"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from maskarad.cli.bar import bar
from maskarad.cli.common import with_any_database
from maskarad.cli.place import alone_on, make_folders
from maskarad.db import schema, secrets
from maskarad.db.engine import Database
from maskarad.db.moving import Stage, move
from maskarad.db.opening import open_database
from maskarad.errors import BadInput, DatabaseUnavailable
from maskarad.key_file import HOW_TO_MAKE_A_KEY, KEY_FILE
from maskarad.settings import Settings

_ADDRESS: TypeAdapter[str] = TypeAdapter(Annotated[str, *Settings.model_fields["database_url"].metadata])


def move_database(
    to: Annotated[
        str,
        typer.Option(metavar="URL", help="An empty database: postgresql://… or sqlite:///FILE, as in DATABASE_URL."),
    ],
) -> None:
    """Copy everything from the database of the settings into another one, with every process of the platform stopped.

    SQLite to PostgreSQL is the way from one machine to many; the way back works, too. The old database is not changed.
    When the new one does not hold the same in the end, or the command is interrupted, nothing is in it. The password
    may be in PGPASSWORD instead of the URL.
    """

    async def work(database: Database, settings: Settings) -> tuple[int, list[str]]:
        place = _settings_of(settings, to)
        with alone_on(settings), alone_on(place, named_by="--to"):
            async with _opened(place) as target:
                with bar(dict.fromkeys(Stage, "rows"), lines=True) as shown:
                    rows = await move(database, target, lambda each: shown(each.stage, each.done, each.total))
                needs_key = await target.read(secrets.key_check) is not None
        return rows, _next_steps(place, named=to, needs_key=needs_key)

    began = time.monotonic()
    rows, steps = with_any_database(work, patient=True)
    count = f"{rows:,} {'row' if rows == 1 else 'rows'}"
    typer.echo(f"moved: {count} in {time.monotonic() - began:.1f} s; both databases hold the same")
    for step in steps:
        typer.echo(step)


def _settings_of(settings: Settings, to: str) -> Settings:
    """The same, with the database that is the target."""
    try:
        place = settings.model_copy(update={"database_url": _ADDRESS.validate_python(to or "?")})
    except ValidationError as error:
        raise BadInput(f"--to: {error.errors()[0]['msg'].removeprefix('Value error, ')}") from None
    source, file = settings.database_file, place.database_file
    if source is not None and file is not None and file.exists() and file.samefile(source):
        raise BadInput("--to names the database that is to be moved")
    make_folders(place)
    return place


@asynccontextmanager
async def _opened(place: Settings) -> AsyncIterator[Database]:
    target = open_database(place.database, pool_size=1, max_overflow=0, patient=True)
    try:
        try:
            await target.read(schema.revision_of)
        except DatabaseUnavailable as error:
            raise BadInput(f"--to: that database cannot be used ({error})") from None
        yield target
    finally:
        await target.close()


def _next_steps(place: Settings, *, named: str, needs_key: bool) -> list[str]:
    key = _about_key(place, needs_key=needs_key)
    if place.database_file is not None:
        return [
            "Next:",
            f"  1. set DATABASE_URL={named} and take REDIS_URL away",
            f"  2. {key}",
            "  3. start `maskarad run`, and never again anything on the old database: it would take the bots' messages",
        ]
    return [
        "Next:",
        "  1. set DATABASE_URL to what --to named, and REDIS_URL",
        f"  2. {key}",
        "  3. start gateways and workers (docs/deployment.md), and never again anything on the old database: it would "
        "take the bots' messages",
    ]


def _about_key(place: Settings, *, needs_key: bool) -> str:
    why = "without it no bot's token can be read"
    if place.secret_keys:
        return f"MASKARAD_SECRET_KEY stays as it is, on every machine: {why}"
    file = place.data_dir / KEY_FILE
    if file.exists():
        return (
            f"MASKARAD_SECRET_KEY: the key in {file} (of several lines, with commas between them), on every machine: "
            f"{why}"
        )
    if needs_key:
        return f"MASKARAD_SECRET_KEY: the platform's key, which is not in {file}, on every machine: {why}"
    if place.database_file is not None:
        return f"no secret key has to be taken along: {file} is made by the first start"
    return (
        f"MASKARAD_SECRET_KEY: one new key, the same on every machine ({file} is not there yet): "
        f"`{HOW_TO_MAKE_A_KEY}` makes it"
    )
