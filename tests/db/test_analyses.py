import asyncio
from functools import partial

from maskarad.db import analyses
from maskarad.db.engine import Database
from tests.support.rows import NOW


async def put(database: Database, *rows: tuple[str, str], now: float = NOW) -> None:
    await database.write(partial(analyses.put, analyses=rows, now=now))


async def get(database: Database, *hashes: str) -> dict[str, str]:
    return await database.read(partial(analyses.get, hashes=hashes))


async def test_the_first_analysis_of_a_text_stays(database: Database) -> None:
    await put(database, ("a", "first"))
    await put(database, ("a", "second"), ("b", "other"))
    assert await get(database, "a", "b", "c") == {"a": "first", "b": "other"}


async def test_nothing_asks_for_nothing(database: Database) -> None:
    await put(database)
    assert await get(database) == {}


async def test_more_than_one_statement_takes(database: Database) -> None:
    hashes = [f"{number:032x}" for number in range(1201)]
    await put(database, *((each, "x") for each in hashes))
    assert len(await get(database, *hashes)) == 1201
    await database.write(partial(analyses.erase, hashes=hashes[1:], now=NOW))
    assert await get(database, *hashes) == {hashes[0]: "x"}


async def test_what_was_erased_is_not_written_again_for_a_while(database: Database) -> None:
    await put(database, ("a", "1"))
    await database.write(partial(analyses.erase, hashes=["a", "b"], now=NOW))
    await put(database, ("a", "1"), ("b", "2"), ("c", "3"))
    assert await get(database, "a", "b", "c") == {"c": "3"}
    late = NOW + analyses.ERASED_KEPT + 1
    assert await database.write(partial(analyses.forget, before=NOW - analyses.KEPT)) == 0
    assert await database.write(partial(analyses.forget, before=late - analyses.KEPT)) == 2
    await put(database, ("a", "1"), now=late)
    assert await get(database, "a") == {"a": "1"}


async def test_what_is_old_is_forgotten(database: Database) -> None:
    await put(database, ("old", "1"), now=NOW)
    await put(database, ("new", "2"), now=NOW + 10)
    assert await database.write(partial(analyses.forget, before=NOW + 10)) == 1
    assert await get(database, "old", "new") == {"new": "2"}


async def test_processes_that_write_the_same_do_not_hinder_each_other(database: Database) -> None:
    rows = [(f"{number:032x}", "x") for number in range(50)]
    await asyncio.gather(*(put(database, *(rows if turn % 2 else rows[::-1])) for turn in range(10)))
    assert len(await get(database, *(key for key, _ in rows))) == 50
