from functools import partial

import pytest

from maskarad.db import users
from maskarad.db.engine import Database
from maskarad.values import Account, Sender, User
from tests.support import rows
from tests.support.databases import CountStatements
from tests.support.people import ALICE, BOB, CHARLIE
from tests.support.rows import NOW


async def remember(database: Database, person: Sender, language: str = "en") -> None:
    await database.write(partial(users.remember, sender=person, language=language, now=NOW))


async def account(database: Database, user_id: int) -> Account | None:
    return await database.read(partial(users.load_account, user_id=user_id))


async def by_name(database: Database, username: str) -> Sender | None:
    return await database.read(partial(users.find_by_username, username=username))


async def test_a_known_user_keeps_the_language_and_gets_the_new_name(database: Database) -> None:
    await remember(database, ALICE, "uk")
    await remember(database, Sender(id=ALICE.id, name="Alice B.", username="Alice_B"), "ru")
    known = await account(database, ALICE.id)
    assert known == Account(user=User(id=ALICE.id, name="Alice B.", username="alice_b", language="uk"), owned=())
    await database.write(partial(users.set_language, user_id=ALICE.id, language="ru"))
    assert await database.read(partial(users.language_of, user_id=ALICE.id)) == "ru"


async def test_strangers_have_nothing(database: Database) -> None:
    assert await account(database, CHARLIE.id) is None
    assert await database.read(partial(users.language_of, user_id=CHARLIE.id)) is None
    assert await database.read(partial(users.find_by_id, user_id=CHARLIE.id)) is None
    assert await by_name(database, "charlie") is None


@pytest.mark.parametrize("spelling", ["bob", "@bob", "@BoB", "BOB"])
async def test_a_username_is_found_however_it_is_spelt(database: Database, spelling: str) -> None:
    await remember(database, BOB)
    await remember(database, CHARLIE)
    found = await by_name(database, spelling)
    assert found is not None
    assert (found.id, found.name) == (BOB.id, BOB.name)


async def test_a_username_is_that_of_whoever_was_last_seen_with_it(database: Database) -> None:
    """Usernames change hands; letting in whoever had one before would let in the wrong person."""
    await remember(database, BOB)
    await remember(database, Sender(id=CHARLIE.id, name="Charlie", username="Bob"))
    found = await by_name(database, "@bob")
    assert found is not None
    assert found.id == CHARLIE.id
    await remember(database, BOB)
    found = await by_name(database, "@bob")
    assert found is not None
    assert found.id == BOB.id


async def test_an_account_is_read_in_one_statement(database: Database, statements: CountStatements) -> None:
    for number in range(1, 5):
        await database.write(partial(rows.bot, number=number))
    await database.write(partial(rows.persona, name="without a bot"))
    await database.write(partial(rows.bot, number=9, owner=BOB))
    with statements(database) as seen:
        known = await account(database, ALICE.id)
    assert seen.count == 1
    assert known is not None
    assert [(each.persona.name, each.bot.id if each.bot else None) for each in known.owned] == [
        ("Mira 1", 1),
        ("Mira 2", 2),
        ("Mira 3", 3),
        ("Mira 4", 4),
        ("without a bot", None),
    ]
    assert known.find(5) == known.owned[4]
    assert known.find(6) is None
