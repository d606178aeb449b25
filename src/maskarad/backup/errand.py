"""The errand of a backup: made by a process of its own, and told to whoever asked for it."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

import msgspec
import structlog

from maskarad.analytics.figures import grouped
from maskarad.backup.failures import BackupFailed
from maskarad.backup.orders import NOBODY, BackupOrder
from maskarad.jobs.held import Ending, Held
from maskarad.manager.screens.amounts import size
from maskarad.settings import Settings
from maskarad.texts import Texts, Words
from maskarad.values import MANAGER_BOT_ID, Screen, Value

log = structlog.get_logger()

COMMAND = (sys.executable, "-m", "maskarad", "backup", "create", "--json")
DAILY, FOR = "--daily", "--for"

_read = msgspec.json.Decoder(BackupOrder).decode


class Outcome(Value, frozen=True):
    """What is told of it: of one that was made its name in BACKUP_DIR, bytes and seconds, of one that was not why."""

    file: str = ""
    bytes: int = 0
    seconds: float = 0.0
    failure: str = ""


class Sender(Protocol):
    async def send_text(self, bot_id: int, chat_id: int, content: Screen) -> object:
        """Waits for Telegram and raises TelegramError's subclasses."""


Make = Callable[[bool], Awaitable[Outcome]]
"""Makes one, as the clock does or as somebody has asked. Raises BackupFailed."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Outcome).decode


class BackingUp:
    """Carries out errands of the kind `orders.KIND`. One that fails is not tried again by itself: the schedule orders
    another, and so may whoever asked."""

    def __init__(self, make: Make, sender: Sender, texts: Texts, *, failed: Callable[[], None]) -> None:
        self._make = make
        self._sender = sender
        self._texts = texts
        self._failed = failed

    async def carry_out(self, held: Held) -> None:
        order = held.read(_read)
        if held.errand.progress is not None:  # made already, and then not told
            outcome = _decode(held.errand.progress)
        else:
            outcome = await self._made(daily=order.asker_id == NOBODY)
            await held.note(_encode(outcome).decode())
        await self._tell(held, order, outcome)

    async def greet(self, held: Held) -> None:
        """Who has asked was told that it is being made."""

    async def end(self, held: Held, ending: Ending) -> None:
        self._failed()
        await self._tell(held, held.read(_read), Outcome(failure="its process died each time"))

    async def _made(self, *, daily: bool) -> Outcome:
        try:
            outcome = await self._make(daily)
        except BackupFailed as error:
            self._failed()
            log.error("backup_failed", error=str(error))
            return Outcome(failure=str(error))
        log.info("backup_made", file=outcome.file, bytes=outcome.bytes, seconds=outcome.seconds)
        return outcome

    async def _tell(self, held: Held, order: BackupOrder, outcome: Outcome) -> None:
        if order.asker_id == NOBODY:
            return
        told = Screen(html=_told(self._texts.words(order.language), outcome))
        await held.send(partial(self._sender.send_text, MANAGER_BOT_ID, order.asker_id, told))


def _told(words: Words, outcome: Outcome) -> str:
    if outcome.failure:
        return words.html("backup.failed", reason=outcome.failure)
    seconds = grouped(max(round(outcome.seconds), 1))
    return words.html("backup.done", file=outcome.file, size=size(words, outcome.bytes), seconds=seconds)


def made_apart(settings: Settings, *, command: Sequence[str] = COMMAND) -> Make:
    """In a process of its own: reading all of a database and encrypting it keeps a processor busy for minutes, and
    people wait here. It is killed with whoever waits for it (`apart.py`), which harms nothing."""
    environment = _environment(settings)

    async def make(daily: bool) -> Outcome:
        arguments = [*command, FOR, str(os.getpid()), *([DAILY] if daily else [])]
        process = await asyncio.create_subprocess_exec(*arguments, env=environment, stdout=PIPE, stderr=PIPE)
        try:
            out, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            lines = err.decode(errors="replace").strip().splitlines()
            raise BackupFailed(lines[-1].removeprefix("maskarad: ") if lines else "its process died")
        return _decode(out)

    return make


def _environment(settings: Settings) -> Mapping[str, str]:
    """The other process must find the same database, whatever this one was told; with the Bot API named it does not
    look for a sandbox of its own."""
    given = {
        "DATABASE_URL": settings.database,
        "DATA_DIR": str(settings.data_dir),
        "BACKUP_DIR": str(settings.backup_folder),
        "TELEGRAM_API_BASE_URL": settings.telegram_api_base_url,
    }
    if settings.backup_passphrase is not None:
        given["BACKUP_PASSPHRASE"] = settings.backup_passphrase.get_secret_value()
    return {**os.environ, **given}
