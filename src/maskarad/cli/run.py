"""`maskarad run`: the platform in one process, with the sandbox beside it when there is no token."""

import asyncio
import fcntl
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from pydantic import SecretStr

from maskarad.app import Platform
from maskarad.errors import SchemaOutdated, SettingsError
from maskarad.logs import configure
from maskarad.settings import Settings, load

SANDBOX_PORT = 8081

SANDBOX_MANAGER_TOKEN = "1000000:SANDBOX-MANAGER-OPENS-NOTHING-ELSE-"
"""The manager bot's token inside the sandbox. It is no secret: the sandbox listens on this machine only."""

MIGRATION_TIMEOUT = 600


def register(parent: typer.Typer, name: str, help_text: str) -> None:
    parent.command(name, help=help_text)(run)


def run(
    sandbox_port: Annotated[int, typer.Option(help="The sandbox's port, when there is no token.")] = SANDBOX_PORT,
) -> None:
    settings = load()
    configure(settings.log_level, settings.log_format)
    if settings.telegram_bot_token is not None:
        _serve(settings, "Maskarad is running; write to your manager bot on Telegram.")
        return
    with _sandbox(settings, sandbox_port) as (inside, address):
        _serve(inside, f"Maskarad is running with its sandbox; open {address} in a browser.")


def _serve(settings: Settings, greeting: str) -> None:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    _allow_many_connections()
    with _alone(settings) as alone:
        try:
            uvloop.run(_until_told_to_stop(settings, alone, greeting))
        except SchemaOutdated:
            _upgrade_schema(settings)
            uvloop.run(_until_told_to_stop(settings, alone, greeting))


async def _until_told_to_stop(settings: Settings, alone: bool, greeting: str) -> None:
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    platform = Platform(settings)
    try:
        await platform.start(alone=alone)
        typer.echo(f"{greeting} Ctrl-C stops it.")
        await told.wait()
    finally:
        await platform.stop()


def _allow_many_connections() -> None:
    """A polled bot holds a connection; the usual soft limit of 1,024 open files would end at some 900 bots."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@contextmanager
def _alone(settings: Settings) -> Iterator[bool]:
    """Hold the data folder's lock: one SQLite file is for one running platform. With PostgreSQL there may be many,
    and none can know that it is alone."""
    if not settings.database.startswith("sqlite"):
        yield False
        return
    with (settings.data_dir / "maskarad.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(
                f"DATA_DIR: another Maskarad is running on {settings.data_dir}; stop it or name another folder"
            ) from None
        yield True


def _upgrade_schema(settings: Settings) -> None:
    """In a process of its own: Alembic stays in memory otherwise, 20 MB for a second's work."""
    typer.echo("Bringing the database up to date …")
    environment = os.environ | {"DATABASE_URL": settings.database, "DATA_DIR": str(settings.data_dir)}
    done = subprocess.run(
        [sys.executable, "-m", "maskarad", "db", "upgrade"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=MIGRATION_TIMEOUT,
        check=False,
    )
    if done.returncode:
        raise SettingsError(f"the database's schema could not be brought up to date: {done.stderr.strip()}")


@contextmanager
def _sandbox(settings: Settings, port: int) -> Iterator[tuple[Settings, str]]:
    """Start the sandbox and point the settings at it. Its world and the platform's data have a folder of their own, so
    that nothing made in it meets the real Telegram later."""
    folder = settings.data_dir / "sandbox"
    folder.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        _sandbox_command(port, folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        line = process.stdout.readline() if process.stdout else ""
        address = next((word for word in line.split() if word.startswith("http://")), None)
        if address is None:
            raise SettingsError(f"the sandbox did not start on port {port}; try another with --sandbox-port")
        yield _inside(settings, folder, address.rstrip("/")), address
    finally:
        process.terminate()
        process.wait()


def _sandbox_command(port: int, folder: Path) -> list[str]:
    options = ["--port", str(port), "--state", str(folder / "world.json"), "--manager-token", SANDBOX_MANAGER_TOKEN]
    return [sys.executable, "-m", "maskarad.sandbox", "--end-with-input", *options]


def _inside(settings: Settings, folder: Path, address: str) -> Settings:
    changes: dict[str, object] = {
        "telegram_bot_token": SecretStr(SANDBOX_MANAGER_TOKEN),
        "telegram_api_base_url": address,
        "run_mode": "polling",
        "data_dir": folder,
    }
    if not settings.llm_api_key:
        changes |= {"llm_base_url": f"{address}/v1", "llm_api_key": (SecretStr("sandbox"),)}
    return settings.model_copy(update=changes)
