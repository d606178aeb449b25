"""`maskarad import`"""

import asyncio
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from maskarad.backup.progress import Progress
from maskarad.cli.bar import BYTES, bar
from maskarad.cli.common import AsJson, Yes, confirm, now, print_one, with_database
from maskarad.cli.naming import id_of_bot
from maskarad.db import bots, imports
from maskarad.db.engine import Database
from maskarad.errors import BadInput, ExportRefused, NotFound
from maskarad.memory.exports.checking import checked_at
from maskarad.memory.exports.choosing import chosen, is_of
from maskarad.memory.exports.values import ExportedChat, FoundChat
from maskarad.memory.history_import import ImportResult, Stage, import_telegram_history
from maskarad.settings import Settings
from maskarad.texts import load_texts
from maskarad.values import Bot, Chat, ChatType

Target = tuple[Bot, int, Chat]
"""A bot, its link, and the link's chat."""

_KINDS = {
    "personal_chat": "private chat",
    "bot_chat": "chat with a bot",
    "private_group": "group",
    "private_supergroup": "group",
    "public_supergroup": "group",
    "private_channel": "channel",
    "public_channel": "channel",
}
"""Telegram Desktop's words for kinds of chats, in people's."""


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

    Everybody in the chat may hear of it from the persona, so where the export is not plainly of that chat, --yes takes
    --export-chat too. A broken file changes nothing. The same file twice adds nothing; an interrupted import goes on
    where it stopped.
    """
    if file.exists() and not (file.is_file() or file.is_dir()):
        raise BadInput(f"{file} is neither a file nor a folder; give result.json, messages.html, their folder or a zip")

    async def find(database: Database, _settings: Settings) -> Target:
        return await _find(database, bot, chat)

    found, link_id, where = with_database(find)
    started = time.monotonic()
    with _shown() as shown:
        before = asyncio.run(checked_at(file, partial(shown, Stage.CHECKING)))
        exported = chosen(before.chats, export_chat, where, found)
    seconds = time.monotonic() - started
    is_plain = is_of(exported.chat.id, exported.chat.name, where, found)
    if yes and not is_plain and export_chat is None:
        raise BadInput(
            f"{_exported_name(exported.chat)} is not plainly {_name(where)}; "
            f"if it is meant, name it: --export-chat {shlex.quote(_pick(exported.chat))}"
        )
    confirm(_question(exported, found, where, is_plain=is_plain), yes=yes)

    async def work(database: Database, _settings: Settings) -> ImportResult:
        return await import_telegram_history(
            database,
            link_id,
            file,
            bot=found,
            chat_type=where.type,
            pick=export_chat,
            clock=now,
            on_progress=lambda progress: shown(progress.stage, progress.done, progress.total),
            before=before,
        )

    started = time.monotonic()
    with _shown() as shown:
        result = with_database(work)
    seconds += time.monotonic() - started
    print_one(_summary(result, where, seconds, as_json=as_json), as_json=as_json)


async def _find(database: Database, bot: str, chat: str) -> Target:
    try:
        found = (await database.read(lambda connection: bots.get(connection, id_of_bot(connection, bot)))).bot
    except (BadInput, NotFound):
        raise BadInput(f"--bot: there is no bot {bot}; `maskarad bot list` lists them") from None
    links = await database.read(lambda connection: imports.links_of(connection, found.id))
    fitting = [each for each in links if str(each[1].id) == chat]
    fitting = fitting or [each for each in links if each[1].title.casefold() == chat.casefold() != ""]
    if len(fitting) != 1:
        known = ", ".join(f"{each.title or each.type.value} ({each.id})" for _, each in links)
        problem = "several chats have the title" if fitting else f"@{found.username} is in no chat"
        raise BadInput(f"--chat: {problem} {chat}; it knows {known or 'none yet'}")
    [(link_id, where)] = fitting
    return found, link_id, where


def _question(exported: FoundChat, bot: Bot, where: Chat, *, is_plain: bool) -> str:
    count = exported.messages - exported.skipped
    messages = "1 message" if count == 1 else f"{count} messages"
    sentences = [
        f"Add {messages} of {_exported_name(exported.chat)} to what @{bot.username} remembers of {_name(where)}?",
    ]
    if not is_plain:
        sentences.append("They are not plainly the same chat.")
    if where.type is not ChatType.PRIVATE:
        sentences.append("Everybody there may hear of it from the persona.")
    return " ".join(sentences)


def _exported_name(chat: ExportedChat) -> str:
    kind = _KINDS.get(chat.type, "chat")
    return f"the {kind} “{chat.name}”" if chat.name else f"a {kind} without a name"


def _pick(chat: ExportedChat) -> str:
    return str(chat.id) if chat.id else chat.name


def _name(chat: Chat) -> str:
    kind = "private chat" if chat.type is ChatType.PRIVATE else "group"
    return f"the {kind} “{chat.title}”" if chat.title else f"the {kind} {chat.id}"


@contextmanager
def _shown() -> Iterator[Progress]:
    """A bar for what reads an export. Raises BadInput where the export is refused."""
    try:
        with bar({Stage.CHECKING: BYTES, Stage.STORING: "messages"}) as shown:
            yield shown
    except ExportRefused as refused:
        sentence = load_texts().get("en", f"importing.refused.{refused.reason}", **refused.values)
        raise BadInput(sentence.rstrip(".")) from None


def _summary(result: ImportResult, where: Chat, seconds: float, *, as_json: bool) -> dict[str, object]:
    summary: dict[str, object] = {
        "from": result.chat.name,
        "into": where.title or str(where.id),
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
