"""`maskarad import`"""

import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from maskarad.cli.common import AsJson, Yes, confirm, now, print_one, with_database
from maskarad.db import bots, imports
from maskarad.db.engine import Database
from maskarad.errors import BadInput, ExportRefused
from maskarad.memory.context import ContextStore
from maskarad.memory.history_import import ImportProgress, ImportResult, Stage
from maskarad.settings import Settings
from maskarad.texts import load_texts
from maskarad.values import Bot, Chat

Target = tuple[Bot, int, Chat]
"""A bot, its link, and the link's chat."""


def register(parent: typer.Typer, name: str, summary: str) -> None:
    parent.command(name, short_help=summary)(import_history)


def import_history(
    file: Annotated[
        Path,
        typer.Argument(help="Telegram Desktop's export: result.json, messages.html, their folder, or a zip of either."),
    ],
    bot: Annotated[str, typer.Option(help="The bot whose persona is to remember it: id or @username.")],
    chat: Annotated[str, typer.Option(help="The chat it is the history of: id or title, as the bot knows it.")],
    export_chat: Annotated[
        str | None, typer.Option(help="Which chat of an export of several is meant: name or id.")
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Give a persona the history of a chat from before it came.

    A broken file changes nothing. The same file twice adds nothing; an interrupted import goes on where it stopped.
    """

    async def find(database: Database, _settings: Settings) -> Target:
        return await _find(database, bot, chat)

    found, link_id, where = with_database(find)
    confirm(f"Add {file.name} to what @{found.username} remembers of {where.title or where.id}?", yes=yes)
    bar = _Bar(time.monotonic)

    async def work(database: Database, _settings: Settings) -> ImportResult:
        return await ContextStore(database, clock=now).import_telegram_history(
            link_id, file, bot=found, chat_type=where.type, pick=export_chat, on_progress=bar.show
        )

    started = time.monotonic()
    try:
        result = with_database(work)
    except ExportRefused as refused:
        sentence = load_texts().get("en", f"importing.refused.{refused.reason}", **refused.values)
        raise BadInput(sentence.rstrip(".")) from None
    finally:
        bar.close()
    print_one(_summary(result, time.monotonic() - started, as_json=as_json), as_json=as_json)


async def _find(database: Database, bot: str, chat: str) -> Target:
    everyone = await database.read(bots.everyone)
    wanted = bot.removeprefix("@").lower()
    found = next((each.bot for each in everyone if wanted in (str(each.bot.id), each.bot.username.lower())), None)
    if found is None:
        raise BadInput(f"--bot: there is no bot {bot}; `maskarad bot list` lists them")
    links = await database.read(lambda connection: imports.links_of(connection, found.id))
    fitting = [each for each in links if str(each[1].id) == chat]
    fitting = fitting or [each for each in links if each[1].title.casefold() == chat.casefold() != ""]
    if len(fitting) != 1:
        known = ", ".join(f"{each.title or each.type.value} ({each.id})" for _, each in links)
        problem = "several chats have the title" if fitting else f"@{found.username} is in no chat"
        raise BadInput(f"--chat: {problem} {chat}; it knows {known or 'none yet'}")
    [(link_id, where)] = fitting
    return found, link_id, where


def _summary(result: ImportResult, seconds: float, *, as_json: bool) -> dict[str, object]:
    summary: dict[str, object] = {
        "chat": result.chat.name,
        "added": result.added,
        "already there": result.known,
        "skipped service messages": result.skipped,
        "people": result.people,
        "first": _date(result.first_at),
        "last": _date(result.last_at),
        "seconds": round(seconds, 1),
    }
    if as_json:
        return {name.replace(" ", "_"): value for name, value in summary.items()}
    return {name: value for name, value in summary.items() if value is not None}


def _date(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).date().isoformat()


class _Bar:
    """How far it is, how fast, and how long it takes; only where somebody watches."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._stage: Stage | None = None
        self._done = 0
        self._started = 0.0
        self._shown = ExitStack()
        self._move: Callable[[int], None] | None = None

    def show(self, progress: ImportProgress) -> None:
        if not sys.stderr.isatty():
            return
        if progress.stage is not self._stage:
            self.close()
            self._stage, self._done, self._started = progress.stage, 0, self._clock()
            self._open(progress.total)
        step, self._done = progress.done - self._done, progress.done
        if self._move is not None:
            self._move(step)

    def close(self) -> None:
        self._shown.close()

    def _open(self, total: int) -> None:
        bar: AbstractContextManager[Any] = typer.progressbar(
            length=total,
            label="Checking" if self._stage is Stage.CHECKING else "Storing ",
            item_show_func=lambda _: self._rate(),
            file=sys.stderr,
        )
        self._move = self._shown.enter_context(bar).update

    def _rate(self) -> str:
        rate = self._done / max(self._clock() - self._started, 1e-3)
        return f"{rate / 1e6:.0f} MB/s" if self._stage is Stage.CHECKING else f"{rate:,.0f} messages/s"
