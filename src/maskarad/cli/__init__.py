"""The command line. Each command is a module of its own, and only the one that was asked for is imported: `run` must
not wait for Alembic, nor `doctor` for the whole platform."""

import importlib
import sys

import typer

from maskarad.errors import MaskaradError

COMMANDS = {
    "run": "Run the platform; without TELEGRAM_BOT_TOKEN with the sandbox beside it.",
    "sandbox": "Run the sandbox alone: a Telegram of your own, with a model and a chat page.",
    "demo": "Play a scene through the whole platform and check it.",
    "db": "Bring the database's schema up or down, or show where it stands.",
    "persona": "Add, list, show, edit and remove personas.",
    "bot": "Bind Telegram bots to personas, list, enable, disable and remove them.",
    "doctor": "Check settings, database, cache, Telegram and the model.",
}


def main() -> None:
    """Entry of `maskarad`. What goes wrong is one sentence on stderr: exit code 2 for a wrong call, else 1."""
    app = typer.Typer(
        name="maskarad",
        help="AI personas on Telegram, self-hosted.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    asked = next((word for word in sys.argv[1:] if not word.startswith("-")), None)
    for name, help_text in COMMANDS.items():
        if name == asked:
            importlib.import_module(f"maskarad.cli.{name}").register(app, name, help_text)
        else:
            app.command(name, help=help_text)(_elsewhere)
    try:
        app()
    except MaskaradError as error:
        sys.stderr.write(f"maskarad: {error}\n")
        raise SystemExit(1) from None


def _elsewhere() -> None:
    """Stands in `maskarad --help` for a command that was not asked for."""
