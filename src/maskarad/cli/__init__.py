"""The command line. Each command is a module of its own, and only the one that was asked for is imported: `run` must
not wait for Alembic, nor `doctor` for the whole platform."""

import importlib
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

import typer
from typer.exceptions import TyperException

from maskarad.errors import BadInput, DatabaseUnavailable, MaskaradError
from maskarad.logs import configure

COMMANDS = {
    "run": "Run the platform, with a sandbox if there is no token.",
    "gateway": "Run one of several processes that updates come into.",
    "worker": "Run one of several processes that do the work.",
    "sandbox": "Run the sandbox alone: a Telegram of your own.",
    "demo": "Play a scene through the whole platform and check it.",
    "persona": "Add, list, show, edit and remove personas.",
    "bot": "Bind bots to personas, list and remove them.",
    "import": "Give a persona the history of a chat.",
    "stop": "Stop a bot or a person, list who is stopped.",
    "allow": "Let a stopped bot or person go on.",
    "updates": "See what could not be handled, and have it handled again.",
    "errands": "See what was ordered and failed, and have it tried again.",
    "secrets": "Exchange the secret key while the platform runs.",
    "doctor": "Look for what is wrong and say what to do.",
    "db": "Bring the schema up or down, move to another database.",
    "backup": "Back the database up, show, try and tidy away backups.",
    "restore": "Put a backup in the place of the database.",
}

MODULES = {"import": "import_history"}
"""Of commands whose name no module can have."""

HELP = """\
AI personas on Telegram, self-hosted.

Settings come from the environment and from a file .env; `maskarad doctor --settings` lists them. As long as neither
TELEGRAM_BOT_TOKEN nor TELEGRAM_API_BASE_URL is set, commands work in the sandbox: with the Telegram that `maskarad
run` starts beside itself, and with the data in DATA_DIR/sandbox. Only `gateway` and `worker` need a token.
"""

_NO_NUMBER = ("Input should be a valid integer, unable to parse string as an integer", "this is not a whole number")
"""The library's words, and ours."""

FAILED = 1
CALLED_WRONGLY = 2
INTERRUPTED = 130
"""What a shell makes of a program that Ctrl-C ended."""


def main() -> None:
    """Entry of `maskarad`."""
    configure("warning", "console")
    sys.exit(call(sys.argv[1:]))


def call(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code: 0, or one of the constants above. What went wrong is one sentence on
    stderr."""
    arguments = arguments or ["--help"]
    try:
        command = typer.main.get_command(_command_line(arguments))
        return command.main(list(arguments), prog_name="maskarad", standalone_mode=False) or 0
    except TyperException as error:
        sentence = error.format_message().rstrip(".").replace(*_NO_NUMBER)
        return _complain(f"{sentence}{_hint(error)}", CALLED_WRONGLY)
    except BadInput as error:
        return _complain(str(error), CALLED_WRONGLY)
    except DatabaseUnavailable as error:
        return _complain(f"the database cannot be used ({error}); `maskarad doctor` says more", FAILED)
    except MaskaradError as error:
        return _complain(str(error), FAILED)
    except OSError as error:
        return _complain(f"{error.filename or type(error).__name__}: {error.strerror or error}", FAILED)
    except (KeyboardInterrupt, typer.Abort):
        return _complain("interrupted", INTERRUPTED)


def _complain(sentence: str, code: int) -> int:
    sys.stderr.write(f"maskarad: {sentence}\n")
    return code


def _hint(error: TyperException) -> str:
    context = getattr(error, "ctx", None)
    return f"; see `{context.command_path} --help`" if context is not None else ""


def _command_line(arguments: Sequence[str]) -> typer.Typer:
    app = typer.Typer(
        name="maskarad", help=HELP, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
    )
    app.callback()(_before_any_command)
    asked = next((word for word in arguments if not word.startswith("-")), None)
    for name, summary in COMMANDS.items():
        if name == asked:
            importlib.import_module(f"maskarad.cli.{MODULES.get(name, name)}").register(app, name, summary)
        else:
            app.command(name, short_help=summary)(_elsewhere)
    return app


def _elsewhere() -> None:
    """Stands in `maskarad --help` for a command that was not asked for."""


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"maskarad {version('maskarad')}")
        raise typer.Exit


def _before_any_command(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Takes the options that stand before a command."""
