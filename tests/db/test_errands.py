"""Errands as rows: one at a time in each place, in a line that is fair, under claims that end."""

from collections.abc import Sequence
from functools import partial

import pytest
from sqlalchemy import Connection, select

from maskarad.db import errands, tables
from maskarad.db.engine import Database
from maskarad.db.errands import BEHIND, ClaimedErrand, NewErrand
from maskarad.errors import ClaimLost
from tests.support.databases import OpenDatabase
from tests.support.people import ALICE, BOB
from tests.support.rows import NOW

LEASE = 8.0


async def order(database: Database, place: str = "1", *, owner: int = ALICE.id, now: float = NOW, most: int = 9) -> int:
    errand_id = await ordered(database, place, owner=owner, now=now, most=most)
    assert errand_id is not None
    return errand_id


async def ordered(
    database: Database, place: str = "1", *, owner: int = ALICE.id, now: float = NOW, most: int = 9
) -> int | None:
    new = NewErrand(kind="file", place=place, owner_id=owner, payload='{"of":1}')
    return await database.write(lambda c: errands.order(c, new, most=most, now=now))


async def line(database: Database, kinds: Sequence[str] = ("file",), *, now: float = NOW) -> list[int]:
    return await database.read(lambda c: errands.waiting(c, kinds=kinds, known=("file",), greeted=(), now=now))


async def taken(database: Database, errand_id: int, token: str = "a", *, now: float = NOW) -> ClaimedErrand:
    claimed = await claim(database, errand_id, token, now=now)
    assert claimed is not None
    return claimed


async def claim(database: Database, errand_id: int, token: str = "a", *, now: float = NOW) -> ClaimedErrand | None:
    return await database.write(lambda c: errands.claim(c, errand_id, token, lease=LEASE, now=now))


async def test_one_of_a_kind_at_a_time_in_each_place(database: Database) -> None:
    first = await order(database, "1")
    assert await ordered(database, "1") is None
    await order(database, "2")
    held = await taken(database, first)
    assert (held.kind, held.payload, held.progress, held.attempts) == ("file", '{"of":1}', None, 1)
    assert await ordered(database, "1") is None
    await database.write(lambda c: errands.done(c, held))
    await order(database, "1")


async def test_only_so_many_wait(database: Database) -> None:
    assert [await ordered(database, str(place), most=2) is not None for place in range(3)] == [True, True, False]


async def test_many_of_one_owner_do_not_hold_up_anothers_one(database: Database) -> None:
    of_alice = [await order(database, str(place)) for place in range(3)]
    of_bob = await order(database, "bob", owner=BOB.id, now=NOW + 5)
    assert await line(database, now=NOW + 5) == [of_alice[0], of_bob, *of_alice[1:]]
    later = await order(database, "later", owner=BOB.id, now=NOW + BEHIND + 6)
    assert (await line(database, now=NOW + 2 * BEHIND))[-1] == later


async def test_a_claim_is_anothers_only_when_its_lease_has_run_out(database: Database) -> None:
    errand = await order(database)
    held = await taken(database, errand)
    assert await line(database) == []
    assert await claim(database, errand, "b") is None
    standing = await database.write(lambda c: errands.renew(c, [held], until=NOW + 10))
    assert standing == {"a": False}
    assert await claim(database, errand, "b", now=NOW + 9) is None
    assert await line(database, now=NOW + 11) == [errand]
    assert (await taken(database, errand, "b", now=NOW + 11)).attempts == 2


async def test_under_a_lost_claim_nothing_is_changed(database: Database) -> None:
    errand = await order(database)
    lost = await taken(database, errand)
    held = await taken(database, errand, "b", now=NOW + LEASE + 1)
    assert await database.write(lambda c: errands.renew(c, [lost], until=NOW + 99)) == {}
    with pytest.raises(ClaimLost):
        await database.write(lambda c: errands.note(c, lost, "mine"))
    for late in (
        partial(errands.done, held=lost),
        partial(errands.release, held=lost, due_at=0.0),
        partial(errands.postpone, held=lost, due_at=0.0, error="x"),
        partial(errands.fail, held=lost, error="x", now=NOW),
    ):
        await database.write(late)
    await database.write(lambda c: errands.note(c, held, "half"))
    again = await taken(database, errand, "c", now=NOW + 3 * LEASE)
    assert (again.progress, again.attempts) == ("half", 3)


async def test_what_is_given_back_is_no_attempt_and_what_failed_is_one(database: Database) -> None:
    errand = await order(database)
    held = await taken(database, errand)
    await database.write(lambda c: errands.release(c, held, due_at=NOW))
    held = await taken(database, errand)
    assert held.attempts == 1
    await database.write(lambda c: errands.postpone(c, held, due_at=NOW + 4, error="away"))
    assert await line(database, now=NOW + 3) == []
    assert await claim(database, errand, "b", now=NOW + 3) is None
    assert (await taken(database, errand, "b", now=NOW + 4)).attempts == 2


async def test_who_cancels_is_heard_by_the_one_at_it_and_comes_first_in_line(database: Database) -> None:
    first, second = await order(database, "1"), await order(database, "2", owner=BOB.id)
    assert await database.write(lambda c: errands.cancel(c, second, now=NOW))
    assert await line(database) == [second, first]
    assert await line(database, kinds=()) == [second]
    held = await taken(database, second)
    assert held.cancelled
    assert await database.write(lambda c: errands.renew(c, [held], until=NOW + 9)) == {"a": True}
    await database.write(lambda c: errands.done(c, held))
    assert not await database.write(lambda c: errands.cancel(c, second, now=NOW))


async def test_kinds_that_nobody_here_knows_are_left_to_others(database: Database) -> None:
    await order(database)
    found = await database.read(lambda c: errands.waiting(c, kinds=("new",), known=("new",), greeted=("new",), now=NOW))
    assert found == []


async def test_what_failed_is_shown_until_it_is_requeued_or_ordered_again(database: Database) -> None:
    errand = await order(database)
    held = await taken(database, errand)
    await database.write(lambda c: errands.fail(c, held, error="PictureFailed: died", now=NOW + 1))
    [failed] = await database.read(lambda c: errands.failed(c, most=10))
    assert (failed.id, failed.kind, failed.place, failed.attempts) == (errand, "file", "1", 1)
    assert (failed.failed_at, failed.error) == (NOW + 1, "PictureFailed: died")
    assert await line(database, now=NOW + 99) == []
    assert not await database.write(lambda c: errands.cancel(c, errand, now=NOW))
    assert await database.write(partial(errands.requeue, errand_id=errand))
    assert not await database.write(partial(errands.requeue, errand_id=errand))
    held = await taken(database, errand)
    assert held.attempts == 1
    await database.write(lambda c: errands.fail(c, held, error="again", now=NOW + 3))
    again = await order(database)
    assert await database.read(lambda c: errands.failed(c, most=10)) == []
    assert await line(database) == [again]


async def test_of_what_failed_nothing_stays_that_was_noted(database: Database) -> None:
    held = await taken(database, await order(database))
    await database.write(partial(errands.note, held=held, progress="what was told"))
    await database.write(partial(errands.fail, held=held, error="x", now=NOW))
    await database.write(partial(errands.requeue, errand_id=held.id))
    assert (await taken(database, held.id)).progress is None


async def test_after_the_database_was_away_only_what_nobody_has_is_taken(database: Database) -> None:
    left, free = await order(database, "1"), await order(database, "2", owner=BOB.id)
    await taken(database, left)
    late = NOW + LEASE + 1
    look = partial(errands.waiting, kinds=("file",), known=("file",), greeted=(), now=late, takes_over=False)
    assert await database.read(look) == [free]
    take = partial(errands.claim, token="b", lease=LEASE, now=late, takes_over=False)
    assert [await database.write(partial(take, errand_id=each)) is not None for each in (left, free)] == [False, True]


async def test_what_is_in_a_place_goes_of_every_kind(database: Database) -> None:
    await order(database, "1")
    other = await order(database, "2")
    song = NewErrand(kind="song", place="1", owner_id=ALICE.id, payload="{}")
    await database.write(partial(errands.order, new=song, most=9, now=NOW))
    await database.write(partial(errands.drop, places=["1", "3"]))
    assert await database.read(ids) == [other]


async def test_what_failed_long_ago_is_forgotten(database: Database) -> None:
    for number in range(3):
        held = await taken(database, await order(database, str(number)))
        await database.write(partial(errands.fail, held=held, error="x", now=NOW))
    waiting = await order(database, "waits")
    assert await database.write(lambda c: errands.forget(c, before=NOW, most=10)) == 0
    assert await database.write(lambda c: errands.forget(c, before=NOW + 1, most=2)) == 2
    assert await database.write(lambda c: errands.forget(c, before=NOW + 1, most=2)) == 1
    assert await database.read(ids) == [waiting]


async def test_alone_with_the_database_every_claim_is_void(database: Database) -> None:
    errand = await order(database)
    await taken(database, errand)
    assert await database.write(errands.release_all) == 1
    assert await line(database) == [errand]


async def test_of_two_processes_one_gets_it(database: Database, open_again: OpenDatabase) -> None:
    errand = await order(database)
    found = [await claim(each, errand, token) for each, token in ((database, "a"), (open_again(), "b"))]
    assert [each is not None for each in found] == [True, False]


def ids(connection: Connection) -> list[int]:
    return list(connection.execute(select(tables.errands.c.id)).scalars())
