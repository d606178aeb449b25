"""`maskarad run`: the platform in one process, with the sandbox beside it when there is no token."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated

import typer

from maskarad.cli.before_migration import NoBackup
from maskarad.cli.place import alone_on, inside_sandbox, make_folders, wants_sandbox
from maskarad.cli.sandbox_process import SandboxProcess, running_sandbox
from maskarad.cli.serving import begin, serve, upgrade_schema
from maskarad.cli.telegram_word import word_of_telegram
from maskarad.errors import SchemaOutdated, SettingsError
from maskarad.settings import Settings
from maskarad.values import ALL_IN_ONE


def register(parent: typer.Typer, name: str, summary: str) -> None:
    parent.command(name, short_help=summary)(run)


def run(
    sandbox_port: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, help="The sandbox's port instead of SANDBOX_PORT; 0 takes a free one."),
    ] = None,
    no_backup: NoBackup = False,
) -> None:
    """Run the platform until Ctrl-C or SIGTERM.

    With TELEGRAM_BOT_TOKEN it talks to Telegram, or to the server that TELEGRAM_API_BASE_URL names. With neither it
    starts a sandbox beside itself and prints the address of its chat page; the data is then in DATA_DIR/sandbox.

    A new or older database is brought up to date first; of an older one in use a backup is made before.
    """
    settings = begin()
    with suppress(KeyboardInterrupt):
        if wants_sandbox(settings):
            port = settings.sandbox_port if sandbox_port is None else sandbox_port
            _run_with_sandbox(settings, port, backup=not no_backup)
        else:
            _run_with_telegram(settings, backup=not no_backup)


def _run_with_telegram(settings: Settings, *, backup: bool) -> None:
    if settings.telegram_bot_token is None:
        raise SettingsError(
            "TELEGRAM_BOT_TOKEN: is not set, though TELEGRAM_API_BASE_URL is; set both, or none to run with the sandbox"
        )
    make_folders(settings)
    with alone_on(settings) as alone:
        _serve(settings, alone=alone, sandbox=None, backup=backup)


def _run_with_sandbox(settings: Settings, port: int, *, backup: bool) -> None:
    expected = inside_sandbox(settings, f"http://127.0.0.1:{port}")
    make_folders(expected)
    with alone_on(expected) as alone, running_sandbox(expected.data_dir, port) as sandbox:
        _serve(inside_sandbox(settings, sandbox.address), alone=alone, sandbox=sandbox, backup=backup)
        sandbox.check()


def _serve(settings: Settings, *, alone: bool, sandbox: SandboxProcess | None, backup: bool) -> None:
    def once() -> None:
        serve(
            settings,
            ALL_IN_ONE,
            alone=alone,
            greeting=lambda: _greeting(settings, sandbox),
            watch=lambda told: _watched(sandbox, told),
        )

    with suppress(SchemaOutdated):
        once()
        return
    upgrade_schema(settings, backup=backup)
    once()


@contextmanager
def _watched(sandbox: SandboxProcess | None, told: asyncio.Event) -> Iterator[None]:
    """The platform ends when the sandbox is gone: without it it is deaf."""
    if sandbox is None:
        yield
        return
    loop, output = asyncio.get_running_loop(), sandbox.output

    def gone() -> None:
        loop.remove_reader(output)  # an ended pipe stays readable
        told.set()

    loop.add_reader(output, gone)
    try:
        yield
    finally:
        loop.remove_reader(output)


async def _greeting(settings: Settings, sandbox: SandboxProcess | None) -> str:
    """Raises SettingsError when Telegram refuses the token: nobody could reach the manager bot."""
    if sandbox is not None:
        return f"Maskarad is running with its sandbox; open {sandbox.address}/ in a browser."
    username = await word_of_telegram(settings)
    if username is None:
        return f"Maskarad is running, but {settings.telegram_api_base_url} does not answer; it goes on trying."
    greeting = f"Maskarad is running; write to @{username} on Telegram."
    if not settings.llm_api_key:
        return f"{greeting} LLM_API_KEY is not set: no persona can answer before it is."
    return greeting
