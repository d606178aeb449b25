"""`maskarad errands list|retry`: imports, pictures and files that people ordered and that failed again and again."""

from functools import partial
from typing import Annotated

import typer

from maskarad.cli.common import AsJson, checked_number, print_rows, with_database
from maskarad.db import errands
from maskarad.db.engine import Database
from maskarad.db.errands import FailedErrand
from maskarad.errors import NotFound
from maskarad.settings import Settings
from maskarad.utc import to_second

app = typer.Typer(
    help="Imports, pictures and files that were given up after some attempts: look, have them tried again."
)

LISTED = 100


def register(parent: typer.Typer, name: str, summary: str) -> None:
    parent.add_typer(app, name=name, short_help=summary)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """The latest that were given up, the newest first."""

    async def work(database: Database, _settings: Settings) -> list[FailedErrand]:
        return await database.read(partial(errands.failed, most=LISTED))

    rows = [
        {
            "id": each.id,
            "kind": each.kind,
            "place": each.place,
            "attempts": each.attempts,
            "failed": to_second(each.failed_at),
            "error": each.error,
        }
        for each in with_database(work)
    ]
    print_rows(rows, as_json=as_json, empty="no errands were given up")


@app.command()
def retry(
    errand: Annotated[int, typer.Argument(metavar="ID", help="The errand's id.", min=1, callback=checked_number)],
) -> None:
    """Have one tried again, from where it stopped."""

    async def work(database: Database, _settings: Settings) -> None:
        if not await database.write(partial(errands.requeue, errand_id=errand)):
            raise NotFound(f"no errand {errand} was given up; `maskarad errands list` shows those that were")

    with_database(work)
    typer.echo(f"to be tried again: {errand}")
