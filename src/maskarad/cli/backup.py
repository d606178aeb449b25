"""`maskarad backup create|list|verify|prune`"""

import asyncio
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from maskarad.backup import apart
from maskarad.backup import folder as files
from maskarad.backup.archive import Reason, header_of
from maskarad.backup.create import Made, create
from maskarad.backup.failures import BackupChanged, NotABackup, RestoreRefused
from maskarad.backup.folder import Stamp
from maskarad.backup.prune import prune
from maskarad.backup.retention import kept
from maskarad.backup.unpack import database_at
from maskarad.backup.verify import Verified, verify
from maskarad.cli.bar import BYTES, bar
from maskarad.cli.common import AsJson, now, print_json, print_rows, with_any_database
from maskarad.cli.place import load_here
from maskarad.db import Connection, backups, restoring
from maskarad.db.engine import Database
from maskarad.errors import DatabaseUnavailable, NotFound
from maskarad.key_file import KEY_FILE
from maskarad.settings import Settings
from maskarad.utc import to_second

app = typer.Typer(
    help="Back the database up, show, try and tidy away backups. A running platform makes one each day by itself "
    "(BACKUP_HOUR). `maskarad restore` is the way back."
)

UNITS = {"counting": "rows", "packing": BYTES, "unpacking": BYTES, "comparing": "rows"}
"""Of the steps of backups and restores."""

Backup = Annotated[
    str | None,
    typer.Argument(
        metavar="FILE", help="A file, or a backup's name; left out: the platform's newest.", show_default=False
    ),
]


def register(parent: typer.Typer, name: str, summary: str) -> None:
    parent.add_typer(app, name=name, short_help=summary)


@app.command("create", short_help="Back up all that is in the database.")
def create_(
    as_json: AsJson = False,
    daily: Annotated[
        bool, typer.Option("--daily", help="As the schedule does: kept as a daily one, and prune.")
    ] = False,
    parent: Annotated[int | None, typer.Option("--for", hidden=True, help="The process that waits for it.")] = None,
) -> None:
    """Back up all that is in the database, while the platform goes on, into one file in BACKUP_DIR.

    The secret key is not in it: keep DATA_DIR/secret.key (or MASKARAD_SECRET_KEY) in another place.
    """
    if parent is not None:
        apart.begin(parent)
    reason: Reason = "daily" if daily else "manual"

    async def work(database: Database, settings: Settings) -> tuple[Settings, Made]:
        with bar(UNITS) as progress:
            made = await create(database, settings, reason, progress)
        if daily:
            await prune(database, settings.backup_folder, now=made.made_at)
        return settings, made

    settings, made = with_any_database(work, patient=True)
    if as_json:
        print_json(as_dict(made))
        return
    typer.echo(told(settings, made))
    typer.echo(what_else_to_keep(settings))


def told(settings: Settings, made: Made) -> str:
    how = "encrypted" if made.encrypted else "not encrypted: BACKUP_PASSPHRASE is not set"
    return (
        f"backup: {settings.backup_folder / made.file}, {made.bytes:,} bytes ({how}), {made.rows:,} rows of "
        f"{made.tables} tables in {made.seconds:.1f} s"
    )


def what_else_to_keep(settings: Settings) -> str:
    key = "MASKARAD_SECRET_KEY" if settings.secret_keys else str(settings.data_dir / KEY_FILE)
    phrase = ", and BACKUP_PASSPHRASE, without which nobody can restore it" if settings.backup_passphrase else ""
    return f"It does not hold the secret key. Keep elsewhere {key}, which opens the bots' tokens in it{phrase}."


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """The backups in BACKUP_DIR, the newest first. No database is needed; where it answers, it tells which are its
    own."""
    settings = load_here()
    folder, own = settings.backup_folder, _own_platform(settings)
    there = files.stamps(folder)
    stay: dict[str, str] = {}
    for platform in {each.platform for each in there}:
        stay |= kept([each for each in there if each.platform == platform], now=now())
    rows = [_row(folder, each, own, stay.get(each.name)) for each in there]
    print_rows(rows, as_json=as_json, empty=f"there are no backups in {folder}; `maskarad backup create` makes one")


def _own_platform(settings: Settings) -> str | None:
    """None: the database cannot tell."""
    if settings.database_file is not None and not settings.database_file.exists():
        return None

    async def ask() -> str:
        async with database_at(settings.database) as database:
            return await database.read(restoring.platform)

    try:
        own = asyncio.run(ask())
    except DatabaseUnavailable:
        return None
    return None if own == restoring.NAMELESS else own


def _row(folder: Path, stamp: Stamp, own: str | None, keeps: str | None) -> dict[str, Any]:
    try:
        header = header_of(folder / stamp.name)
    except (NotABackup, BackupChanged, RestoreRefused):
        header = None
    return {
        "file": stamp.name,
        "made": to_second(stamp.made_at),
        "bytes": (folder / stamp.name).stat().st_size,
        "database": stamp.database,
        "reason": stamp.reason,
        "platform": stamp.platform,
        "own": None if own is None else stamp.platform == own,
        "schema": header.revision if header else "unreadable",
        "version": header.maskarad if header else "",
        "encrypted": bool(header and header.encryption),
        "kept as": "nobody prunes it" if stamp.platform == restoring.NAMELESS else keeps or "goes with the next prune",
    }


@app.command("verify", short_help="Restore a backup into a scratch database.")
def verify_(
    backup: Backup = None,
    scratch: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="An empty database on PostgreSQL to try it in; it is emptied again. Left out, one is made beside the "
            "platform's and dropped.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Restore a backup into a scratch database, compare counts and checksums of all tables, and drop it."""
    settings = load_here()
    file = find(settings, backup)
    with bar(UNITS) as progress:
        verified = asyncio.run(verify(file, settings, scratch, progress))
    if settings.database_file is None or settings.database_file.exists():
        with_any_database(partial(_note, verified=verified))
    if as_json:
        print_json(as_dict(verified))
        return
    typer.echo(
        f"verified: {verified.file}, {verified.rows:,} rows of {verified.tables} tables are as they were, "
        f"in {verified.seconds:.1f} s"
    )


async def _note(database: Database, _settings: Settings, *, verified: Verified) -> None:
    def note(connection: Connection) -> None:
        if backups.are_kept(connection):
            backups.verified(connection, verified.file, now=now())

    with suppress(DatabaseUnavailable):  # what was tried is the backup
        await database.write(note)


@app.command("prune", short_help="Delete backups that are kept no more.")
def prune_(as_json: AsJson = False) -> None:
    """Delete backups that are kept no more: of daily ones stay 7 days, 4 weeks and 6 months, of others the last."""

    async def work(database: Database, settings: Settings) -> list[str]:
        return await prune(database, settings.backup_folder, now=now())

    gone = with_any_database(work)
    if as_json:
        print_json(gone)
        return
    for name in gone:
        typer.echo(f"deleted: {name}")
    typer.echo(f"deleted {len(gone)}" if gone else "all backups are kept")


def find(settings: Settings, given: str | None) -> Path:
    """Raises NotFound."""
    folder = settings.backup_folder
    if given is None:
        there = files.stamps(folder, _own_platform(settings))
        newest = next((each for each in there if each.made_at <= now() + backups.AHEAD), None)
        if newest is None:
            raise NotFound(f"there are no backups of this platform in {folder}; `maskarad backup create` makes one")
        return folder / newest.name
    for path in (Path(given), folder / given):
        if path.is_file():
            return path
    raise NotFound(f"there is no backup {given}; `maskarad backup list` shows those that are here")


def as_dict(value: Made | Verified) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__struct_fields__}
