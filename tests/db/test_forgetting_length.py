"""What it costs to leave one person out does not grow with what others say, ask for and use up. Counted in SQLite's
steps and PostgreSQL's pages."""

from functools import partial

import pytest
from sqlalchemy import Connection, text

from maskarad.db import forgetting, personal
from maskarad.db.engine import Database, Query
from maskarad.memory.exports.texts import id_of_name
from tests.support import rows
from tests.support.people import BOB
from tests.support.plans.partitions import analyze
from tests.support.plans.work import work_of
from tests.support.rows import NOW

FEW, MANY = 2_000, 40_000
NUMBERS = (
    "WITH RECURSIVE numbers(n) AS (SELECT CAST(:first AS BIGINT) UNION ALL SELECT n + 1 FROM numbers WHERE n < :last) "
)
LINES = (
    "INSERT INTO chat_contexts (chat_bot_instance_id, message_order, chat_id, user_id, user_name, from_persona, text, "
    "timestamp, forwarded_from) "
    f"{NUMBERS} SELECT 1, n, -1001, 5000 + n % 5000, 'Taras', n % 20 = 0, 'tea', n, "
    "CASE WHEN n % 10 = 0 THEN 'Olena' END FROM numbers"
)
CALLS = (
    "INSERT INTO usage_records (owner_id, persona_config_id, bot_instance_id, user_id, model, prompt_tokens, "
    f"completion_tokens, latency, created_at) {NUMBERS} SELECT 1, 1, 1, 5000 + n, 'm', 1, 1, 1, n FROM numbers"
)
WISHES = (
    "INSERT INTO user_preferences (persona_config_id, user_id, scope, name, value, stated_at) "
    f"{NUMBERS} SELECT 1, 5000 + n, 0, 'language', 'uk', 1 FROM numbers"
)
FINISH = partial(forgetting.finish, bot_id=1, persona_id=1, user_id=BOB.id, group_ids=[1], names=["Боб"], since=NOW)
BY_NAME = partial(
    forgetting.erase_nameless, group_ids=[1], user_ids=[id_of_name(f"Bob {n}") for n in range(20)], most=500, now=NOW
)


def more(connection: Connection, *, first: int, last: int) -> None:
    for statement in (LINES, CALLS, WISHES):
        connection.execute(text(statement), {"first": first, "last": last})
    analyze(connection)


@pytest.mark.parametrize(
    "query",
    [partial(personal.declined, persona_id=1), FINISH, BY_NAME],
    ids=["declined", "finish", "by_name"],
)
async def test_the_cost_does_not_grow_with_what_others_do(database: Database, query: Query[object]) -> None:
    await database.write(rows.link)
    await database.write(partial(more, first=1, last=FEW))
    before = await database.write(partial(work_of, query=query))
    await database.write(partial(more, first=FEW + 1, last=MANY))
    after = await database.write(partial(work_of, query=query))
    assert after < 1.5 * before + 50
