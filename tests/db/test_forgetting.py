"""Erasing a person: long histories in steps, nobody else's words, and nothing that comes back."""

import asyncio
from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import Connection, select, update

from maskarad.db import errands, forgetting, hearing, history, imports, links, outbox, statistics, turns, users
from maskarad.db.engine import Database
from maskarad.db.tables import chat_bot_instances, chat_contexts, interaction_patterns, message_reactions, purses
from maskarad.db.tables import errands as errands_table
from maskarad.errors import AlreadySeen, ClaimLost
from maskarad.intake.names import Names
from maskarad.memory.analyzer import Analyzer
from maskarad.memory.exports.texts import id_of_name
from maskarad.memory.forgetting import LINES_AT_ONCE, LINES_IN_A_ROW, MOST_NAMES, Forgetting
from maskarad.memory.learning import Learning
from maskarad.memory.personalization import Personalization
from maskarad.memory.stats import Acquaintance, Learned
from maskarad.metrics import Metrics
from maskarad.snapshots import Snapshots
from maskarad.values import (
    Chat,
    ChatType,
    PartDraft,
    PartKind,
    Purpose,
    Sender,
    SentMessage,
    TurnOutcome,
)
from tests.support import rows
from tests.support.bots import a_bot
from tests.support.clock import FakeClock
from tests.support.people import ALICE, BOB, CHARLIE
from tests.support.purses import purses_of, request
from tests.support.rows import NOW, private, said

BOT = a_bot(owner_id=ALICE.id)
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
    return forgetter_of(world, lambda name: Names(name).matches)


def forgetter_of(world: Database, finder: Callable[[str], Callable[[str], bool]]) -> Forgetting:
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
    analyzer = Analyzer(world, clock=clock)
    learning = Learning(world, analyzer, clock=clock)
    personalization = Personalization(world, learning.learn, clock=clock, lifetime=300, meter=metrics.cache("known"))
    return Forgetting(
        world,
        analyzer.forget,
        personalization,
        snapshots.links,
        finder=finder,
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


async def bring(
    database: Database, number: int, user_id: int, name: str, text: str, *, at: float = NOW, link_id: int = 1
) -> None:
    """An import does."""
    row = imports.Row(link_id, number, rows.GROUP.id, user_id, name, False, text, at, None, None, None, None, None)
    await database.write(partial(imports.add, rows=[row]))


async def texts(database: Database) -> dict[int, str]:
    statement = select(chat_contexts.c.message_order, chat_contexts.c.text)
    rows_read = await database.read(lambda connection: connection.execute(statement).all())
    return {row.message_order: row.text for row in rows_read}


async def test_what_somebody_ordered_goes_with_them(world: Database, forgetter: Forgetting) -> None:
    """An import is the bot's owner's, or of somebody whom nothing else is known of."""
    file, gone = errands.in_chat(BOT.id, BOB.id), errands.of_person(BOB.id)
    staying = [errands.in_chat(BOT.id, CHARLIE.id), errands.in_chat(BOT.id + 1, BOB.id)]
    owners = errands.of_person(ALICE.id)

    def order(connection: Connection) -> None:
        users.remember(connection, BOB, language="uk", now=NOW)
        for kind, place in (("file", file), ("picture", file), ("import_look", gone), ("import_store", owners)):
            new = errands.NewErrand(kind=kind, place=place, owner_id=ALICE.id, payload="{}")
            errands.order(connection, new, most=9, now=NOW)
        for place in staying:
            new = errands.NewErrand(kind="file", place=place, owner_id=ALICE.id, payload="{}")
            errands.order(connection, new, most=9, now=NOW)

    await world.write(order)
    await forgetter.forget(BOT, BOB.id)
    assert await places(world) == {*staying, owners}
    await forgetter.forget(BOT, ALICE.id)
    assert await places(world) == set(staying)


async def places(database: Database) -> set[str]:
    return set(await database.read(lambda c: list(c.execute(select(errands_table.c.place)).scalars())))


async def test_others_reactions_to_an_answer_go_with_it(world: Database, forgetter: Forgetting) -> None:
    await say(world, 1, BOB, "where is my umbrella")
    await own(world, 2, "the umbrella is in the hall")
    await say(world, 3, CHARLIE, "and mine")
    await own(world, 4, "yours is lost")

    def react(connection: Connection) -> None:
        row = {"chat_bot_instance_id": 1, "user_id": CHARLIE.id, "emoji": "👍", "value": 1.0, "reacted_at": NOW}
        connection.execute(message_reactions.insert(), [{**row, "message_order": order} for order in (2, 4)])

    await world.write(react)
    await forgetter.forget(BOT, BOB.id)
    orders = select(message_reactions.c.message_order)
    assert await world.read(lambda connection: connection.execute(orders).scalars().all()) == [4]


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


async def test_imported_words_do_not_come_back_with_their_live_twin(world: Database, forgetter: Forgetting) -> None:
    await bring(world, 5, BOB.id, BOB.name, "my secret")
    assert await forgetter.forget(BOT, BOB.id) == 1
    with pytest.raises(AlreadySeen):
        await say(world, 5, BOB, "my secret")
    assert await texts(world) == {5: ""}


async def test_what_an_export_brought_by_name_goes_from_the_person_s_groups(
    world: Database, forgetter: Forgetting
) -> None:
    """Also under a name that the person had before; and no one else's, nor where they are not."""
    elsewhere = Chat(id=-5, type=ChatType.GROUP, title="Attic")
    await world.write(partial(links.find_or_add, bot_id=1, chat=elsewhere, now=NOW))
    await say(world, 1, Sender(id=BOB.id, name="Robert"), "I am here", asks=False)
    await say(world, 2, BOB, "still here", asks=False)
    for number, name in enumerate(("Боб", "Robert", "Taras"), start=10):
        await bring(world, number, id_of_name(name), name, f"{name} long ago", at=OLD)
    await bring(world, 13, id_of_name("Боб"), "Боб", "just now", at=NOW + 10_000)
    await bring(world, 14, id_of_name("Боб"), "Боб", "in another chat", link_id=3)
    person = Acquaintance(name="Боб", messages=2, first_at=OLD, last_at=NOW)
    learned = Learned(people={id_of_name("Боб"): person, id_of_name("Taras"): person})
    await world.write(partial(statistics.learn, link_id=1, learned=learned))
    assert await forgetter.forget(BOT, BOB.id) == 5
    assert await texts(world) == {1: "", 2: "", 12: "Taras long ago", 13: "", 14: "in another chat"}
    people = await world.read(lambda connection: connection.execute(select(interaction_patterns.c.user_id)).scalars())
    assert list(people) == [id_of_name("Taras")]


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


@pytest.mark.parametrize("link_id", [1, 2], ids=["group", "private"])
async def test_a_turn_under_way_opens_no_purse_for_who_is_forgotten(
    world: Database, forgetter: Forgetting, link_id: int
) -> None:
    await say(world, 1, BOB, "hello", link_id=link_id)
    take = partial(turns.claim, link_id=link_id, token="one", lease=60, history_lines=40, now=NOW)
    claimed = await world.write(take)
    assert claimed is not None
    paying = purses_of(world, FakeClock(NOW))
    await paying.reserve(BOT, Purpose.TURN, request(), user_id=BOB.id, claim=claimed.claim)
    await forgetter.forget(BOT, BOB.id)
    with pytest.raises(ClaimLost):
        await paying.reserve(BOT, Purpose.TURN, request(), user_id=BOB.id, claim=claimed.claim)
    holders = await world.read(lambda connection: connection.execute(select(purses.c.scope, purses.c.holder)).all())
    assert sorted(tuple(each) for each in holders) == [("bot", BOT.id), ("owner", ALICE.id)]


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
                bill=None,
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


async def test_what_died_once_the_lines_were_gone_still_erases_what_names_the_person(
    world: Database, forgetter: Forgetting
) -> None:
    await world.write(partial(users.remember, sender=Sender(id=BOB.id, name="Квентін"), language="uk", now=NOW))
    await say(world, 1, BOB, "hello", asks=False)
    await own(world, 8, "Я питав Квентіна про парасольку")
    await own(world, 9, "Ask Боба about the umbrella")
    await own(world, 10, "nothing")
    learned = Learned(people={BOB.id: Acquaintance(name="Боб", messages=1, first_at=NOW, last_at=NOW)})
    await world.write(partial(statistics.learn, link_id=1, learned=learned))
    await world.write(partial(forgetting.begin, bot_id=1, user_id=BOB.id))
    erase = partial(forgetting.erase_in_groups, before=forgetting.NEWEST, most=LINES_AT_ONCE, now=NOW)
    await world.write(partial(erase, bot_id=1, user_id=BOB.id))
    assert await forgetter.forget(BOT, BOB.id) == 0
    assert await texts(world) == {1: "", 10: "nothing"}


async def test_of_many_names_the_longest_are_looked_for_and_others_have_their_turn_meanwhile(world: Database) -> None:
    for number in range(1, MOST_NAMES + 6):
        await say(world, number, Sender(id=BOB.id, name="Quentin" + "n" * number), "hello", asks=False)
    for number in range(100, 100 + LINES_AT_ONCE):
        await own(world, number, "Quentin" + "n" * (number - 99))
    looks, gaps = 0, [0]

    def finder(name: str) -> Callable[[str], bool]:
        def is_named(text: str) -> bool:
            nonlocal looks
            looks += 1
            return text == name

        return is_named

    async def others() -> None:
        while True:
            before = looks
            await asyncio.sleep(0)
            gaps.append(looks - before)

    meanwhile = asyncio.create_task(others())
    await forgetter_of(world, finder).forget(BOT, BOB.id)
    meanwhile.cancel()
    kept = [text for text in (await texts(world)).values() if text]
    assert kept[:6] == ["Quentin" + "n" * number for number in (1, 2, 3, 4, 5, MOST_NAMES + 6)]
    assert len(kept) == LINES_AT_ONCE - MOST_NAMES
    assert max(gaps) <= LINES_IN_A_ROW * MOST_NAMES


async def test_what_others_say_next_is_learned(world: Database, forgetter: Forgetting) -> None:
    learning = Learning(world, Analyzer(world, clock=FakeClock(NOW)), clock=FakeClock(NOW))
    await say(world, 1, BOB, "hello")
    await own(world, 2, "good evening")
    assert await learning.learn(1) == 2
    assert await forgetter.forget(BOT, BOB.id) == 1
    assert await texts(world) == {1: ""}
    await say(world, 3, ALICE, "what a night")
    assert await learning.learn(1) == 1


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
