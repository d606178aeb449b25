"""What is too old goes, in steps; what is not stays."""

import os
from functools import partial
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import DBAPIError

from maskarad.db import analyses, errands, failed_updates, hearing, links, seen, slots, wizards
from maskarad.db.batches import end_of_batch
from maskarad.db.engine import Database
from maskarad.db.tables import (
    analysis_cache,
    chat_contexts,
    job_slots,
    limit_notices,
    purses,
    seen_updates,
    usage_records,
    wizard_states,
)
from maskarad.db.tables import errands as errands_table
from maskarad.db.tables import failed_updates as failed_updates_table
from maskarad.errors import DatabaseUnavailable
from maskarad.jobs.cleanup import AT_ONCE, DAY, forget_files, forget_left_files, memory_cleanup_task
from maskarad.purse.limits import period_of
from maskarad.values import Decision, Scope, Verdict
from tests.support import rows
from tests.support.clock import FakeClock
from tests.support.databases import CountStatements
from tests.support.rows import NOW, said


class House:
    """A database, a folder of imports, and how often histories were pruned."""

    def __init__(self, database: Database, files: Path) -> None:
        self.database = database
        self.files = files
        self.clock = FakeClock(NOW)
        self.pruned = 0

    async def prune(self) -> int:
        self.pruned += 1
        return 5

    async def clean_up(self) -> int:
        return await memory_cleanup_task(self.database, prune=self.prune, clock=self.clock)

    async def count(self, column: object) -> int:
        counted = select(func.count(column))  # type: ignore[arg-type]  # any column
        return int(await self.database.read(lambda connection: connection.execute(counted).scalar_one()))


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return House(database, tmp_path / "imports")


async def test_an_empty_platform_is_clean(house: House) -> None:
    assert await house.clean_up() == 5
    assert house.pruned == 1


async def test_what_cannot_be_cleaned_keeps_nothing_else_from_it(house: House) -> None:
    def spoil(connection: Connection) -> None:
        analyses.put(connection, [("old", "{}")], now=NOW - 8 * DAY)
        seen.once(connection, 1, 1, now=NOW - 3 * DAY)
        connection.execute(text("ALTER TABLE analysis_cache RENAME TO spoiled"))

    await house.database.write(spoil)
    with pytest.raises((DBAPIError, DatabaseUnavailable)):
        await house.clean_up()
    assert not await house.database.read(partial(seen.is_seen, bot_id=1, update_id=1))
    assert house.pruned == 1


async def test_each_kind_goes_at_its_age(house: House) -> None:
    def fill(connection: Connection) -> None:
        analyses.put(connection, [("old", "{}")], now=NOW - 7 * DAY - 1)
        analyses.put(connection, [("young", "{}")], now=NOW - 7 * DAY + 1)
        seen.once(connection, 1, 1, now=NOW - 2 * DAY - 1)
        seen.once(connection, 1, 2, now=NOW - 2 * DAY + 1)
        wizards.save(connection, 0, 1, "{}", now=NOW - 30 * DAY - 1)
        wizards.save(connection, 0, 2, "{}", now=NOW - 30 * DAY + 1)

    await house.database.write(fill)
    assert await house.clean_up() == 5 + 3
    assert await house.database.read(partial(analyses.get, hashes=["old", "young"])) == {"young": "{}"}
    assert not await house.database.read(partial(seen.is_seen, bot_id=1, update_id=1))
    assert await house.database.read(partial(seen.is_seen, bot_id=1, update_id=2))
    assert await house.count(wizard_states.c.state) == 1
    assert await house.clean_up() == 5


async def test_one_old_row_of_each_table_goes(house: House) -> None:
    listen = Decision(verdict=Verdict.LISTEN, reason="of_others")

    def fill(connection: Connection) -> None:
        rows.link(connection)
        old = NOW - 40 * DAY
        analyses.put(connection, [("old", "{}")], now=old)
        seen.once(connection, 1, 1, now=old)
        wizards.save(connection, 0, 1, "{}", now=old)
        failed_updates.count(connection, (1, 1), user_id=1, body="{}", error="x", now=old)
        slots.take(connection, "sweep", 1, now=old)
        hearing.hear(
            connection, 1, msgspec.structs.replace(said(1), sent_at=old), lambda _: listen, due_at=old, now=old
        )
        new = errands.NewErrand(kind="file", place="1:2", owner_id=1, payload="{}")
        errand_id = errands.order(connection, new, most=9, now=old)
        assert errand_id is not None
        held = errands.claim(connection, errand_id, "a", lease=8, now=old)
        assert held is not None
        errands.fail(connection, held, error="x", now=old)

    columns = (
        analysis_cache.c.text_hash,
        seen_updates.c.update_id,
        wizard_states.c.state,
        failed_updates_table.c.update_id,
        job_slots.c.slot,
        chat_contexts.c.decision,
        errands_table.c.id,
    )
    await house.database.write(fill)
    assert [await house.count(column) for column in columns] == [1] * len(columns)
    await house.clean_up()
    assert [await house.count(column) for column in columns] == [0] * len(columns)


async def test_purses_usage_and_notices_go_when_they_are_long_past(house: House) -> None:
    today, this_month = period_of(Scope.BOT, NOW), period_of(Scope.OWNER, NOW)
    spent = {"messages": 1, "tokens": 1, "money": 1}
    call = {"model": "m", "prompt_tokens": 1, "completion_tokens": 1, "latency": 1.0, "purpose": "turn"}
    whose = {"owner_id": 1, "persona_config_id": 1, "bot_instance_id": 1, "user_id": 1}

    def fill(connection: Connection) -> None:
        link_id = rows.link(connection)
        days = [(scope, today - age) for scope in ("user", "bot", "spontaneous", "summary") for age in (41, 40, 0)]
        months = [("owner", this_month - age) for age in (14, 13, 0)]
        for scope, period in days + months:
            connection.execute(purses.insert().values(scope=scope, holder=1, period=period, **spent))
        for age in (91, 89):
            connection.execute(usage_records.insert().values(created_at=NOW - age * DAY, **whose, **call))
        for age in (41, 39):
            key = {"chat_bot_instance_id": link_id, "scope": "user", "holder": 1, "period": today - age}
            connection.execute(limit_notices.insert().values(told_at=NOW - age * DAY, **key))

    await house.database.write(fill)
    await house.clean_up()
    assert await house.count(purses.c.scope) == 5 * 2
    assert await house.count(usage_records.c.id) == 1
    assert await house.count(limit_notices.c.holder) == 1


async def test_decisions_go_after_a_day_and_their_messages_stay(house: House) -> None:
    listen = Decision(verdict=Verdict.LISTEN, reason="of_others")

    def hear(connection: Connection) -> None:
        rows.link(connection)
        for number, age in enumerate((DAY + 1, DAY - 1), 1):
            message = msgspec.structs.replace(said(number), sent_at=NOW - age)
            hearing.hear(connection, 1, message, lambda _state: listen, due_at=NOW, now=NOW)

    await house.database.write(hear)
    await house.clean_up()
    assert await house.count(chat_contexts.c.decision) == 1
    assert await house.count(chat_contexts.c.id) == 2


async def test_numbers_of_forgotten_messages_go_when_telegram_brings_them_no_more(house: House) -> None:
    def fill(connection: Connection) -> None:
        rows.link(connection)
        hearing.ask(connection, 1, msgspec.structs.replace(said(1), sent_at=NOW - 47 * 3600), due_at=NOW)
        links.forget(connection, 1, now=NOW)

    await house.database.write(fill)
    await house.clean_up()
    assert await house.count(chat_contexts.c.id) == 1
    house.clock.advance(2 * 3600)
    await house.clean_up()
    assert await house.count(chat_contexts.c.id) == 0


async def test_much_goes_in_many_small_transactions(house: House, statements: CountStatements) -> None:
    many = 2 * AT_ONCE + 100

    def fill(connection: Connection) -> None:
        old = [{"bot_instance_id": 1, "update_id": n, "seen_at": NOW - 3 * DAY - n} for n in range(many)]
        connection.execute(seen_updates.insert(), old)
        # Written together, they have one time, and go together.
        known = [{"text_hash": str(n), "analysis": "{}", "created_at": NOW - 8 * DAY} for n in range(many)]
        connection.execute(analysis_cache.insert(), known)

    await house.database.write(fill)
    with statements(house.database) as counted:
        assert await house.clean_up() == 5 + 2 * many
    assert sum("DELETE FROM seen_updates" in each for each in counted.seen) == 3
    assert await house.count(seen_updates.c.update_id) == 0
    assert await house.count(analysis_cache.c.text_hash) == 0


async def test_a_batch_ends_where_it_should(house: House) -> None:
    def fill(connection: Connection) -> None:
        for number in range(10):
            seen.once(connection, 1, number, now=NOW + number)

    await house.database.write(fill)

    async def older(before: float, most: int) -> int:
        end = await house.database.read(partial(end_of_batch, column=seen_updates.c.seen_at, before=before, most=most))
        return await house.database.write(partial(seen.forget, before=end))

    assert await older(NOW + 8, 5) == 5
    assert await older(NOW + 8, 5) == 3
    assert await older(NOW + 8, 5) == 0
    assert await house.count(seen_updates.c.update_id) == 2


async def test_files_that_an_import_left_behind_go_after_a_day(house: House) -> None:
    house.files.mkdir()
    old, young, folder = (house.files / name for name in ("old.zip", "young.zip", "folder"))
    old.touch()
    young.touch()
    folder.mkdir()
    os.utime(old, (NOW - DAY - 1, NOW - DAY - 1))
    os.utime(young, (NOW - DAY + 1, NOW - DAY + 1))
    assert await forget_left_files(house.files, clock=house.clock) == 1
    assert sorted(house.files.iterdir()) == [folder, young]


async def test_a_file_that_somebody_else_takes_away_meanwhile_is_no_trouble(tmp_path: Path) -> None:
    class Fleeting(type(tmp_path)):  # type: ignore[misc]  # a path of this system
        def is_file(self) -> bool:
            was_file = bool(super().is_file())
            if self.name == "gone":
                self.unlink()
            return was_file

    for name in ("gone", "old"):
        (tmp_path / name).touch()
    assert forget_files(Fleeting(tmp_path), before=(tmp_path / "old").stat().st_mtime + 1) == 1
    assert not any((tmp_path / name).exists() for name in ("gone", "old"))
