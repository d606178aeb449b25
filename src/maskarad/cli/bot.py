"""`maskarad bot add|list|enable|disable|remove`"""

import re
import secrets
import sys
from contextlib import suppress
from typing import Annotated

import typer

from maskarad.cli.common import AsJson, Yes, checked_number, confirm, now, print_rows, with_database
from maskarad.cli.naming import WhichBot, id_of_bot
from maskarad.cli.place import is_in_sandbox
from maskarad.controls.commands import described_commands
from maskarad.db import Connection, bots, personas
from maskarad.db.engine import Database
from maskarad.errors import BadInput, TelegramError, TelegramRefused, TokenInvalid
from maskarad.setting_shapes import TOKEN_SHAPE
from maskarad.settings import Settings
from maskarad.telegram.edge import open_edge, open_sender
from maskarad.texts import load_texts
from maskarad.values import Access, Bot, BotProfile, StoredBot, Token, WebhookIdentity
from maskarad.vault import open_vault

app = typer.Typer(help="Bind Telegram bots to personas, list, enable, disable and remove them.")


def register(parent: typer.Typer, name: str, summary: str) -> None:
    parent.add_typer(app, name=name, short_help=summary)


@app.command()
def add(
    persona: Annotated[
        int, typer.Option(min=1, callback=checked_number, help="Id of the persona that the bot is to wear.")
    ],
    token: Annotated[
        str | None,
        typer.Option(
            help="The bot's token from @BotFather (in the sandbox: from the chat page). Better left out: it is then "
            "asked for without being shown. - reads it from standard input. Both keep it out of the shell's history."
        ),
    ] = None,
    access: Annotated[Access | None, typer.Option(help="Who may talk to it; a new bot's is owner_only.")] = None,
) -> None:
    """Bind a bot to a persona and print the bot's id. A running platform picks it up within 5 seconds.

    A persona's own bot may be bound again, with a new token.
    """
    secret = _read_token(token)

    async def work(database: Database, settings: Settings) -> int:
        _refuse_manager(settings, secret)
        await database.read(lambda connection: personas.get(connection, persona))
        profile = await _profile(settings, secret)
        sealed = open_vault(settings.secret_keys, settings.data_dir).seal(secret)

        def bind(connection: Connection) -> int:
            bot_id = bots.bind(
                connection,
                persona,
                profile,
                token=sealed,
                webhook=WebhookIdentity(public_id=secrets.token_urlsafe(24), secret=secrets.token_urlsafe(24)),
                access=access or Access.OWNER_ONLY,
                now=now(),
            )
            if access is not None:  # the binding of a bot that was there already does not change it
                bots.set_access(connection, bot_id, access, now=now())
            return bot_id

        bot_id = await database.write(bind)
        await _introduce(database, settings, bot_id, secret)
        return bot_id

    typer.echo(with_database(work))


def _read_token(given: str | None) -> Token:
    if given is None and sys.stdin.isatty():
        given = typer.prompt("Token", hide_input=True, err=True)
    elif given in (None, "-"):
        given = sys.stdin.readline()
    token = (given or "").strip()
    if not re.fullmatch(TOKEN_SHAPE, token):
        raise BadInput("--token: this is not a bot's token; it looks like 123456:ABC-DEF…")
    return Token(token)


def _refuse_manager(settings: Settings, token: Token) -> None:
    manager = settings.telegram_bot_token
    if manager is not None and manager.get_secret_value().partition(":")[0] == token.reveal().partition(":")[0]:
        raise BadInput("--token: this is the manager bot; a persona needs a bot of its own, @BotFather makes one")


async def _profile(settings: Settings, token: Token) -> BotProfile:
    """Raises TelegramError with a sentence that says what to do."""
    address = settings.telegram_api_base_url
    async with open_sender(settings) as sender:
        try:
            return await sender.get_me(token)
        except TokenInvalid:
            raise TelegramRefused(f"{address} does not know this token; copy it anew") from None
        except TelegramError as error:
            if is_in_sandbox(settings):
                sentence = f"the sandbox does not answer at {address}; `maskarad run` starts it"
            else:
                sentence = f"Telegram does not answer at {address} ({error}); nothing was bound, try again"
            raise TelegramError(sentence) from None


async def _introduce(database: Database, settings: Settings, bot_id: int, token: Token) -> None:
    """Tell Telegram the bot's commands. The platform that will serve it may not be running, and does not ask later."""
    stored = await database.read(lambda connection: bots.get(connection, bot_id))
    async with open_edge(settings) as edge:
        edge.registry.put(stored.bot, token, stored.webhook)
        with suppress(TelegramError):
            await edge.sender.set_commands(bot_id, described_commands(load_texts()))


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
            "state": _state(stored.bot),
            "stopped": stored.bot.is_stopped,
        }
        for stored in with_database(work)
    ]
    print_rows(rows, as_json=as_json, empty="There are no bots yet; `maskarad bot add` binds one.")


def _state(bot: Bot) -> str:
    """As the platform counts them: what has to change first for it to work."""
    if bot.is_stopped:
        return "stopped"
    return bot.state.value if bot.enabled else "resting"


@app.command()
def enable(bot: WhichBot) -> None:
    """Let a bot work again. A running platform picks it up within 5 seconds."""
    _set_enabled(bot, True)


@app.command()
def disable(bot: WhichBot) -> None:
    """Let a bot rest.

    It receives nothing; Telegram keeps its updates for 24 hours.
    """
    _set_enabled(bot, False)


def _set_enabled(bot: str, enabled: bool) -> None:
    async def work(database: Database, _settings: Settings) -> None:
        await database.write(
            lambda connection: bots.set_enabled(connection, id_of_bot(connection, bot), enabled, now=now())
        )

    with_database(work)


@app.command()
def remove(bot: WhichBot, yes: Yes = False) -> None:
    """Unbind a bot and erase all that it remembers."""

    async def find(database: Database, _settings: Settings) -> StoredBot:
        return await database.read(lambda connection: bots.get(connection, id_of_bot(connection, bot)))

    async def unbind(database: Database, _settings: Settings) -> None:
        await database.write(lambda connection: bots.unbind(connection, found.id))

    found = with_database(find).bot
    confirm(f"Unbind @{found.username} and erase all its conversations?", yes=yes)
    with_database(unbind)
