"""A chat that has said a thousand, a hundred thousand, a million things: reading what a prompt needs and writing one
message, by the platform's own queries in this process, and beside them by the context store of the "before"."""

import sqlite3
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, closing
from pathlib import Path

from sqlalchemy import text

from benchmarks.before import context
from benchmarks.databases import Databases, postgresql
from benchmarks.figures import Figure, figure, grid
from benchmarks.machine import cpu_of
from benchmarks.people import FIRST_GROUP, SENTENCE, person
from benchmarks.scene import Outcome, Scene
from benchmarks.sides import BEFORE, OURS, ratio
from maskarad.db import Connection, hearing, history, links
from maskarad.db.engine import Database
from maskarad.db.opening import open_database
from maskarad.values import Chat, ChatType, Incoming, Sender
from tests.support.servers import ServerMissing

SIZES = (1_000, 100_000, 1_000_000)
ROUNDS = 5
CALLS = dict.fromkeys(SIZES, 30)
"""Of each kind in a round at each size, by turns."""
STORE_CALLS = {1_000: 20, 100_000: 5, 1_000_000: 1}
LINES = 40
FLAT = 1.3
CHAT = Chat(id=FIRST_GROUP, type=ChatType.SUPERGROUP, title="Вечірній чай")

READ, WRITE = "reading the context", "writing a message"
COLUMNS = {READ: "ms", WRITE: "ms"}

_ROWS = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {size})
    SELECT {link_id}, i, {chat_id}, {first_person} + i % 100, 'Оксана', i % 2 = 0, '{sentence}', 1700000000.0 + i
    FROM n
"""
_INTO = """
    INSERT INTO chat_contexts
        (chat_bot_instance_id, message_order, chat_id, user_id, user_name, from_persona, text, timestamp)
"""

Measured = Mapping[int, Mapping[str, Sequence[float]]]
"""By size and column, milliseconds of CPU, a median a round."""


def _rows(size: int, link_id: int) -> str:
    """SQL that makes the history, in both databases."""
    values = {"chat_id": CHAT.id, "first_person": person(0), "sentence": SENTENCE.format("")}
    return _INTO + _ROWS.format(size=size, link_id=link_id, **values)


class _Ours:
    """One link, through the functions that accept a message and gather a prompt."""

    def __init__(self, database: Database, link_id: int, size: int, backend: int | None) -> None:
        self._database = database
        self._link_id = link_id
        self._message_id = size
        self._asked = 0
        self._backend = backend

    async def write(self) -> None:
        self._message_id += 1
        self._asked += 1
        message = Incoming(
            bot_id=1,
            update_id=self._message_id,
            chat=CHAT,
            message_id=self._message_id,
            sender=Sender(id=person(1), name="Оксана"),
            text=SENTENCE.format(self._message_id),
            sent_at=1_800_000_000.0,
        )
        await self._database.write(lambda c: hearing.ask(c, self._link_id, message, due_at=0))

    async def read(self) -> None:
        def query(connection: Connection) -> int:
            lines, _ = history.to_answer(
                connection, self._link_id, answered=self._asked - 1, asked=self._asked, most=LINES
            )
            return len(lines)

        if await self._database.read(query) != LINES:
            raise RuntimeError("the history is not what was written")

    def cpu(self) -> float:
        """Seconds, with those of the server's process that serves us."""
        return time.process_time() + (0.0 if self._backend is None else cpu_of(self._backend))


class _Store:
    """The "before"'s: a connection a call, in this thread."""

    def __init__(self, file: Path, size: int) -> None:
        self._file = file
        self._message_id = size

    async def write(self) -> None:
        self._message_id += 1
        message = context.ContextMessage(
            chat_bot_instance_id=1,
            message_order=self._message_id,
            chat_id=CHAT.id,
            user_id=person(1),
            user_name="Оксана",
            from_persona=False,
            text=SENTENCE.format(self._message_id),
            timestamp=1_700_000_000.0 + self._message_id,
        )
        context.save_message(self._file, message)

    async def read(self) -> None:
        if len(context.get_context(self._file, CHAT.id, LINES)) != LINES:
            raise RuntimeError("the history is not what was written")

    def cpu(self) -> float:
        return time.process_time()


Store = _Ours | _Store


async def flat(scene: Scene) -> Outcome:
    contests = {f"{OURS}, SQLite": await _on_sqlite(scene), BEFORE: await _stores(scene)}
    note = (
        f"One link with so many messages, in a database of its own. Reading: the newest {LINES} lines, by the function "
        "that gathers a prompt. Writing: the transaction that accepts a message. CPU of the calling process, and of "
        f"the PostgreSQL process that serves it; medians of {max(CALLS.values())} calls by turns, {ROUNDS} rounds. The "
        f"{BEFORE} is its context store: sqlite3, a connection a call, no index."
    )
    try:
        contests[f"{OURS}, PostgreSQL"] = await _on_postgresql(scene)
    except ServerMissing as missing:
        note += f" PostgreSQL was not measured: {missing}."
    for name, measured in contests.items():
        scene.tell(f"  {name}: " + ", ".join(f"{statistics.median(each[READ]):.2f} ms" for each in measured.values()))
    lines = {f"{size}, {name}": measured[size] for size in SIZES for name, measured in contests.items()}
    return Outcome(note=note, figures=tuple(_figures(contests)), grids=(grid("messages", COLUMNS, lines),))


async def _on_sqlite(scene: Scene) -> Measured:
    async with AsyncExitStack() as stack:
        return await _rounds({size: await _filled(stack, Databases(scene), size) for size in SIZES}, CALLS)


async def _on_postgresql(scene: Scene) -> Measured:
    async with AsyncExitStack() as stack:
        databases = Databases(scene, await stack.enter_async_context(postgresql()))
        return await _rounds({size: await _filled(stack, databases, size) for size in SIZES}, CALLS)


async def _stores(scene: Scene) -> Measured:
    return await _rounds({size: _store(scene.new_folder() / "context.db", size) for size in SIZES}, STORE_CALLS)


async def _filled(stack: AsyncExitStack, databases: Databases, size: int) -> _Ours:
    stage = await databases.stage()
    database = open_database(stage.database_url, pool_size=1, max_overflow=0)
    stack.push_async_callback(database.close)
    link = await database.write(lambda c: links.find_or_add(c, stage.actors[0].bot_id, CHAT, now=1.0))
    await databases.execute(stage, _rows(size, link.id), "ANALYZE")
    return _Ours(database, link.id, size, await _backend(database) if databases.are_served else None)


async def _backend(database: Database) -> int:
    return await database.read(lambda c: int(c.execute(text("SELECT pg_backend_pid()")).scalar_one()))


def _store(file: Path, size: int) -> _Store:
    context.init_db(file)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(_rows(size, 1))
    return _Store(file, size)


async def _rounds(stores: Mapping[int, Store], calls: Mapping[int, int]) -> Measured:
    """The first round warms up and does not count."""
    measured: dict[int, dict[str, list[float]]] = {size: defaultdict(list) for size in stores}
    for number in range(ROUNDS + 1):
        for size, columns in (await _round(stores, calls)).items():
            for column, costs in columns.items():
                if number:
                    measured[size][column].append(statistics.median(costs))
    return measured


async def _round(stores: Mapping[int, Store], calls: Mapping[int, int]) -> Mapping[int, Mapping[str, list[float]]]:
    costs: dict[int, dict[str, list[float]]] = {size: defaultdict(list) for size in stores}
    for number in range(max(calls.values())):
        first = number % len(SIZES)
        for size in SIZES[first:] + SIZES[:first]:
            store = stores[size]
            if number < calls[size]:
                for column, call in ((WRITE, store.write), (READ, store.read)):
                    used = store.cpu()
                    await call()
                    costs[size][column].append((store.cpu() - used) * 1e3)
    return costs


def _figures(contests: Mapping[str, Measured]) -> Iterator[Figure]:
    few, many = SIZES[0], SIZES[-1]
    for name, measured in contests.items():
        for column in COLUMNS:
            most = None if name == BEFORE else FLAT
            grown = ratio(measured[many][column], measured[few][column])
            yield figure(f"{column}, {name}, {many} ÷ {few} messages", "×", grown, most=most)
    ours = contests[f"{OURS}, SQLite"]
    for size in SIZES:
        for column in COLUMNS:
            gained = ratio(contests[BEFORE][size][column], ours[size][column])
            yield figure(f"{column}, {size} messages, {BEFORE} ÷ {OURS}, SQLite", "×", gained)
