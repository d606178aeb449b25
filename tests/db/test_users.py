from functools import partial

import pytest

from maskarad.db import hearing, turns, users
from maskarad.db.engine import Database
from maskarad.values import Account, Completion, Sender, TurnOutcome, Usage, User
from tests.support import rows
from tests.support.databases import CountStatements
from tests.support.people import ALICE, BOB, CHARLIE
from tests.support.rows import NOW, said


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


async def test_answers_are_counted_for_their_owner_since_a_moment(database: Database) -> None:
    link_id = await database.write(rows.link)
    for number in range(3):
        usage = Usage(
            owner_id=ALICE.id,
            persona_id=1,
            bot_id=1,
            user_id=BOB.id,
            completion=Completion(text="", model="m", prompt_tokens=1, completion_tokens=1, latency=0.1),
            created_at=NOW + number,
        )
        await database.write(partial(hearing.ask, link_id=link_id, message=said(number), due_at=NOW))
        claimed = await database.write(
            partial(turns.claim, link_id=link_id, token="a", lease=60, history_lines=40, now=NOW)
        )
        assert claimed is not None
        outcome = TurnOutcome(answered=claimed.asked)
        await database.write(partial(turns.finish, claim=claimed.claim, outcome=outcome, usage=usage))
    for since, count in ((NOW, 3), (NOW + 1, 2), (NOW + 2.5, 0)):
        assert await database.read(partial(users.model_calls_since, owner_id=ALICE.id, since=since)) == count
    assert await database.read(partial(users.model_calls_since, owner_id=BOB.id, since=NOW)) == 0
