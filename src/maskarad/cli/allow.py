"""`maskarad allow bot|user`: what `maskarad stop` did is undone."""

import typer

from maskarad.cli.common import now
from maskarad.cli.naming import WhichBot, WhichUser
from maskarad.cli.stop import Done, with_bot, with_user
from maskarad.db import Connection, cards, stops
from maskarad.settings import Settings

ALLOWED = "operator_allowed"

app = typer.Typer(help="Let a stopped bot or person go on; `maskarad stop list` shows them.")


def register(parent: typer.Typer, name: str, summary: str) -> None:
    parent.add_typer(app, name=name, short_help=summary)


@app.command("bot")
def allow_bot(bot: WhichBot) -> None:
    """Let a bot go on: what it was asked is answered now. One whose owner is stopped goes on when the owner does."""
    typer.echo(with_bot(bot, _let_bot, event=ALLOWED))


@app.command("user")
def allow_user(user: WhichUser) -> None:
    """Let a person go on, and the bots stopped with them."""
    typer.echo(with_user(user, _let_user, event=ALLOWED))


def _let_bot(connection: Connection, bot_id: int, name: str) -> Done:
    if cards.bot(connection, bot_id).stopped_at is None:
        return False, f"{name} was not stopped"
    goes_on = stops.let_bot(connection, bot_id, now=now())
    return True, f"{name} goes on" if goes_on else f"{name} goes on when its owner does: the owner is stopped"


def _let_user(connection: Connection, user_id: int, _settings: Settings) -> Done:
    was_stopped = stops.let_user(connection, user_id, now=now())
    return was_stopped, f"user {user_id} goes on" if was_stopped else f"user {user_id} was not stopped"
