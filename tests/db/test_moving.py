"""Everything of one database goes into another, or nothing does."""

import asyncio
import itertools
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Connection, delete, insert, inspect, select, text, update

from maskarad.db import hearing, learning, migrate, partitions, schema
from maskarad.db.contents import INDEX, counts, fingerprint
from maskarad.db.engine import Database
from maskarad.db.moving import LEFT_BEHIND, ContentsDiffer, Progress, Stage, move
from maskarad.db.opening import open_database
from maskarad.db.processes import Process, lose
from maskarad.db.tables import (
    alerts,
    chat_bot_instances,
    chat_contexts,
    job_slots,
    model_prices,
    platform_identity,
    polling_leases,
    processes,
    users,
    webhook_registrations,
)
from maskarad.errors import BadInput, SchemaOutdated
from maskarad.memory.stats import Learned
from tests.db.every_table import fill, row
from tests.support import rows
from tests.support.servers import PostgresServer

KINDS = ("sqlite", "postgresql")
LINES = 2_500
WORDS = {
    "sqlite": f"INSERT INTO {INDEX} (rowid, words) VALUES (1, 'l1xчай l1xдракон'), (2, 'l1x日本 l1xчай')",
    "postgresql": f"INSERT INTO {INDEX} (id, words) VALUES (1, 'l1xчай l1xдракон'), (2, 'l1x日本 l1xчай')",
}

NewUrl = Callable[[str], str]
Open = Callable[[str], Database]


@pytest.fixture
def new_url(postgres: PostgresServer, tmp_path: Path) -> Iterator[NewUrl]:
    """Addresses of databases without any table."""
    numbers, made = itertools.count(1), list[str]()

    def make(kind: str) -> str:
        name = f"moving_{next(numbers)}"
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / name}.db"
        postgres.execute(f"CREATE DATABASE {name}")
        made.append(name)
        return postgres.url(name)

    yield make
    for name in made:
        postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def opened() -> AsyncIterator[Open]:
    """Databases as the command opens them."""
    there: list[Database] = []

    def open_it(url: str) -> Database:
        there.append(open_database(url, pool_size=1, max_overflow=0, patient=True))
        return there[-1]

    yield open_it
    for each in there:
        await each.close()


@pytest.fixture
async def source(database_url: str, opened: Open) -> Database:
    """Something in every table, and a history of more lines than are copied at once."""
    made = opened(database_url)
    await made.write(settle)
    return made


@pytest.fixture
def target_url(database_url: str, new_url: NewUrl) -> str:
    """Of the other kind."""
    return new_url(KINDS[database_url.startswith("sqlite")])


@pytest.fixture
def target(target_url: str, opened: Open) -> Database:
    return opened(target_url)


def settle(connection: Connection) -> None:
    fill(connection)
    connection.execute(update(chat_bot_instances).values(learned_id=2))
    said = [row(chat_contexts, 1) | {"id": number, "message_order": number} for number in range(4, LINES + 1)]
    connection.execute(insert(chat_contexts), said)
    connection.execute(text(WORDS[connection.dialect.name]))
    count_on(connection)


def count_on(connection: Connection) -> None:
    """Rows that came with numbers of their own did not count."""
    if connection.dialect.name == "postgresql":
        for name in ("persona_configs", "bot_instances", "chat_bot_instances", "chat_contexts"):
            counted = f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))"
            connection.execute(text(counted))


def silent(_progress: Progress) -> None:
    pass


def same_but_processes(connection: Connection) -> dict[str, object]:
    return dict(fingerprint(connection, leave_out=LEFT_BEHIND))


def everything(connection: Connection) -> list[tuple[str, str]]:
    """Of which troubles operators hear."""
    return [tuple(each) for each in connection.execute(select(alerts.c.name, alerts.c.subject).order_by(alerts.c.name))]


async def tables_of(database: Database) -> list[str]:
    return await database.read(lambda connection: inspect(connection).get_table_names())


def change_behind(database_url: str, postgres: PostgresServer, statement: str) -> None:
    """As another program would."""
    if database_url.startswith("sqlite"):
        with sqlite3.connect(database_url.removeprefix("sqlite:///")) as connection:
            connection.execute(statement)
        connection.close()
    else:
        postgres.execute(statement, database=urlsplit(database_url).path[1:])


@pytest.mark.parametrize("kind", KINDS)
async def test_all_moves_to_either_and_back(
    kind: str, source: Database, database_url: str, new_url: NewUrl, opened: Open
) -> None:
    there, back = opened(new_url(kind)), opened(new_url(database_url.partition(":")[0]))
    before = await source.read(same_but_processes)
    copied = await move(source, there, silent)
    assert await there.read(same_but_processes) == before
    assert copied == sum((await source.read(partial(counts, leave_out=LEFT_BEHIND))).values())
    assert await move(there, back, silent) == copied
    assert await back.read(same_but_processes) == before
    assert await source.read(same_but_processes) == before


async def test_it_stays_the_same_platform_and_nobody_is_at_work_there(source: Database, target: Database) -> None:
    await move(source, target, silent)
    assert await target.read(schema.identity) == await source.read(schema.identity)
    assert await target.read(schema.revision_of) == schema.REVISION
    there = await target.read(counts)
    assert {name: there[name] for name in LEFT_BEHIND} == dict.fromkeys(LEFT_BEHIND, 0)
    assert there[platform_identity.name] == 1


async def test_nobody_is_missed_there_who_died_here(source: Database, target: Database) -> None:
    def die(connection: Connection) -> None:
        connection.execute(delete(processes))
        dead = Process(id="dead", role="worker turns", polls=False, place="db7 1", pid=7, started_at=1.0, seen_at=1.0)
        lose(connection, dead, now=2.0)

    before = await source.read(everything)
    await source.write(die)
    assert await source.read(everything) != before
    await move(source, target, silent)
    assert await target.read(everything) == before


async def test_how_far_it_is_is_told(source: Database, target: Database) -> None:
    told: list[Progress] = []
    copied = await move(source, target, told.append)
    for stage, total in ((Stage.COPYING, copied), (Stage.CHECKING, 2 * copied)):
        steps = [each.done for each in told if each.stage is stage]
        assert steps == sorted(set(steps))
        assert steps[-1] == total
        assert {each.total for each in told if each.stage is stage} == {total}
    assert len([each for each in told if each.stage is Stage.COPYING and each.table == chat_contexts.name]) == 3


async def test_new_rows_get_numbers_above_the_old_ones(source: Database, target: Database) -> None:
    await move(source, target, silent)

    def add(connection: Connection) -> tuple[int, int | None]:
        link_id = rows.link(connection, 9)
        said = {**row(chat_contexts, 1), "chat_bot_instance_id": link_id, "message_order": 1}
        del said["id"]
        return link_id, connection.execute(insert(chat_contexts).values(said).returning(chat_contexts.c.id)).scalar()

    assert await target.write(add) == (4, LINES + 1)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_number_that_was_given_out_once_is_not_given_out_again(
    source: Database, new_url: NewUrl, opened: Open
) -> None:
    """Something may still refer to it: what was spent."""

    def come_and_go(connection: Connection) -> int:
        link_id = rows.link(connection, 9)
        connection.execute(delete(chat_bot_instances).where(chat_bot_instances.c.id == link_id))
        return link_id

    gone = await source.write(come_and_go)
    target = opened(new_url("postgresql"))
    await move(source, target, silent)
    assert await target.write(lambda connection: rows.link(connection, 10)) > gone


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_said_next_is_learned_though_the_newest_line_is_gone(
    kind: str, source: Database, new_url: NewUrl, opened: Open
) -> None:
    def say(connection: Connection, number: int) -> list[str]:
        hearing.keep(connection, 1, rows.said(number, f"line {number}"))
        lesson = learning.lesson(connection, 1, most=LINES)
        assert lesson is not None
        learning.keep(connection, lesson, Learned())
        return [line.text for line in lesson.lines]

    def lose(connection: Connection) -> None:
        connection.execute(delete(chat_contexts).where(chat_contexts.c.message_order == LINES + 1))

    await source.write(partial(say, number=LINES + 1))
    await source.write(lose)
    there = opened(new_url(kind))
    await move(source, there, silent)
    assert await there.write(partial(say, number=LINES + 2)) == [f"line {LINES + 2}"]


async def test_lines_with_large_numbers_have_partitions_and_large_gaps_have_none(
    source: Database, new_url: NewUrl, opened: Open
) -> None:
    ids = [partitions.WIDTH - 1, partitions.WIDTH, 50 * partitions.WIDTH + 3, 51 * partitions.WIDTH - 1]

    def add(connection: Connection) -> None:
        said = [row(chat_contexts, 1) | {"id": each, "message_order": each} for each in ids]
        connection.execute(insert(chat_contexts), said)
        count_on(connection)

    def look(connection: Connection) -> tuple[int, list[int]]:
        lost = connection.execute(text(f"SELECT count(*) FROM {partitions.BEYOND}")).scalar_one()
        assert partitions.make_ahead(connection) == 0
        return lost, [each.upper // partitions.WIDTH for each in partitions.every(connection)]

    await source.write(add)
    target = opened(new_url("postgresql"))
    await move(source, target, silent)
    assert await target.write(look) == (0, [1, 2, 51, 52])


@pytest.mark.parametrize("revision", ["0001", "0003", "0004"])
async def test_an_empty_target_of_an_older_schema_is_brought_up(
    revision: str, source: Database, target: Database
) -> None:
    await target.write(lambda connection: migrate.upgrade(connection, revision))
    await move(source, target, silent)
    assert await target.read(same_but_processes) == await source.read(same_but_processes)


async def test_a_target_that_is_in_use_is_refused(source: Database, target: Database) -> None:
    await target.write(migrate.upgrade)
    await target.write(rows.persona)
    before = await target.read(fingerprint)
    with pytest.raises(BadInput, match=r"not empty \(users, persona_configs\)"):
        await move(source, target, silent)
    assert await target.read(fingerprint) == before


async def test_a_target_on_which_a_platform_was_started_once_is_empty_all_the_same(
    source: Database, target: Database
) -> None:
    def have_run(connection: Connection) -> None:
        migrate.upgrade(connection)
        for table in (processes, polling_leases, job_slots, webhook_registrations, alerts, model_prices):
            connection.execute(insert(table).values(row(table, 2)))

    await target.write(have_run)
    await move(source, target, silent)
    assert await target.read(same_but_processes) == await source.read(same_but_processes)
    assert await target.read(lambda connection: connection.execute(select(processes)).all()) == []


async def test_a_target_of_a_schema_from_elsewhere_is_refused(source: Database, target: Database) -> None:
    def be_newer(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('9999')"))

    await target.write(be_newer)
    with pytest.raises(BadInput, match=r"the schema stays as it is: .*9999"):
        await move(source, target, silent)


async def test_a_database_is_not_moved_into_itself_or_into_its_copy(
    source: Database, database_url: str, target: Database, opened: Open
) -> None:
    again = opened(database_url)
    with pytest.raises(BadInput, match="the database that is to be moved, or a copy"):
        await move(source, again, silent)
    await again.close()
    await move(source, target, silent)
    with pytest.raises(BadInput, match="the database that is to be moved, or a copy"):
        await move(source, target, silent)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_source_that_is_empty_or_of_another_schema_is_refused(kind: str, new_url: NewUrl, opened: Open) -> None:
    source, target = opened(new_url(kind)), opened(new_url("sqlite"))
    with pytest.raises(BadInput, match="nothing to move"):
        await move(source, target, silent)
    await source.write(lambda connection: migrate.upgrade(connection, "0004"))
    with pytest.raises(SchemaOutdated, match="`maskarad db upgrade`"):
        await move(source, target, silent)
    await source.write(migrate.upgrade)
    await source.write(
        lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'")) and None
    )
    with pytest.raises(BadInput, match="newer"):
        await move(source, target, silent)
    assert await tables_of(target) == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("busy", ["moved", "names"])
async def test_nobody_else_may_be_there(
    busy: str, source: Database, database_url: str, new_url: NewUrl, opened: Open
) -> None:
    target_url = new_url("postgresql")
    other, target = opened({"moved": database_url, "names": target_url}[busy]), opened(target_url)
    await other.read(schema.revision_of)
    with pytest.raises(BadInput, match=rf"others are connected to the database that .*{busy} \(1\)"):
        await move(source, target, silent)
    await other.close()
    assert await move(source, target, silent)


async def test_what_is_written_meanwhile_is_found_out(
    source: Database, database_url: str, target: Database, postgres: PostgresServer
) -> None:
    told: list[Progress] = []

    def tell(progress: Progress) -> None:
        if progress.table == chat_contexts.name and chat_contexts.name not in {each.table for each in told}:
            change_behind(database_url, postgres, "UPDATE users SET name = 'Somebody' WHERE id = 1")
        told.append(progress)

    with pytest.raises(ContentsDiffer, match=r"nothing was moved: .*\(users\)"):
        await move(source, target, tell)
    assert await tables_of(target) == []
    assert await move(source, target, silent)


@pytest.mark.parametrize("stage", Stage)
async def test_interrupted_it_leaves_the_target_empty(stage: Stage, source: Database, target: Database) -> None:
    loop = asyncio.get_running_loop()
    moving = asyncio.create_task(asyncio.sleep(0))

    def tell(progress: Progress) -> None:
        if progress.stage is stage and progress.table == chat_contexts.name:
            loop.call_soon_threadsafe(moving.cancel)

    moving = asyncio.create_task(move(source, target, tell))  # type: ignore[arg-type]
    with pytest.raises(asyncio.CancelledError):
        await moving
    assert await tables_of(target) == []
    assert await move(source, target, silent)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE users SET name = 'a' || char(0) || 'b' WHERE id = 2",
        "UPDATE chat_bot_instances SET reactions = 5000000000 WHERE id = 2",
    ],
)
async def test_what_postgresql_cannot_store_is_named(source: Database, target: Database, change: str) -> None:
    table = change.split()[1]
    await source.write(lambda connection: connection.execute(text(change)) and None)
    with pytest.raises(BadInput, match=rf"nothing was moved: some row of {table} between \(1,\) and \(3,\)"):
        await move(source, target, silent)
    assert await tables_of(target) == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_message_that_is_there_twice_is_named(source: Database, target: Database) -> None:
    """PostgreSQL cannot rule that out where the history is in partitions."""
    twice = row(chat_contexts, 1) | {"id": LINES + 1}
    await source.write(lambda connection: connection.execute(insert(chat_contexts).values(twice)) and None)
    with pytest.raises(BadInput, match="some row of chat_contexts between"):
        await move(source, target, silent)
    assert await tables_of(target) == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_what_sqlite_would_change_is_not_moved(source: Database, target: Database) -> None:
    change = update(users).where(users.c.id == 1).values(stopped_at=float("nan"))
    await source.write(lambda connection: connection.execute(change) and None)
    with pytest.raises(ContentsDiffer, match=r"\(users\)"):
        await move(source, target, silent)
    assert await tables_of(target) == []
