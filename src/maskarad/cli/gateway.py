"""`maskarad gateway`: one of the processes that updates come into."""

from contextlib import suppress

import typer

from maskarad.cli.place import make_folders
from maskarad.cli.serving import begin, needs_many, serve
from maskarad.cli.telegram_word import word_of_telegram
from maskarad.errors import SettingsError
from maskarad.settings import Settings
from maskarad.values import GATEWAY


def register(parent: typer.Typer, name: str, summary: str) -> None:
    parent.command(name, short_help=summary)(gateway)


def gateway() -> None:
    """Take in updates and answer buttons and commands, until Ctrl-C or SIGTERM.

    As many as you like on one PostgreSQL (DATABASE_URL): with RUN_MODE=webhook behind one proxy that has
    WEBHOOK_URL_BASE, with RUN_MODE=polling each polls its share of the bots. What people say is stored and answered by
    `maskarad worker`; REDIS_URL lets a worker know of it at once instead of within some seconds.

    `maskarad db upgrade` brings the database up to date first.
    """
    settings = begin()
    needs_many(settings, "gateway")
    if settings.telegram_bot_token is None:
        raise SettingsError("TELEGRAM_BOT_TOKEN: is not set; @BotFather gives one")
    make_folders(settings)
    with suppress(KeyboardInterrupt):
        serve(settings, GATEWAY, alone=False, greeting=lambda: _greeting(settings))


async def _greeting(settings: Settings) -> str:
    username = await word_of_telegram(settings)
    if username is None:
        return f"The gateway is running, but {settings.telegram_api_base_url} does not answer; it goes on trying."
    return f"The gateway of @{username} is running."
