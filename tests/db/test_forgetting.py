"""Erasing a person: long histories in steps, nobody else's words, and nothing that comes back."""

from functools import partial

import pytest
from sqlalchemy import Connection, select, update

from maskarad.db import forgetting, hearing, history, links, outbox, turns, users
from maskarad.db.engine import Database
from maskarad.db.tables import chat_bot_instances, chat_contexts
from maskarad.errors import AlreadySeen, ClaimLost
from maskarad.intake.names import Names
from maskarad.memory.analyzer import Analyzer
from maskarad.memory.forgetting import LINES_AT_ONCE, Forgetting
from maskarad.memory.personalization import Personalization
from maskarad.metrics import Metrics
from maskarad.snapshots import Snapshots
from maskarad.values import Access, Bot, BotState, PartDraft, PartKind, Sender, SentMessage, TurnOutcome
from tests.support import rows
from tests.support.clock import FakeClock
from tests.support.people import ALICE, BOB, CHARLIE
from tests.support.rows import NOW, private, said

BOT = Bot(
    id=1,
    persona_id=1,
    owner_id=ALICE.id,
    telegram_id=7001,
    username="mira1_bot",
    name="Mira",
    access=Access.PUBLIC,
    enabled=True,
    state=BotState.WORKING,
    sees_all_group_messages=True,
)
OLD = NOW - 10 * history.FORGOTTEN_KEPT


@pytest.fixture
async def world(database: Database) -> Database:
    """A database with one persona, its bot, and two links: 1 is a group, 2 is Bob's private chat."""

    def make(connection: Connection) -> list[int]:
        bot_id = rows.bot(connection)
        return [links.find_or_add(connection, bot_id, chat, now=NOW).id for chat in (rows.GROUP, private(BOB))]

    assert await database.write(make) == [1, 2]
    return database


@pytest.fixture
def forgetter(world: Database) -> Forgetting:
    clock = FakeClock(NOW + 10_000)
    metrics = Metrics()
    snapshots = Snapshots(
        world,
        lambda _language, mood: (mood.key, ""),
        account_lifetime=1,
        persona_lifetime=1,
        link_lifetime=1,
        clock=clock,
        metrics=metrics,
    )
    personalization = Personalization(world, clock=clock, lifetime=300, meter=metrics.cache("known"))
    return Forgetting(
        world,
        Analyzer(world, clock=clock),
        personalization,
        snapshots.links,
        finder=lambda name: Names(name).matches,
        forget_account=snapshots.accounts.drop,
        clock=clock,
    )


async def say(database: Database, number: int, by: Sender, text: str, *, link_id: int = 1, asks: bool = True) -> None:
    message = said(number, text, by=by)
    store = partial(hearing.ask, due_at=NOW) if asks else history.add
    await database.write(lambda connection: store(connection, link_id=link_id, message=message))


async def own(database: Database, number: int, text: str) -> None:
    sent = SentMessage(message_id=number, bot_telegram_id=7001, bot_name="Mira")
    await database.write(partial(history.add_own, link_id=1, chat_id=-1001, message=sent, text=text, now=NOW))


async def texts(database: Database) -> dict[int, str]:
    statement = select(chat_contexts.c.message_order, chat_contexts.c.text)
    rows_read = await database.read(lambda connection: connection.execute(statement).all())
    return {row.message_order: row.text for row in rows_read}


async def test_the_persona_s_answers_go_with_what_they_answer(world: Database, forgetter: Forgetting) -> None:
    await say(world, 1, BOB, "where is my umbrella")
    await say(world, 2, CHARLIE, "rain again", asks=False)
    await own(world, 3, "the umbrella is in the hall")
    await own(world, 4, "take it")
    await say(world, 5, CHARLIE, "and mine")
    await own(world, 6, "yours is lost")
    await say(world, 7, BOB, "just talking", asks=False)
    await own(world, 8, "what a day")
    await own(world, 9, "Бобе, привіт. Ask Боба!")
    assert await forgetter.forget(BOT, BOB.id) == 2
    assert await texts(world) == {1: "", 2: "rain again", 5: "and mine", 6: "yours is lost", 7: "", 8: "what a day"}


async def test_what_telegram_may_bring_again_stays_known_and_old_lines_do_not(
    world: Database, forgetter: Forgetting
) -> None:
    await say(world, 1, BOB, "long ago")
    await world.write(lambda connection: connection.execute(update(chat_contexts).values(timestamp=OLD)))
    await say(world, 2, BOB, "just now")
    await forgetter.forget(BOT, BOB.id)
    assert await texts(world) == {2: ""}
    with pytest.raises(AlreadySeen):
        await say(world, 2, BOB, "just now")


async def test_long_histories_go_to_the_last_line_and_nobody_else_s(world: Database, forgetter: Forgetting) -> None:
    count = 2 * LINES_AT_ONCE + 7

    def fill(connection: Connection) -> None:
        for number in range(count):
            history.add(connection, 1, said(2 * number, "mine", by=BOB))
            history.add(connection, 1, said(2 * number + 1, "theirs", by=CHARLIE))
            history.add(connection, 2, said(number, "hush", by=BOB, chat=private(BOB)))

    await world.write(fill)
    assert await forgetter.forget(BOT, BOB.id) == 2 * count
    left = await texts(world)
    assert sum(text == "theirs" for text in left.values()) == count
    assert set(left.values()) == {"", "theirs"}


async def test_a_group_s_turn_under_way_loses_its_claim_and_is_told_anew(
    world: Database, forgetter: Forgetting
) -> None:
    await say(world, 1, BOB, "where is my umbrella")
    await say(world, 2, CHARLIE, "and mine?")
    take = partial(turns.claim, link_id=1, lease=60, history_lines=40, now=NOW)
    claimed = await world.write(partial(take, token="one"))
    assert claimed is not None
    await forgetter.forget(BOT, BOB.id)
    part = PartDraft(kind=PartKind.TEXT, text="Bob's umbrella")
    with pytest.raises(ClaimLost):
        await world.write(
            partial(
                turns.finish,
                claim=claimed.claim,
                outcome=TurnOutcome(answered=claimed.asked, parts=(part,)),
                usage=None,
            )
        )
    again = await world.write(partial(take, token="two"))
    assert again is not None
    assert [(line.text, line.unread) for line in again.history] == [("and mine?", True)]


async def test_whom_it_answered_last_is_not_remembered(world: Database, forgetter: Forgetting) -> None:
    await say(world, 1, BOB, "hello")
    await say(world, 2, CHARLIE, "hello")
    spoke_to = select(chat_bot_instances.c.spoke_to).where(chat_bot_instances.c.id == 1)
    for person in (CHARLIE, BOB):
        answered = update(chat_bot_instances).where(chat_bot_instances.c.id == 1).values(spoke_to=person.id)
        await world.write(partial(Connection.execute, statement=answered))
        await forgetter.forget(BOT, BOB.id)
        left = await world.read(lambda connection: connection.execute(spoke_to).scalar_one())
        assert left == (person.id if person is CHARLIE else 0)


async def test_what_waits_to_be_sent_in_those_chats_is_dropped(world: Database, forgetter: Forgetting) -> None:
    await say(world, 1, BOB, "hello")
    for link_id in (1, 2):
        part = PartDraft(kind=PartKind.TEXT, text="Bob!")
        await world.write(partial(outbox.put, link_id=link_id, draft=part, now=NOW))
    await forgetter.forget(BOT, BOB.id)
    assert await world.read(partial(outbox.waiting, link_id=1)) == []
    assert await world.read(lambda c: c.execute(select(chat_bot_instances.c.id, chat_bot_instances.c.parts)).all()) == [
        (1, 0)
    ]


async def test_what_the_persona_says_while_it_forgets_is_not_kept(world: Database) -> None:
    await say(world, 1, BOB, "hello")
    reach = await world.write(partial(forgetting.begin, bot_id=1, user_id=BOB.id))
    assert (reach.private_id, reach.group_ids) == (2, (1,))
    await world.write(partial(forgetting.erase_in_groups, bot_id=1, user_id=BOB.id, before=10**6, most=9, now=NOW))
    await own(world, 2, "hello to you")
    finish = partial(forgetting.finish, bot_id=1, persona_id=1, user_id=BOB.id, names=[], since=NOW)
    await world.write(partial(finish, group_ids=reach.group_ids))
    assert await texts(world) == {1: ""}


async def test_twice_is_as_once_and_a_stranger_is_nobody(world: Database, forgetter: Forgetting) -> None:
    await say(world, 1, BOB, "hello")
    assert await forgetter.forget(BOT, BOB.id) == 1
    assert await forgetter.forget(BOT, BOB.id) == 0
    assert await forgetter.forget(BOT, CHARLIE.id) == 0


async def test_who_owns_a_persona_stays_a_user(world: Database, forgetter: Forgetting) -> None:
    await say(world, 1, ALICE, "hello")
    await forgetter.forget(BOT, ALICE.id)
    assert await texts(world) == {1: ""}
    assert await world.read(partial(links.find, bot_id=1, chat_id=rows.GROUP.id)) is not None
    assert await world.read(lambda connection: users.find_by_id(connection, ALICE.id)) is not None
