"""Rows of alerts: who may tell, and what becomes of them."""

import asyncio

from maskarad.db import Connection, alerts, processes, watching
from maskarad.db.alerts import Alert
from maskarad.db.engine import Database
from maskarad.db.processes import Process
from maskarad.ops.deafness import Deaf, deaf_bots
from maskarad.ops.report import Figures, ProcessReport, read_reports, reports
from tests.support import rows
from tests.support.databases import OpenDatabase

NOW = 1_800_000_000.0


async def see(database: Database, now: float, *, stale: float = 60.0, **facts: int) -> None:
    await database.write(
        lambda connection: alerts.see(connection, "lag", "one", dict(facts), now=now, stale=now - stale)
    )


async def only(database: Database) -> Alert:
    [alert] = await database.read(alerts.everything)
    return alert


async def claim(database: Database, alert: Alert, token: str, now: float = NOW) -> bool:
    return await database.write(lambda connection: alerts.claim(connection, alert, token, now=now, until=now + 90.0))


async def test_what_is_seen_again_goes_on_and_tells_the_newest(database: Database) -> None:
    await see(database, NOW, seconds=1)
    await see(database, NOW + 30, seconds=2)
    alert = await only(database)
    assert (alert.began_at, alert.seen_at, alert.facts) == (NOW, NOW + 30, {"seconds": 2})


async def test_after_a_pause_it_begins_anew_unless_it_was_told(database: Database) -> None:
    await see(database, NOW)
    await see(database, NOW + 100)
    alert = await only(database)
    assert alert.began_at == NOW + 100
    assert await claim(database, alert, "me")
    await database.write(lambda connection: alerts.told(connection, [alert], "me", now=NOW + 100))
    await see(database, NOW + 1_000)
    assert (await only(database)).began_at == NOW + 100


async def test_of_many_who_claim_one_may_tell(database: Database, open_again: OpenDatabase) -> None:
    await see(database, NOW)
    alert = await only(database)
    others = [open_again() for _ in range(4)]
    won = await asyncio.gather(*(claim(each, alert, str(number)) for number, each in enumerate(others)))
    assert won.count(True) == 1
    assert not await claim(database, alert, "late", now=NOW + 89)
    assert await claim(database, alert, "heir", now=NOW + 90)


async def test_what_was_told_is_not_told_again_and_goes_when_its_end_was_told(database: Database) -> None:
    await see(database, NOW)
    began = await only(database)
    assert await claim(database, began, "me")
    await database.write(lambda connection: alerts.told(connection, [began], "me", now=NOW))
    assert not await claim(database, began, "other")
    told = await only(database)
    assert (told.told_at, told.over_at) == (NOW, None)
    await database.write(lambda connection: alerts.end(connection, told, now=NOW + 60))
    over = await only(database)
    assert over.over_at == NOW + 60
    assert await claim(database, over, "me")
    await database.write(lambda connection: alerts.told(connection, [over], "me", now=NOW + 60))
    assert await database.read(alerts.everything) == []


async def test_what_begins_again_while_its_end_is_told_is_to_be_told_again(database: Database) -> None:
    await see(database, NOW)
    await database.write(
        lambda connection: alerts.end(
            connection, Alert(name="lag", subject="one", began_at=NOW, seen_at=NOW, facts={}), now=NOW
        )
    )
    over = await only(database)
    assert await claim(database, over, "me")
    await see(database, NOW + 10)
    await database.write(lambda connection: alerts.told(connection, [over], "me", now=NOW + 20))
    alert = await only(database)
    assert (alert.over_at, alert.told_at) == (None, None)
    assert await claim(database, alert, "me")


async def test_the_end_of_what_was_seen_meanwhile_is_not_its_end(database: Database) -> None:
    await see(database, NOW)
    old = await only(database)
    await see(database, NOW + 10)
    await database.write(lambda connection: alerts.end(connection, old, now=NOW + 10))
    await database.write(lambda connection: alerts.drop(connection, old))
    assert (await only(database)).over_at is None


def process(name: str, *, seen_at: float = NOW) -> Process:
    return Process(
        id=name, role="worker turns", polls=False, place=f"{name} boot ns", pid=7, started_at=seen_at, seen_at=seen_at
    )


async def test_every_process_is_reported_as_it_last_said(database: Database) -> None:
    said = Figures(at=NOW, lag=0.5, deaf=(3,), deaf_count=1)

    def join(connection: Connection) -> None:
        for name in ("one", "two", "three"):
            processes.join(connection, process(name))
        processes.seen(connection, "one", now=NOW, report='{"at":1800000000.0,"lag":0.5,"deaf":[3],"deaf_count":1}')
        processes.seen(connection, "two", now=NOW, report='{"of another": "version"}')

    await database.write(join)
    found = {each.process.id: each for each in await reports(database)}
    assert {name: each.figures for name, each in found.items()} == {"one": said, "two": None, "three": None}
    assert found["one"].place == "one/worker/7"


async def test_the_dead_are_missed_by_whoever_buries_them(database: Database) -> None:
    def bury(connection: Connection) -> int:
        processes.join(connection, process("dead", seen_at=NOW - 20))
        processes.join(connection, process("living"))
        return processes.bury(connection, before=NOW - 15, now=NOW)

    assert await database.write(bury) == 1
    alert = await only(database)
    assert (alert.name, alert.subject) == (alerts.GONE, "worker turns dead")
    assert alert.facts["seen_at"] == NOW - 20
    assert [each.process.id for each in await reports(database)] == ["living"]


async def test_what_rows_tell_of_the_platform(database: Database) -> None:
    def fill(connection: Connection) -> tuple[watching.Watched, Deaf]:
        rows.bot(connection, 1)
        polls = Process(id="p", role="gateway intake", polls=True, place="", pid=1, started_at=NOW, seen_at=NOW)
        processes.join(connection, polls)
        found = watching.watched(connection, now=NOW)
        return found, deaf_bots(connection, read_reports(found.processes))

    found, deaf = await database.write(fill)
    assert deaf == Deaf(names=frozenset({"", "mira1_bot"}), unnamed=0)
    assert deaf.count == 1
    assert (found.waiting, found.oldest_due, found.last_backup, found.any_bot) == (0, None, None, True)
    [report] = read_reports(found.processes)
    assert report == ProcessReport(process=report.process, figures=None)
