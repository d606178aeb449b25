"""What people stated, and where it goes when chats do."""

from functools import partial

import pytest
from sqlalchemy import Connection

from maskarad.db import bots, hearing, kept, links, personal, summaries
from maskarad.db.engine import Database
from maskarad.db.tables import FOLD_FROM
from maskarad.memory.people import EVERYWHERE, Known
from maskarad.memory.preferences import Stated, Wish
from maskarad.values import Chat, ChatType
from tests.support import rows
from tests.support.people import BOB, CHARLIE
from tests.support.rows import NOW, private, said

NAMED = Stated(wish=Wish.ADDRESS, value="Bobby")
SHORT = Stated(wish=Wish.LENGTH, value="short")
WORK = Stated(wish=Wish.LEAVE_ALONE, value="work")


@pytest.fixture
async def world(database: Database) -> Database:
    """A database with one persona, its bot, and two links: 1 is a group, 2 is Bob's private chat."""

    def make(connection: Connection) -> list[int]:
        bot_id = rows.bot(connection)
        return [links.find_or_add(connection, bot_id, chat, now=NOW).id for chat in (rows.GROUP, private(BOB))]

    assert await database.write(make) == [1, 2]
    return database


async def state(database: Database, *stated: Stated, link_id: int = 2, user_id: int = BOB.id, at: float = NOW) -> None:
    await database.write(partial(personal.state, persona_id=1, user_id=user_id, stated=stated, link_id=link_id, now=at))


async def wishes(database: Database, user_id: int = BOB.id) -> set[tuple[Wish, int, str]]:
    known = await database.read(partial(personal.known, persona_id=1, user_ids=[user_id]))
    return {(each.wish, each.scope, each.value) for each in known.get(user_id, Known()).preferences}


async def test_free_words_stay_where_they_were_said_and_choices_hold_everywhere(world: Database) -> None:
    await state(world, NAMED, SHORT, WORK)
    await state(world, Stated(wish=Wish.ADDRESS, value="Robert"), link_id=1)
    assert await wishes(world) == {
        (Wish.ADDRESS, 2, "Bobby"),
        (Wish.ADDRESS, 1, "Robert"),
        (Wish.LENGTH, EVERYWHERE, "short"),
        (Wish.LEAVE_ALONE, 2, '["work"]'),
    }
    assert await wishes(world, CHARLIE.id) == set()


async def test_what_is_said_again_takes_the_place_of_the_former(world: Database) -> None:
    await state(world, NAMED, SHORT, WORK)
    long, money = Stated(wish=Wish.LENGTH, value="long"), Stated(wish=Wish.LEAVE_ALONE, value="money")
    await state(world, long, money, WORK)
    assert await wishes(world) == {
        (Wish.ADDRESS, 2, "Bobby"),
        (Wish.LENGTH, EVERYWHERE, "long"),
        (Wish.LEAVE_ALONE, 2, '["money","work"]'),
    }


async def test_a_wish_taken_back_is_gone_and_taken_back_again_changes_nothing(world: Database) -> None:
    await state(world, NAMED, SHORT, WORK)
    gone = [Stated(wish=each.wish, value=each.value, taken_back=True) for each in (NAMED, SHORT, WORK)]
    await state(world, *gone)
    await state(world, *gone)
    assert await wishes(world) == set()


async def test_a_persona_of_another_bot_knows_nothing_of_it(world: Database) -> None:
    await world.write(partial(rows.bot, number=2))
    await state(world, NAMED)
    assert await world.read(partial(personal.known, persona_id=2, user_ids=[BOB.id])) == {}


async def test_a_reset_forgets_what_was_stated_in_that_chat(world: Database) -> None:
    await state(world, NAMED, SHORT)
    await state(world, NAMED, link_id=1)
    await world.write(partial(links.forget, link_id=2, now=NOW))
    assert await wishes(world) == {(Wish.ADDRESS, 1, "Bobby"), (Wish.LENGTH, EVERYWHERE, "short")}


async def test_with_a_bot_go_the_words_said_in_its_chats(world: Database) -> None:
    """The next link may get the same id."""
    await state(world, NAMED, SHORT)
    await world.write(partial(bots.unbind, bot_id=1))
    assert await wishes(world) == {(Wish.LENGTH, EVERYWHERE, "short")}


async def test_who_declines_is_known_by_persona(world: Database) -> None:
    await state(world, Stated(wish=Wish.REACTIONS, value="off"))
    await state(world, Stated(wish=Wish.SPONTANEITY, value="off"), user_id=CHARLIE.id)
    declined = await world.read(partial(personal.declined, persona_id=1))
    assert declined.reactions == {BOB.id}
    assert declined.spontaneity == {CHARLIE.id}


async def test_places_are_those_where_something_is_known_of_the_person(world: Database) -> None:
    other = Chat(id=-5, type=ChatType.GROUP, title="Attic")
    await world.write(partial(links.find_or_add, bot_id=1, chat=other, now=NOW))
    places = partial(kept.places, bot_id=1, persona_id=1, user_id=BOB.id)
    assert [(place.link_id, place.in_private) for place in await world.read(places)] == [(2, True)]
    await world.write(partial(hearing.ask, link_id=1, message=said(1), due_at=NOW))
    assert [(place.link_id, place.title) for place in await world.read(places)] == [(1, "Kitchen"), (2, "")]
    assert await world.read(partial(kept.places, bot_id=1, persona_id=1, user_id=CHARLIE.id)) == []


async def test_a_folding_under_way_does_not_bring_a_deleted_summary_back(world: Database) -> None:
    """It knew what was summed up before. In other links folding goes on."""

    def fill(connection: Connection) -> None:
        for link_id, chat in ((1, rows.GROUP), (2, private(BOB))):
            for number in range(1, FOLD_FROM + 1):
                hearing.keep(connection, link_id, said(number, chat=chat))

    def store(connection: Connection, folding: summaries.Folding) -> bool:
        told = summaries.StoredSummary(text="secret", from_order=1, to_order=40)
        return summaries.store(connection, folding, summaries.Folded(to_order=40, is_all=True, summary=told), now=NOW)

    await world.write(fill)
    claimed = [await world.write(partial(summaries.claim, link_id=each, now=NOW, lease=150)) for each in (1, 2)]
    await world.write(partial(personal.forget_summary, bot_id=1, user_id=BOB.id))
    stored = [await world.write(partial(store, folding=each)) for each in claimed if each is not None]
    assert stored == [True, False]
    assert await world.read(partial(kept.summaries, link_id=2)) == []
