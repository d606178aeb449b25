import asyncio
from functools import partial

from sqlalchemy import Connection

from maskarad.db import wizards
from maskarad.db.engine import Database
from tests.support.people import ALICE, BOB
from tests.support.rows import NOW


async def state(database: Database, user_id: int = ALICE.id) -> str | None:
    return await database.read(partial(wizards.load, bot_id=0, user_id=user_id))


async def save(database: Database, value: str, user_id: int = ALICE.id, now: float = NOW) -> None:
    await database.write(partial(wizards.save, bot_id=0, user_id=user_id, state=value, now=now))


async def test_a_wizard_is_one_person_s_with_one_bot(database: Database) -> None:
    assert await state(database) is None
    await save(database, "one")
    await save(database, "two")
    await save(database, "other", BOB.id)
    assert await state(database) == "two"
    assert await database.read(partial(wizards.load, bot_id=1, user_id=ALICE.id)) is None
    await database.write(partial(wizards.clear, bot_id=0, user_id=ALICE.id))
    assert await state(database) is None
    assert await state(database, BOB.id) == "other"


async def test_many_steps_at_once_are_all_taken(database: Database) -> None:
    await save(database, "0")

    def step(connection: Connection) -> None:
        at = int(wizards.load_for_change(connection, 0, ALICE.id) or 0)
        wizards.save(connection, 0, ALICE.id, str(at + 1), now=NOW)

    await asyncio.gather(*(database.write(step) for _ in range(20)))
    assert await state(database) == "20"


async def test_what_nobody_touched_is_forgotten(database: Database) -> None:
    await save(database, "old", ALICE.id, now=NOW)
    await save(database, "new", BOB.id, now=NOW + 10)
    assert await database.write(partial(wizards.forget, before=NOW + 10, most=100)) == 1
    assert await state(database) is None
    assert await state(database, BOB.id) == "new"
