"""`maskarad run`: the platform in one process, with the sandbox beside it when there is no token."""

import asyncio
import fcntl
import gc
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated

import typer
import uvloop

from maskarad.app import Platform
from maskarad.cli.place import inside_sandbox, make_folders, wants_sandbox
from maskarad.cli.sandbox_process import SandboxProcess, running_sandbox
from maskarad.errors import SchemaOutdated, SettingsError, TelegramError, TokenInvalid
from maskarad.logs import configure
from maskarad.settings import Settings, load
from maskarad.telegram.edge import open_sender
from maskarad.values import Token

MIGRATION_TIMEOUT = 600

TELEGRAM_PATIENCE = 3.0
"""Seconds to wait for Telegram's word on the manager's token before saying that the platform runs."""

YOUNG_OBJECTS = 5_000
"""New objects after which the garbage collector looks at them; Python's own 700 are one crowded batch of updates."""


def register(parent: typer.Typer, name: str, summary: str) -> None:
    parent.command(name, short_help=summary)(run)


def run(
    sandbox_port: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, help="The sandbox's port instead of SANDBOX_PORT; 0 takes a free one."),
    ] = None,
) -> None:
    """Run the platform until Ctrl-C or SIGTERM.

    With TELEGRAM_BOT_TOKEN it talks to Telegram, or to the server that TELEGRAM_API_BASE_URL names. With neither it
    starts a sandbox beside itself and prints the address of its chat page; the data is then in DATA_DIR/sandbox.

    A new or older database is brought up to date first.
    """
    # Until the event loop listens to signals, SIGTERM ends this as Ctrl-C does: through every `finally`.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings = load()
    configure(settings.log_level, settings.log_format)
    try:
        if wants_sandbox(settings):
            _run_with_sandbox(settings, settings.sandbox_port if sandbox_port is None else sandbox_port)
        else:
            _run_with_telegram(settings)
    except KeyboardInterrupt:
        return


def _run_with_telegram(settings: Settings) -> None:
    if settings.telegram_bot_token is None:
        raise SettingsError(
            "TELEGRAM_BOT_TOKEN: is not set, though TELEGRAM_API_BASE_URL is; set both, or none to run with the sandbox"
        )
    make_folders(settings)
    with _alone(settings) as alone:
        _serve(settings, alone=alone, sandbox=None)


def _run_with_sandbox(settings: Settings, port: int) -> None:
    expected = inside_sandbox(settings, f"http://127.0.0.1:{port}")
    make_folders(expected)
    with _alone(expected) as alone, running_sandbox(expected.data_dir, port) as sandbox:
        _serve(inside_sandbox(settings, sandbox.address), alone=alone, sandbox=sandbox)
        sandbox.check()


def _serve(settings: Settings, *, alone: bool, sandbox: SandboxProcess | None) -> None:
    _allow_many_connections()
    with suppress(SchemaOutdated):
        uvloop.run(_until_told_to_stop(settings, alone, sandbox))
        return
    _upgrade_schema(settings)
    uvloop.run(_until_told_to_stop(settings, alone, sandbox))


async def _until_told_to_stop(settings: Settings, alone: bool, sandbox: SandboxProcess | None) -> None:
    """Returns when a signal came, or when the sandbox is gone: without it the platform is deaf."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    platform = _make_platform(settings)
    with _watched(sandbox, told):
        try:
            greeting = await _greeting(settings, sandbox)
            await platform.start(alone=alone)
            _collect_only_what_is_new()
            typer.echo(f"{greeting} Ctrl-C stops it.")
            await told.wait()
        finally:
            await platform.stop()


def _collect_only_what_is_new() -> None:
    """What the start made stays until the end: the garbage collector need not search it over and over."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 20)


def _make_platform(settings: Settings) -> Platform:
    try:
        return Platform(settings)
    except OSError as error:
        if error.filename is not None:
            raise
        raise SettingsError(
            f"HOST, PORT: cannot listen on {settings.host}:{settings.port}: {error.strerror}; PORT=0 takes a free port"
        ) from None


@contextmanager
def _watched(sandbox: SandboxProcess | None, told: asyncio.Event) -> Iterator[None]:
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
    assert settings.telegram_bot_token is not None
    token = Token(settings.telegram_bot_token.get_secret_value())
    try:
        async with asyncio.timeout(TELEGRAM_PATIENCE), open_sender(settings) as sender:
            profile = await sender.get_me(token)
    except TokenInvalid:
        raise SettingsError(
            f"TELEGRAM_BOT_TOKEN: {settings.telegram_api_base_url} refuses it; copy it anew from @BotFather"
        ) from None
    except (TelegramError, TimeoutError):
        return f"Maskarad is running, but {settings.telegram_api_base_url} does not answer; it goes on trying."
    greeting = f"Maskarad is running; write to @{profile.username} on Telegram."
    if not settings.llm_api_key:
        return f"{greeting} LLM_API_KEY is not set: no persona can answer before it is."
    return greeting


def _allow_many_connections() -> None:
    """A polled bot holds a connection; the usual soft limit of 1,024 open files would end at some 900 bots."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@contextmanager
def _alone(settings: Settings) -> Iterator[bool]:
    """Hold the SQLite file's lock: it is for one running platform. With PostgreSQL there may be many, and none can know
    that it is alone."""
    file = settings.database_file
    if file is None:
        yield False
        return
    with file.with_name(f"{file.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(
                f"DATA_DIR: another Maskarad is running on {file}; stop it or name another folder"
            ) from None
        yield True


def _upgrade_schema(settings: Settings) -> None:
    """In a process of its own: Alembic stays in memory otherwise, 20 MB for a second's work."""
    typer.echo("Bringing the database up to date …", err=True)
    done = subprocess.run(
        [sys.executable, "-m", "maskarad", "db", "upgrade"],
        env=os.environ | _naming_the_database_of(settings),
        capture_output=True,
        text=True,
        timeout=MIGRATION_TIMEOUT,
        check=False,
    )
    if done.returncode:
        raise SettingsError(done.stderr.strip().removeprefix("maskarad: "))


def _naming_the_database_of(settings: Settings) -> dict[str, str]:
    """With the Bot API named the other process does not look for a sandbox of its own."""
    return {
        "DATABASE_URL": settings.database,
        "DATA_DIR": str(settings.data_dir),
        "TELEGRAM_API_BASE_URL": settings.telegram_api_base_url,
    }
