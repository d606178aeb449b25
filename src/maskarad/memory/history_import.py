"""The history of a chat from before the persona came, out of an export of Telegram Desktop.

The export is read twice: first to its last byte, checking everything, so that nothing of a broken one is stored; then
batch by batch into the database, each batch with the mark of how far it goes in one transaction.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, tzinfo
from enum import StrEnum
from functools import partial
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from maskarad.db import Connection, history, imports, statistics
from maskarad.db.engine import Database, write_patiently
from maskarad.db.imports import Counted, ImportTarget, Row
from maskarad.db.orders import LIVE_FROM
from maskarad.memory.exports.checking import Checked, OnPart, checked
from maskarad.memory.exports.choosing import chosen
from maskarad.memory.exports.export import Export, open_export
from maskarad.memory.exports.values import ExportedChat, FoundChat
from maskarad.memory.import_numbers import Fitting, Numbers, options
from maskarad.memory.imported_lines import BATCH, Batch, Batches, Line, Teller
from maskarad.memory.stats import Tally
from maskarad.values import Bot, ChatType, Value

PROGRESS_STEP = 4 * 2**20
"""Bytes between two words of the first reading."""


class Stage(StrEnum):
    CHECKING = "checking"
    STORING = "storing"


class ImportProgress(Value, frozen=True):
    """`done` of `total` are bytes while checking, messages while storing."""

    stage: Stage
    done: int
    total: int


class ImportResult(Value, frozen=True):
    """Of the entries in the export `added` were stored, `known` were there already (or are live history's to tell), and
    `skipped` say nothing. People and times are those of the whole export; None when it had been imported before."""

    chat: ExportedChat
    read: int
    added: int
    known: int
    skipped: int
    people: int | None = None
    first_at: float | None = None
    last_at: float | None = None


OnProgress = Callable[[ImportProgress], None]


async def import_telegram_history(
    database: Database,
    link_id: int,
    file: Path,
    *,
    bot: Bot,
    chat_type: ChatType,
    pick: str | None,
    clock: Callable[[], float],
    on_progress: OnProgress,
    before: Checked | None = None,
) -> ImportResult:
    """Store the history of one chat of the export at `file` in a link of the bot's. `pick` names the chat by its name
    or id where the export has several. `before` is of a first reading that was done already; it counts as long as the
    file is still the same. Interrupted, it goes on where it stopped; twice the same adds nothing.

    Raises ExportRefused before anything is stored, NotFound when the link is gone or something of it is erased
    meanwhile.
    """
    with ExitStack() as resources:
        export = await asyncio.to_thread(resources.enter_context, open_export(file))
        if before is not None and before.identity == export.identity:
            chats = before.chats
        else:
            chats = await checked(export, _checking(on_progress))
        target = await database.read(lambda connection: imports.target(connection, link_id))
        found = chosen(chats, pick, target.chat, bot)
        source = f"{export.identity}-{found.part}-{found.number}"
        state = await database.write(lambda connection: imports.begin(connection, link_id, source, now=clock()))
        if state.finished:
            return ImportResult(
                chat=found.chat,
                read=found.messages,
                added=0,
                known=found.messages - found.skipped,
                skipped=found.skipped,
            )
        people = await database.read(lambda connection: imports.people_by_name(connection, link_id))
        numbers = await _numbers(database, link_id, export, found, target, options(found.chat, chat_type, target))
        teller = Teller(link_id, target, numbers, bot, chat_type, people)
        batches = Batches(export.messages(found), teller, found.messages, state.read_messages)
        store = partial(_store, link_id=link_id, source=source, erasures=target.erasures)
        await _store_all(database, store, batches, found.messages, on_progress)
        survey = batches.survey
        digest = await asyncio.to_thread(survey.digest, _zone(target.time_zone))

        def finish(connection: Connection) -> int:
            imports.hold(connection, link_id, erasures=target.erasures)
            added = imports.state(connection, link_id, source).added
            # What is known already was summed up with all that came with it.
            if digest and added:
                imports.put_digest(connection, link_id, digest, batches.orders, now=clock())
            imports.finish(connection, link_id, source, now=clock())
            return added

        stored = await write_patiently(database, finish)
    return ImportResult(
        chat=found.chat,
        read=found.messages,
        added=stored - state.added,
        known=found.messages - found.skipped - (stored - state.added),
        skipped=found.skipped,
        people=survey.people,
        first_at=survey.first_at,
        last_at=survey.last_at,
    )


async def _numbers(
    database: Database, link_id: int, export: Export, found: FoundChat, target: ImportTarget, given: Sequence[Numbers]
) -> Numbers:
    """One more reading of the export, where it is to be compared with what the link has."""
    if len(given) == 1:
        return given[0]
    fitting = Fitting(given, target)
    messages = export.messages(found)
    while some := await asyncio.to_thread(lambda: list(islice(messages, BATCH))):
        said = [message for message in some if message is not None]
        for numbers in given:
            orders = [numbers.order(message.id) for message in said]
            known = await database.read(partial(imports.said, link_id=link_id, orders=orders))
            fitting.hear(numbers, said, known)
    return fitting.best()


async def _store_all(
    database: Database, store: Callable[..., None], batches: Batches, total: int, on_progress: OnProgress
) -> None:
    on_progress(ImportProgress(stage=Stage.STORING, done=0, total=total))
    while (batch := await asyncio.to_thread(batches.following)) is not None:
        await write_patiently(database, partial(store, batch=batch))
        on_progress(ImportProgress(stage=Stage.STORING, done=batch.read, total=total))


def _checking(on_progress: OnProgress) -> OnPart:
    """Hears of bytes in the reading thread and tells of them in the loop."""
    loop = asyncio.get_running_loop()
    told = 0

    def on_part(done: int, total: int) -> None:
        nonlocal told
        if done - told >= PROGRESS_STEP or done == total:
            told = done
            loop.call_soon_threadsafe(on_progress, ImportProgress(stage=Stage.CHECKING, done=done, total=total))

    return on_part


def _store(connection: Connection, *, link_id: int, source: str, erasures: int, batch: Batch) -> None:
    """One batch with all that is counted of it. Done twice it changes nothing."""
    imports.hold(connection, link_id, erasures=erasures)
    if imports.state(connection, link_id, source).read_messages >= batch.read:
        return
    rows = [line.row for line in batch.lines]
    known = imports.known(connection, link_id, [row.message_order for row in rows])
    # The ids of an account are no one else's: what another member exported is known by what was said.
    told = imports.told(connection, link_id, [row.timestamp for row in rows if row.message_order < LIVE_FROM])
    lines = [
        line
        for line in batch.lines
        if line.row.message_order not in known and (line.row.timestamp, line.row.user_id, line.row.text) not in told
    ]
    imports.add(connection, [line.row for line in lines])
    if lines:
        statistics.learn(connection, link_id, _tally(lines, batch).learned())
        history.reopen(connection, link_id, min(line.row.message_order for line in lines))
        imports.count(connection, link_id, _counted([line.row for line in lines]))
    imports.note(connection, link_id, source, read=batch.read, added=len(lines), skipped=batch.skipped)


def _tally(lines: Sequence[Line], batch: Batch) -> Tally:
    tally = Tally()
    for row, analysis in lines:
        if row.from_persona:
            tally.add_own(row.timestamp)
        else:
            tally.add(
                row.user_id,
                row.user_name,
                row.text,
                row.timestamp,
                analysis=analysis,
                weight=batch.weight,
                to_persona=batch.to_persona,
            )
    return tally


def _counted(rows: Sequence[Row]) -> Counted:
    return Counted(
        messages=len(rows),
        own_messages=sum(row.from_persona for row in rows),
        first_at=min(row.timestamp for row in rows),
        last_heard_at=max((row.timestamp for row in rows if not row.from_persona), default=None),
    )


def _zone(name: str | None) -> tzinfo:
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
