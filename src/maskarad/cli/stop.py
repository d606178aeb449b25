"""`maskarad stop bot|user|list`: what an operator does about a bot or a person that harms the platform; `allow.py`
undoes it."""

from collections.abc import Callable
from typing import Any

import structlog
import typer

from maskarad.cli.common import AsJson, now, print_rows, with_database
from maskarad.cli.naming import WhichBot, WhichUser, id_of_bot, id_of_user
from maskarad.db import Connection, cards, stops
from maskarad.db.engine import Database
from maskarad.errors import BadInput
from maskarad.settings import Settings
from maskarad.utc import to_second

app = typer.Typer(help="Stop a bot or a person of this platform, or list who is stopped. `maskarad allow` undoes it.")

STOPPED = "operator_stopped"
OPERATOR = "command line"
"""Who it was, for the log: `/admin` gives an id there."""

log = structlog.get_logger()

Done = tuple[bool, str]
"""Whether anything is otherwise now, and what is told."""


def register(parent: typer.Typer, name: str, summary: str) -> None:
    parent.add_typer(app, name=name, short_help=summary)


@app.command("bot")
def stop_bot(bot: WhichBot) -> None:
    """Stop a bot, whatever its owner does.

    It receives, says and spends nothing, and its owner cannot change that. A running platform obeys within 5 seconds.
    What the bot was asked waits.
    """
    typer.echo(with_bot(bot, _stop_bot, event=STOPPED))


@app.command("user")
def stop_user(user: WhichUser) -> None:
    """Stop a person, and their bots with them.

    No bot hears them, and the manager bot does not serve them. A running platform obeys within 5 seconds. /me,
    /export_me and /forget_me go on working for them in private chats.
    """
    typer.echo(with_user(user, _stop_user, event=STOPPED))


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """All that is stopped, the newest first."""

    async def work(database: Database, _settings: Settings) -> list[dict[str, Any]]:
        return await database.read(_rows)

    print_rows(with_database(work), as_json=as_json, empty="nothing and nobody is stopped")


def with_bot(bot: str, act: Callable[[Connection, int, str], Done], *, event: str) -> str:
    """Do it to the bot of that id or @username, which it is told, too; the log has what changed as `event`."""

    async def work(database: Database, _settings: Settings) -> tuple[int, Done]:
        def find_and_act(connection: Connection) -> tuple[int, Done]:
            bot_id = id_of_bot(connection, bot)
            return bot_id, act(connection, bot_id, f"@{cards.bot(connection, bot_id).username}")

        return await database.write(find_and_act)

    bot_id, (changed, said) = with_database(work)
    if changed:
        log.warning(event, kind="bot", id=bot_id, operator=OPERATOR)
    return said


def with_user(user: str, act: Callable[[Connection, int, Settings], Done], *, event: str) -> str:
    """Do it to the person of that id or @username; the log has what changed as `event`."""

    async def work(database: Database, settings: Settings) -> tuple[int, Done]:
        def find_and_act(connection: Connection) -> tuple[int, Done]:
            user_id = id_of_user(connection, user)
            return user_id, act(connection, user_id, settings)

        return await database.write(find_and_act)

    user_id, (changed, said) = with_database(work)
    if changed:
        log.warning(event, kind="user", id=user_id, operator=OPERATOR)
    return said


def _stop_bot(connection: Connection, bot_id: int, name: str) -> Done:
    stopped = stops.stop_bot(connection, bot_id, now=now())
    return stopped, f"{name} is stopped" if stopped else f"{name} was stopped already"


def _stop_user(connection: Connection, user_id: int, settings: Settings) -> Done:
    if user_id in settings.admin_user_ids:
        raise BadInput(f"{user_id} is an operator: take the id out of ADMIN_USER_IDS first")
    stopped = stops.stop_user(connection, user_id, language=settings.default_language, now=now())
    if not stopped:
        return False, f"user {user_id} was stopped already"
    count = stops.count_with_owner(connection, user_id)
    with_them = f", and {count} {'bot' if count == 1 else 'bots'} with them" if count else ""
    return True, f"user {user_id} is stopped{with_them}"


def _rows(connection: Connection) -> list[dict[str, Any]]:
    people = [
        _row("user", each.id, f"@{each.username}" if each.username else each.name, each.stopped_at, "")
        for each in stops.list_users(connection)
    ]
    return people + [
        _row("bot", each.id, f"@{each.username}", each.stopped_at, f"user {each.owner_id}" if each.with_owner else "")
        for each in stops.list_bots(connection)
    ]


def _row(kind: str, number: int, name: str, at: float, together_with: str) -> dict[str, Any]:
    return {"kind": kind, "id": number, "name": name, "since": to_second(at), "together with": together_with}
