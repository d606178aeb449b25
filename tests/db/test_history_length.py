"""What a turn reads, what a message writes and what statistics show costs the same in a history of a thousand lines and
of half a million, beside another as long. Counted in SQLite's steps and PostgreSQL's pages: no clock, so no luck."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, bindparam, text

from maskarad.db import hearing, history, learning, recall, statistics, turns
from maskarad.db.engine import Database, Query
from maskarad.memory.learning import LINES_AT_ONCE
from maskarad.memory.stats import Acquaintance, DayOfChat, Learned
from maskarad.turn.prompt import HISTORY_LINES
from tests.support import rows
from tests.support.databases import CountStatements
from tests.support.plans.partitions import analyze
from tests.support.plans.work import work_of
from tests.support.rows import NOW, said

SHORT, LONG = 1_000, 500_000
AT_ONCE = 25_000

GROW = text(
    "INSERT INTO chat_contexts (chat_bot_instance_id, message_order, chat_id, user_id, user_name, from_persona, text, "
    "timestamp, addressed) "
    "WITH RECURSIVE numbers(n) AS (SELECT CAST(:first AS BIGINT) UNION ALL SELECT n + 1 FROM numbers WHERE n < :last) "
    "SELECT 1 + n % 2, n, -1001, 1002, 'Bob', false, 'hello there', n + 1000000 * (n % 2), false FROM numbers"
).bindparams(bindparam("first"), bindparam("last"))

INDEX = (
    "INSERT INTO history_index ({key}, words) SELECT id, {words} FROM (SELECT id, CASE WHEN message_order < 2000 AND "
    "message_order % 100 = 2 THEN 'l1xkettle' ELSE 'l1xword' || message_order END AS words FROM chat_contexts "
    "WHERE chat_bot_instance_id = 1 AND message_order BETWEEN :first AND :last) AS lines"
)

PEOPLE, DAYS = 30, 100
WRITTEN = Learned(
    days={day: DayOfChat() for day in range(DAYS)},
    people={1002 + n: Acquaintance(name="Bob", messages=n, first_at=NOW, last_at=NOW) for n in range(PEOPLE)},
)


async def grow(database: Database, *, first: int, last: int) -> None:
    for start in range(first, last + 1, AT_ONCE):
        await database.write(partial(add_lines, first=start, last=min(start + AT_ONCE - 1, last)))
    await database.write(analyze)


def add_lines(connection: Connection, *, first: int, last: int) -> None:
    """As many lines in another link, said later: neither is read by way of the other. Those of the first link are in
    the index of words, one of a kettle long ago among them."""
    lines = {"first": 2 * first, "last": 2 * last + 1}
    connection.execute(GROW, lines)
    key, words = ("rowid", "words") if connection.dialect.name == "sqlite" else ("id", "CAST(words AS tsvector)")
    connection.execute(text(INDEX.format(key=key, words=words)), lines)
    connection.execute(text("UPDATE chat_bot_instances SET messages = :last"), {"last": last})


def ask_and_claim(connection: Connection) -> None:
    hearing.ask(connection, 1, said(10**7), due_at=NOW)
    claimed = turns.claim(connection, 1, "token", lease=8.0, history_lines=HISTORY_LINES, now=NOW)
    assert claimed is not None
    assert len(claimed.history) == HISTORY_LINES


def recall_kettle(connection: Connection) -> None:
    assert len(recall.find(connection, 1, ["l1xkettle"]).relevant) == recall.MOST_RELEVANT


def read_a_lesson(connection: Connection) -> None:
    lesson = learning.lesson(connection, 1, most=LINES_AT_ONCE)
    assert lesson is not None
    assert len(lesson.lines) == LINES_AT_ONCE


def show_statistics(connection: Connection) -> None:
    assert statistics.chat_stats(connection, 1).people == PEOPLE
    assert len(statistics.days(connection, 1, 0, DAYS)) == DAYS


QUERIES: dict[str, Query[Any]] = {
    "reading for a prompt": partial(history.latest, link_id=1, most=HISTORY_LINES, answered=0),
    "a message and its turn": ask_and_claim,
    "a message only listened to": lambda connection: history.add(connection, 1, said(10**7)),
    "an edited message": lambda connection: history.edit(connection, 1, said(8), edited_at=NOW),
    "what is remembered of long ago": recall_kettle,
    "the statistics of a chat": show_statistics,
    "lines to be learned": read_a_lesson,
}


@pytest.fixture
async def link(database: Database) -> int:
    await database.write(rows.link)
    await database.write(partial(statistics.learn, link_id=1, learned=WRITTEN))
    return await database.write(partial(rows.link, number=2)) - 1


async def test_cost_does_not_grow_with_the_history(database: Database, link: int) -> None:
    assert link == 1

    def measured(connection: Connection) -> dict[str, int]:
        return {name: work_of(connection, query) for name, query in QUERIES.items()}

    await grow(database, first=1, last=SHORT)
    short = await database.write(measured)
    await grow(database, first=SHORT + 1, last=LONG)
    long = await database.write(measured)
    # Of five hundred times the lines a tree is one level higher.
    for name, work in long.items():
        assert work <= 1.5 * short[name], (name, short, long)


async def test_a_prompt_s_history_is_one_statement(database: Database, link: int, statements: CountStatements) -> None:
    await grow(database, first=1, last=SHORT)
    with statements(database) as seen:
        lines = await database.read(partial(history.latest, link_id=link, most=HISTORY_LINES, answered=0))
    assert len(lines) == HISTORY_LINES
    assert seen.count == 1
