"""The life of a process that serves: from its settings to the signal that ends it."""

import asyncio
import errno
import gc
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext

import structlog
import typer
import uvloop

from maskarad.app import Platform
from maskarad.errors import SettingsError, WrongSecretKey
from maskarad.logs import configure
from maskarad.ops.lost_key import why_no_new_key
from maskarad.settings import Settings, load
from maskarad.unknown_settings import unknown_settings
from maskarad.values import Role

YOUNG_OBJECTS = 2_000
"""New objects after which the garbage collector looks at them; Python's own 700 are one crowded batch of updates, and
what it has not looked at yet takes memory."""

log = structlog.get_logger()

Watch = Callable[[asyncio.Event], AbstractContextManager[None]]
"""Sets the event when something else than a signal ends the process."""


def begin() -> Settings:
    """Settings and logs as they are to be. Until the event loop listens to signals, SIGTERM ends the process as Ctrl-C
    does: through every `finally`."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings = load()
    configure(settings.log_level, settings.log_format)
    for sentence in unknown_settings():
        log.warning("unknown_setting", problem=sentence)
    return settings


def serve(
    settings: Settings,
    role: Role,
    *,
    alone: bool,
    greeting: Callable[[], Awaitable[str]],
    watch: Watch | None = None,
) -> None:
    """Run until a signal comes; `greeting` is what is told once the process works. Raises SchemaOutdated,
    SettingsError, WrongSecretKey, DatabaseUnavailable."""
    _allow_many_connections()
    uvloop.run(_until_told_to_stop(settings, role, alone, greeting, watch or (lambda _told: nullcontext())))


async def _until_told_to_stop(
    settings: Settings, role: Role, alone: bool, greeting: Callable[[], Awaitable[str]], watch: Watch
) -> None:
    if wrong := await why_no_new_key(settings):
        # Made all the same, a new key would hide that the old one is gone.
        raise WrongSecretKey(f"{wrong.state}: {wrong.todo}")
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    platform = _make_platform(settings, role)
    with watch(told):
        try:
            words = await greeting()
            await platform.start(alone=alone)
            _collect_only_what_is_new()
            typer.echo(f"{words} Ctrl-C stops it.")
            await told.wait()
        finally:
            await platform.stop()


def _collect_only_what_is_new() -> None:
    """What the start made stays until the end: the garbage collector need not search it over and over."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 20)


def _make_platform(settings: Settings, role: Role) -> Platform:
    try:
        return Platform(settings, role)
    except OSError as error:
        if error.filename is not None or error.errno == errno.ENOSPC:
            raise
        raise SettingsError(
            f"HOST, PORT: cannot listen on {settings.host}:{settings.port}: {error.strerror}; PORT=0 takes a free port"
        ) from None


def _allow_many_connections() -> None:
    """A polled bot holds a connection; the usual soft limit of 1,024 open files would end at some 900 bots."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def needs_many(settings: Settings, role: str) -> None:
    """Raises SettingsError where no other process could work beside this one."""
    if settings.database_file is not None:
        raise SettingsError(
            f"DATABASE_URL: a {role} works beside other processes, which needs PostgreSQL; on SQLite `maskarad run` "
            "does everything in one process"
        )


def upgrade_schema(settings: Settings, *, backup: bool = True) -> None:
    """In a process of its own: Alembic stays in memory otherwise, 20 MB for a second's work. `backup`: of a database in
    use one is made first. There is no limit of time: a backup of much takes hours. Raises SettingsError."""
    typer.echo("Bringing the database up to date …", err=True)
    done = subprocess.run(
        [sys.executable, "-m", "maskarad", "db", "upgrade", *([] if backup else ["--no-backup"])],
        env=os.environ | _naming_the_database_of(settings),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SettingsError(done.stderr.strip().removeprefix("maskarad: "))
    typer.echo(done.stderr, err=True, nl=False)


def _naming_the_database_of(settings: Settings) -> dict[str, str]:
    """With the Bot API named the other process does not look for a sandbox of its own."""
    return {
        "DATABASE_URL": settings.database,
        "DATA_DIR": str(settings.data_dir),
        "BACKUP_DIR": str(settings.backup_folder),
        "TELEGRAM_API_BASE_URL": settings.telegram_api_base_url,
    }
