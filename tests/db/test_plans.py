"""The hot queries find their rows by index on both databases, however many rows there are, and docs/database.md shows
them as they are."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Connection, select, text

from maskarad.db.engine import Database
from maskarad.db.tables import chat_contexts
from tests.support.databases import EmptyDatabases, connect
from tests.support.plans.crowd import fill
from tests.support.plans.explain import plans_of, scanned, shape
from tests.support.plans.hot import Hot
from tests.support.plans.messages import TURN
from tests.support.plans.page import FILE, essence, page
from tests.support.plans.paths import HOT, Plans, crowded_plans, plans_of_all

T = TypeVar("T")
AllPlans = Mapping[str, Plans]


@pytest.fixture(scope="module")
def plans(
    sqlite_template: Path, empty_databases: EmptyDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AllPlans]:
    """The plans of all hot queries, by the database's name; found once, in a thread with an event loop of its own."""
    file = shutil.copy(sqlite_template, tmp_path_factory.mktemp("plans") / "maskarad.db")
    name = empty_databases.take()
    urls = {"SQLite": f"sqlite:///{file}", "PostgreSQL": empty_databases.url(name)}
    with ThreadPoolExecutor(1) as thread:
        yield {each: thread.submit(asyncio.run, crowded_plans(url)).result() for each, url in urls.items()}
    empty_databases.give_back(name)


@pytest.mark.parametrize("database_name", ["SQLite", "PostgreSQL"])
@pytest.mark.parametrize("query", HOT, ids=lambda query: query.name)
def test_a_hot_query_finds_its_rows_by_index(plans: AllPlans, query: Hot, database_name: str) -> None:
    planned = plans[database_name][query.name]
    assert planned
    for each in planned:
        assert scanned(each.plan) <= query.may_scan, each
        assert query.may_sort or "sort" not in shape(each.plan), each


@pytest.mark.parametrize("query", HOT, ids=lambda query: query.name)
def test_a_hot_query_is_allowed_only_what_it_does(plans: AllPlans, query: Hot) -> None:
    found = [each.plan for of_database in plans.values() for each in of_database[query.name]]
    assert query.may_scan == {table for plan in found for table in scanned(plan)}
    assert query.may_sort == any("sort" in shape(plan) for plan in found)


def test_the_page_shows_what_is_sent_and_planned(plans: AllPlans) -> None:
    """When this fails, run `python -m tests.support.plans` and read what has changed."""
    assert essence(FILE.read_text(encoding="utf-8")) == essence(page(plans))


async def test_sqlite_plans_the_same_without_statistics(sqlite_url: str, plans: AllPlans) -> None:
    """Nobody analyzes its tables, so what the page shows must not hang on that."""
    await on_sqlite(sqlite_url, lambda database: database.write(fill_without_statistics))
    assert shapes(await on_sqlite(sqlite_url, plans_of_all)) == shapes(plans["SQLite"])


def fill_without_statistics(connection: Connection) -> None:
    fill(connection)
    connection.execute(text("DELETE FROM sqlite_stat1"))


async def on_sqlite(url: str, ask: Callable[[Database], Awaitable[T]]) -> T:
    """Ask over a connection of its own: statistics are read when one is opened."""
    database = connect(url)
    try:
        return await ask(database)
    finally:
        await database.close()


def shapes(plans: Plans) -> dict[str, list[list[str]]]:
    return {name: [shape(each.plan) for each in planned] for name, planned in plans.items()}


async def test_a_query_without_an_index_is_seen_to_scan(database: Database) -> None:
    """The eyes of the tests above."""
    unindexed = select(chat_contexts.c.id).where(chat_contexts.c.text == "tea").order_by(chat_contexts.c.user_name)
    [planned] = await plans_of(database, lambda c: c.execute(unindexed).all())
    assert scanned(planned.plan) == {"chat_contexts"}
    assert "sort" in shape(planned.plan)


def test_an_index_that_no_condition_leads_into_is_seen_to_be_scanned() -> None:
    plan = """\
Merge Join
  ->  Index Scan using pk_users on users
        Filter: (language = $1)
  ->  Index Scan using pk_bot_whitelist on bot_whitelist
        Filter: (name = $2)
        Index Cond: (bot_instance_id = $3)"""
    assert scanned(plan) == {"users"}


async def test_without_its_index_a_turn_is_seen_to_scan(database: Database) -> None:
    def fill_and_drop(connection: Connection) -> None:
        fill(connection)
        connection.execute(text("DROP INDEX ix_context_chat_order"))

    await database.write(fill_and_drop)
    [claim] = [query for query in TURN if query.name == "turns.claim"]
    assert any(scanned(each.plan) == {"chat_contexts"} for each in await plans_of(database, claim.run))
