"""`maskarad bot add|list|enable|disable|remove`"""

import secrets
import sys
from typing import Annotated

import typer

from maskarad.cli.common import AsJson, now, print_rows, with_database
from maskarad.db import Connection, bots, personas
from maskarad.db.engine import Database
from maskarad.errors import BadInput, TokenInvalid
from maskarad.settings import Settings
from maskarad.telegram.edge import open_sender
from maskarad.values import Access, BotProfile, StoredBot, Token
from maskarad.vault import open_vault

app = typer.Typer(no_args_is_help=True)

BotId = Annotated[int, typer.Argument(help="The bot's id, as `maskarad bot list` shows it.")]


def register(parent: typer.Typer, name: str, help_text: str) -> None:
    parent.add_typer(app, name=name, help=help_text)


@app.command()
def add(
    persona: Annotated[int, typer.Option(help="Id of the persona that the bot is to wear.")],
    token: Annotated[str, typer.Option(help="The bot's token from @BotFather; - reads it from standard input.")],
    access: Annotated[Access, typer.Option(help="Who may talk to it.")] = Access.OWNER_ONLY,
) -> None:
    """Bind a bot to a persona and print its id. A running platform picks it up within 5 seconds."""
    secret = Token(sys.stdin.readline().strip() if token == "-" else token)

    async def work(database: Database, settings: Settings) -> int:
        profile = await _profile(settings, secret)
        vault = open_vault(settings.secret_keys, settings.data_dir)

        def bind(connection: Connection) -> int:
            personas.get(connection, persona)
            return bots.bind(
                connection,
                persona,
                profile,
                token=vault.seal(secret),
                public_id=secrets.token_urlsafe(24),
                secret=secrets.token_urlsafe(24),
                access=access,
                now=now(),
            )

        return await database.write(bind)

    typer.echo(with_database(work))


async def _profile(settings: Settings, token: Token) -> BotProfile:
    async with open_sender(settings) as sender:
        try:
            return await sender.get_me(token)
        except TokenInvalid:
            raise BadInput("Telegram does not know this token; copy it anew from @BotFather") from None


@app.command("list")
def list_bots(as_json: AsJson = False) -> None:
    """List all bots, never their tokens."""

    async def work(database: Database, _settings: Settings) -> list[StoredBot]:
        return await database.read(bots.everyone)

    rows = [
        {
            "id": stored.bot.id,
            "username": stored.bot.username,
            "persona": stored.bot.persona_id,
            "owner": stored.bot.owner_id,
            "access": stored.bot.access.value,
            "enabled": stored.bot.enabled,
            "state": stored.bot.state.value,
        }
        for stored in with_database(work)
    ]
    print_rows(rows, as_json=as_json, empty="There are no bots yet; `maskarad bot add` binds one.")


@app.command()
def enable(bot: BotId) -> None:
    """Let a bot work again."""
    _set_enabled(bot, True)


@app.command()
def disable(bot: BotId) -> None:
    """Let a bot rest: it receives nothing; Telegram keeps its updates for 24 hours."""
    _set_enabled(bot, False)


def _set_enabled(bot: int, enabled: bool) -> None:
    async def work(database: Database, _settings: Settings) -> None:
        await database.write(lambda connection: bots.set_enabled(connection, bot, enabled, now=now()))

    with_database(work)


@app.command()
def remove(bot: BotId, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Unbind a bot and erase all that it remembers."""

    async def work(database: Database, _settings: Settings) -> None:
        await database.write(lambda connection: bots.unbind(connection, bot))

    if not yes:
        typer.confirm(f"Unbind bot {bot} and erase all its conversations?", abort=True)
    with_database(work)
