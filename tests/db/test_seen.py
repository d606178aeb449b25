import asyncio
from functools import partial

import pytest

from maskarad.db import seen
from maskarad.db.engine import Database
from maskarad.errors import AlreadySeen
from tests.support.rows import NOW


async def test_an_update_is_handled_once(database: Database) -> None:
    once = partial(seen.once, bot_id=1, update_id=5, now=NOW)
    assert not await database.read(partial(seen.is_seen, bot_id=1, update_id=5))
    outcomes = await asyncio.gather(*(database.write(once) for _ in range(5)), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["AlreadySeen"] * 4 + ["NoneType"]
    assert await database.read(partial(seen.is_seen, bot_id=1, update_id=5))


async def test_update_ids_are_each_bot_s_own(database: Database) -> None:
    for bot_id, update_id in ((0, 5), (1, 5), (1, 6)):
        await database.write(partial(seen.once, bot_id=bot_id, update_id=update_id, now=NOW))


async def test_old_ones_are_forgotten(database: Database) -> None:
    for update_id in range(4):
        await database.write(partial(seen.once, bot_id=1, update_id=update_id, now=NOW + update_id))
    assert await database.write(partial(seen.forget, before=NOW + 2)) == 2
    await database.write(partial(seen.once, bot_id=1, update_id=0, now=NOW))
    with pytest.raises(AlreadySeen):
        await database.write(partial(seen.once, bot_id=1, update_id=2, now=NOW))
