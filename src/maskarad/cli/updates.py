"""`maskarad updates list|show|retry|drop`: updates that were put aside because handling them failed again and again."""

import json
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import typer

from maskarad.cli.common import AsJson, Yes, checked_number, confirm, print_one, print_rows, with_database
from maskarad.db import Connection, failed_updates
from maskarad.db.engine import Database
from maskarad.db.failed_updates import FailedUpdate, UpdateKey
from maskarad.errors import BadInput, NotFound
from maskarad.settings import Settings
from maskarad.utc import to_second

app = typer.Typer(
    help="Updates that could not be handled for a fault of ours: look, have them handled again, drop them."
)

LISTED = 100

BotId = Annotated[int | None, typer.Argument(metavar="BOT", help="The bot's id.", min=0, callback=checked_number)]
UpdateId = Annotated[
    int | None, typer.Argument(metavar="UPDATE", help="The update's id.", min=0, callback=checked_number)
]
All = Annotated[bool, typer.Option("--all", help="All that were put aside.")]


def register(parent: typer.Typer, name: str, summary: str) -> None:
    parent.add_typer(app, name=name, short_help=summary)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """The latest that were put aside, the newest first."""

    async def work(database: Database, _settings: Settings) -> list[FailedUpdate]:
        return await database.read(partial(failed_updates.put_aside, most=LISTED))

    rows = [_row(each) for each in with_database(work)]
    print_rows(rows, as_json=as_json, empty="no updates were put aside")


@app.command()
def show(
    bot: Annotated[int, typer.Argument(metavar="BOT", help="The bot's id.", min=0, callback=checked_number)],
    update: Annotated[int, typer.Argument(metavar="UPDATE", help="The update's id.", min=0, callback=checked_number)],
    as_json: AsJson = False,
) -> None:
    """One of them, with what it says: people's words."""

    async def work(database: Database, _settings: Settings) -> dict[str, Any]:
        found = await database.read(partial(failed_updates.find, key=(bot, update)))
        if found is None:
            raise _unknown(bot, update)
        failed, body = found
        return {**_row(failed), **json.loads(body)}

    print_one(with_database(work), as_json=as_json)


@app.command()
def retry(bot: BotId = None, update: UpdateId = None, every: All = False) -> None:
    """Have one handled again, or all, within seconds. One that fails again is put aside again.

    A message that is older than ANSWER_WITHIN by then is kept, but not answered.
    """
    _act(_key(bot, update, every), failed_updates.requeue, failed_updates.requeue_all, "to be handled again")


@app.command()
def drop(bot: BotId = None, update: UpdateId = None, every: All = False, yes: Yes = False) -> None:
    """Delete one, or all: what they say is lost."""
    key = _key(bot, update, every)
    confirm("Drop every update that was put aside?" if key is None else "Drop this update?", yes=yes)
    _act(key, failed_updates.drop, failed_updates.drop_all, "dropped")


def _key(bot: int | None, update: int | None, every: bool) -> UpdateKey | None:
    """None for all. Raises BadInput."""
    if every and bot is None:
        return None
    if every or bot is None or update is None:
        raise BadInput("name a bot and an update, as `maskarad updates list` shows them, or --all")
    return bot, update


def _act(
    key: UpdateKey | None,
    one: Callable[[Connection, UpdateKey], bool],
    every: Callable[[Connection], int],
    done: str,
) -> None:
    async def work(database: Database, _settings: Settings) -> int:
        if key is None:
            return await database.write(every)
        if not await database.write(lambda connection: one(connection, key)):
            raise _unknown(*key)
        return 1

    typer.echo(f"{done}: {with_database(work)}")


def _unknown(bot: int, update: int) -> NotFound:
    return NotFound(f"no update {update} of bot {bot} was put aside; `maskarad updates list` shows those that were")


def _row(failed: FailedUpdate) -> dict[str, Any]:
    return {
        "bot": failed.bot_id,
        "update": failed.update_id,
        "attempts": failed.attempts,
        "first": to_second(failed.first_at),
        "last": to_second(failed.last_at),
        "to be retried": failed.requeued_at is not None,
        "error": failed.error,
    }
